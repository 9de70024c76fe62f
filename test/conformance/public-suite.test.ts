// Does `serve` still pass what it passed of the public HTTP cache suite?
//
// In the form of the npm package. Every test that is not passed stands in
// expectations.json with a reason; one more or one fewer fails here. The figures for the
// newest form of the suite are in docs/conformance.md.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { before, describe, test } from 'node:test'
import { type Judgement, judge, type SuiteTest } from './judge.ts'
import { NPM_SUITE, runSuite } from './run-suite.ts'

interface Expectation {
  readonly reason: string
  readonly tests: readonly string[]
}

const expectations = JSON.parse(
  readFileSync(new URL('expectations.json', import.meta.url), 'utf8'),
) as readonly Expectation[]
const expected = expectations.flatMap(({ tests }) => tests)

describe('the public HTTP cache suite against serve', () => {
  let judgements: readonly Judgement[] = []
  before(async () => {
    judgements = await runSuite(NPM_SUITE)
  })

  test('every test that is not passed is expected, with a reason', () => {
    const surprises = judgements.filter(({ id, outcome }) => outcome !== 'passed' && !expected.includes(id))
    assert.deepEqual(surprises, [])
  })

  test('every test that is expected not to pass exists and does not pass', () => {
    const notPassed = new Set(judgements.filter(({ outcome }) => outcome !== 'passed').map(({ id }) => id))
    assert.deepEqual(
      expected.filter(id => !notPassed.has(id)),
      [],
    )
  })

  test('all of the suite was run', () => {
    assert.deepEqual(
      judgements.filter(({ outcome }) => outcome === 'not run'),
      [],
    )
    assert.ok(judgements.length > 300, `only ${judgements.length} tests`)
  })
})

describe('the expectations', () => {
  test('no test is expected twice, none without a reason', () => {
    assert.equal(new Set(expected).size, expected.length)
    assert.ok(expectations.every(({ reason }) => reason !== ''))
  })
})

describe('judging the suite', () => {
  const aTest = (id: string, depends: string[] = []): SuiteTest => ({ id, name: id, depends_on: depends })
  const outcomes = (tests: SuiteTest[], answers: Parameters<typeof judge>[1]): string[] =>
    judge(tests, answers).map(({ outcome }) => outcome)

  test('a pass counts only if all that it depends on passed, however far back', () => {
    const tests = [aTest('first'), aTest('second', ['first']), aTest('third', ['second'])]
    const answers = { first: ['Assertion', 'no'], second: true, third: true } as const
    assert.deepEqual(outcomes(tests, answers), ['failed', 'dependency', 'dependency'])
  })

  test('a failed set-up, an unknown dependency and a missing answer are no passes', () => {
    const tests = [aTest('set-up'), aTest('lost', ['nowhere']), aTest('silent')]
    assert.deepEqual(outcomes(tests, { 'set-up': ['Setup', 'retry'], lost: true }), ['setup', 'dependency', 'not run'])
  })

  test("a browser's own tests are left out", () => {
    assert.deepEqual(outcomes([{ ...aTest('browser'), browser_only: true }], {}), [])
  })
})
