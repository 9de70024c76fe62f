// Does Pillion say the version that it is released under?

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { VERSION } from '../../src/base/version.ts'

const root = join(import.meta.dirname, '..', '..')

test('the version written out in the code is that of package.json', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string }

  assert.equal(VERSION, version)
})

test('the changelog has a section for this version', () => {
  const changelog = readFileSync(join(root, 'CHANGELOG.md'), 'utf8')

  assert.ok(changelog.split('\n').some(line => line.startsWith(`## ${VERSION}`)))
})
