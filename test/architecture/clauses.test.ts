// Does docs/rfc9111.md name functions and tests that exist?
//
// A link whose text is code names something that its file declares at the top level; a
// link into test/ names a test by its title, exactly as written there. Every row has at
// least one of each, so that no clause is claimed without code and none without a test.

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'

const DOCS = join(import.meta.dirname, '..', '..', 'docs')
const LINK = /\[(`?)((?:(?!\]\().)+?)\1\]\(([^)\s]+)\)/g

interface Link {
  readonly code: boolean
  readonly text: string
  readonly file: string
}

function linksOf(line: string): Link[] {
  return [...line.matchAll(LINK)].map(([, mark, text, file]) => ({
    code: mark === '`',
    text: text as string,
    file: join(DOCS, file as string),
  }))
}

const rows = readFileSync(join(DOCS, 'rfc9111.md'), 'utf8')
  .split('\n')
  .filter(line => /^\| [^-]/.test(line) && !line.startsWith('| clause '))
const links = rows.flatMap(linksOf)

function declares({ text, file }: Link): boolean {
  const source = existsSync(file) ? readFileSync(file, 'utf8') : ''
  return new RegExp(`^(?:export )?(?:async )?(?:function|class|const) ${text}\\b`, 'm').test(source)
}

function hasTest({ text, file }: Link): boolean {
  const source = existsSync(file) ? readFileSync(file, 'utf8') : ''
  return ["'", '"', '`'].some(quote => source.includes(`${quote}${text}${quote}`))
}

describe('docs/rfc9111.md', () => {
  test('every function it names is declared where it says', () => {
    const missing = links.filter(link => link.code && !declares(link))
    assert.deepEqual(missing, [])
  })

  test('every test it names exists', () => {
    const missing = links.filter(link => link.file.endsWith('.test.ts') && !hasTest(link))
    assert.deepEqual(missing, [])
  })

  test('every decision it links exists', () => {
    const missing = links.filter(({ file }) => file.includes('decisions') && !existsSync(file))
    assert.deepEqual(missing, [])
  })

  test('no clause is without code, none without a test', () => {
    const bare = rows.filter(row => {
      const own = linksOf(row)
      return !own.some(({ code }) => code) || !own.some(({ file }) => file.endsWith('.test.ts'))
    })
    assert.ok(rows.length > 40, `only ${rows.length} rows`)
    assert.deepEqual(bare, [])
  })
})
