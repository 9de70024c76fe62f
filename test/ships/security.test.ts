// Are the tests there that SECURITY.md says hold each defence?

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'

const ROOT = join(import.meta.dirname, '..', '..')

describe('the threat model in SECURITY.md', () => {
  test('names at least one test for each defence, and all of them exist', () => {
    const page = readFileSync(join(ROOT, 'SECURITY.md'), 'utf8')
    const [, table = ''] = /## The threat model\n([\s\S]*?)\n## /.exec(page) ?? []
    const rows = table
      .split('\n')
      .filter(line => line.startsWith('| '))
      .slice(2)
    assert.ok(rows.length >= 12)
    for (const row of rows) {
      const named = [...row.matchAll(/\]\((test\/[^)]+\.test\.ts)\)/g)].map(([, path]) => path as string)
      assert.ok(named.length > 0, row)
      for (const path of named) assert.ok(existsSync(join(ROOT, path)), `${path} does not exist`)
    }
  })
})
