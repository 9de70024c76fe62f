// Are the snippets in the documents true?
//
// Every YAML block marked `pillion` is held to what `pillion check` holds a file to, and
// every relative link must lead somewhere.

import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { isError } from '../../src/config/problems.ts'
import { prepare } from '../../src/insight/prepare.ts'
import { createIdentitySecret } from '../../src/routing/identity.ts'

const root = dirname(dirname(import.meta.dirname))
const documents = globSync(['*.md', 'docs/**/*.md', 'examples/**/*.md', 'k8s/**/*.md'], { cwd: root }).toSorted()
const read = (path: string) => readFileSync(join(root, path), 'utf8')

describe('configurations in the documents', () => {
  for (const document of documents) {
    const snippets = [...read(document).matchAll(/^```yaml pillion\n(.*?)^```$/gms)].map(([, text = '']) => text)
    for (const [index, text] of snippets.entries()) {
      test(`${document}, number ${index + 1}, is valid`, () => {
        const environment = { UPSTREAM: 'http://127.0.0.1:8000' }
        const { problems } = prepare({ file: document, text, environment }, createIdentitySecret())
        assert.deepEqual(problems.filter(isError), [])
      })
    }
  }
})

describe('links in the documents', () => {
  for (const document of documents) {
    test(`${document} leads nowhere that is not there`, () => {
      const links = [...read(document).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map(([, link = '']) => link)
      const broken = links.filter(link => !existsSync(join(root, dirname(document), decodeURIComponent(link))))
      assert.deepEqual(broken, [])
    })
  }
})
