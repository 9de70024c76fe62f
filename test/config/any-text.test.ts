// Does any text at all come back as settings or problems, never as an exception?
//
// For all: random text, random YAML made of the schema's own words, and hostile shapes.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { stringify } from 'yaml'
import { redacted } from '../../src/config/effective.ts'
import { loadConfiguration } from '../../src/config/load.ts'
import { formatProblem, isError } from '../../src/config/problems.ts'

const reference = readFileSync(join(import.meta.dirname, '..', '..', 'config', 'reference.yaml'), 'utf8')

function assertAnswered(text: string): void {
  const { settings, problems, source } = loadConfiguration({ text, environment: { A: 'a' } })
  assert.equal(settings === undefined, problems.some(isError))
  if (settings !== undefined) redacted(settings)
  const lines = source.text.split(/\r\n|\n|\r/).length
  for (const problem of problems.slice(0, 50)) {
    assert.ok(problem.line !== undefined && problem.column !== undefined && problem.column >= 1)
    assert.ok(problem.line >= 1 && problem.line <= lines, `line ${problem.line} of ${lines}`)
    formatProblem(problem, source.text, 'f')
  }
}

const WORDS = (
  'upstream url routes match ttl defaults share user identity header cookie query only statuses 404 when tags client ' +
  'fallback status store memory credentials expect trustedProxies admin token constructor toString __proto__ a'
).split(' ')
const word = fc.constantFrom(...WORDS, '')
const value = fc.oneof(
  fc.constantFrom('5m', '60', '64MiB', '10%', 'on', 'off', 'auto', '/a', 'private', `\${A}`, `\${B}`, `\${`, '-', '~'),
  fc.constantFrom<unknown>(null, true, false, 0, -1, 1.5, 404, Number.NaN, Number.POSITIVE_INFINITY, 1e21),
  fc.string({ maxLength: 8 }),
)
const { tree } = fc.letrec<{ tree: unknown }>(tie => ({
  tree: fc.oneof(
    { maxDepth: 6, depthSize: 'large' },
    value,
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(word, tie('tree'), { maxKeys: 5 }),
  ),
}))

describe('any text is answered', () => {
  test('random characters', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), assertAnswered), { numRuns: 500 })
  })

  test('random signs that mean something to YAML', () => {
    const sign = fc.constantFrom(
      ...'{}[]:,-?&*!|>\'"%@`#~\n\t\r $a1'.split(''),
      '- ',
      ': ',
      '\n  ',
      `\${`,
      '<<: ',
      '---\n',
      '...\n',
    )
    fc.assert(
      fc.property(
        fc.array(sign, { maxLength: 60 }).map(signs => signs.join('')),
        assertAnswered,
      ),
      { numRuns: 1500 },
    )
  })

  test("YAML made of the schema's own words", () => {
    fc.assert(
      fc.property(
        tree.map(content => stringify(content)),
        assertAnswered,
      ),
      { numRuns: 1500 },
    )
  })

  test('the reference file with a piece cut out or put in', () => {
    const edit = fc.record({ at: fc.nat(reference.length), length: fc.nat(40), insert: fc.string({ maxLength: 6 }) })
    const edited = edit.map(({ at, length, insert }) => reference.slice(0, at) + insert + reference.slice(at + length))
    fc.assert(fc.property(edited, assertAnswered), { numRuns: 150 })
  })

  test('depth, floods of aliases and very long lines', () => {
    const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
    for (let at = 1; at < 12; at++)
      bomb.push(
        `a${at}: &a${at} [${Array(10)
          .fill(`*a${at - 1}`)
          .join(', ')}]`,
      )
    const hostile = [
      '['.repeat(50_000),
      '{"a":'.repeat(20_000),
      '- '.repeat(20_000),
      bomb.join('\n'),
      'x'.repeat(1e6),
      `a: ${'${'.repeat(20_000)}`,
    ]
    for (const text of hostile) assertAnswered(text)
  })
})
