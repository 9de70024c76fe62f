// Does docs/faults.md say what the catalogue says?
//
// Code, side, status and retry are taken from FAULTS. The meaning is prose of the page's
// own, so that it can say more than a title; here it only has to be there.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { FAULTS, type FaultKind } from '../../src/base/fault.ts'

const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'faults.md'), 'utf8')
const rows = page
  .split('\n')
  .filter(line => /^\| `[A-Z_]+`/.test(line))
  .map(line =>
    line
      .split('|')
      .slice(1, -1)
      .map(cell => cell.trim()),
  )

describe('docs/faults.md', () => {
  test('lists every fault as the catalogue defines it, in its order, and no other', () => {
    const expected = Object.entries<FaultKind>(FAULTS).map(([code, { side, status, retry, proxyError }]) => [
      `\`${code}\``,
      side,
      status === undefined ? 'none' : String(status),
      retry,
      proxyError === undefined ? '' : `\`${proxyError}\``,
    ])

    assert.deepEqual(
      rows.map(cells => cells.slice(0, 5)),
      expected,
    )
  })

  test('says what each fault means', () => {
    const silent = rows.filter(cells => cells.length !== 6 || !/\S.*\.$/.test(cells[5] ?? '')).map(([code]) => code)

    assert.deepEqual(silent, [])
  })
})
