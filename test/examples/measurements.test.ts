// Are the demo's figures computed right?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createHabits } from '../../examples/clinic-api/habits.ts'
import { Measurements, Samples, type Seen, seenIn } from '../../examples/clinic-api/measurements.ts'
import { formatTargets, judge } from '../../examples/clinic-api/targets.ts'

function samplesOf(values: Iterable<number>, capacity?: number): Samples {
  const samples = new Samples(capacity)
  for (const value of values) samples.add(value)
  return samples
}

describe('percentiles by nearest rank', () => {
  test('of 1 to 100 the n-th percentile is n', () => {
    const samples = samplesOf(Array.from({ length: 100 }, (_, at) => 100 - at))
    assert.deepEqual(
      [0.01, 0.5, 0.95, 0.99, 1].map(share => samples.percentile(share)),
      [1, 50, 95, 99, 100],
    )
  })

  test('one sample is every percentile, and none has none', () => {
    assert.equal(samplesOf([7]).percentile(0.5), 7)
    assert.equal(samplesOf([7]).percentile(0.99), 7)
    assert.equal(samplesOf([]).percentile(0.5), undefined)
  })

  test('values are compared as numbers', () => {
    assert.equal(samplesOf([9, 10, 100]).percentile(0.5), 10)
  })

  test('of more than fit the newest count', () => {
    const samples = samplesOf([1000, 1000, 1, 2, 3], 3)
    assert.equal(samples.percentile(1), 3)
    assert.equal(samples.count, 5)
  })
})

describe('what a Cache-Status field says (RFC 9211)', () => {
  const fields: readonly [string | undefined, Seen][] = [
    ['pillion; hit; ttl=30', 'hit'],
    ['pillion; hit; ttl=-3', 'stale'],
    ['pillion; fwd=uri-miss; fwd-status=200; stored', 'miss'],
    ['pillion; fwd=uri-miss; collapsed', 'collapsed'],
    ['pillion; fwd=stale; fwd-status=304', 'revalidated'],
    ['pillion; fwd=stale; detail=stale-if-error', 'rescued'],
    ['pillion; fwd=stale; fwd-status=200; stored', 'miss'],
    ['pillion; fwd=bypass', 'passed'],
    ['origin-cache; hit, pillion; fwd=uri-miss', 'miss'],
    ['pillion; hit; ttl=5, edge; fwd=uri-miss', 'hit'],
    ['elsewhere; hit', 'miss'],
    [undefined, 'miss'],
  ]
  for (const [field, seen] of fields) test(`${field} is ${seen}`, () => assert.equal(seenIn(field), seen))
})

describe('what the staff experienced', () => {
  const route = 'GET /api/v1/clinic'

  test('the hit rate is about reads alone, failures included', () => {
    const measurements = new Measurements()
    for (const seen of ['hit', 'stale', 'miss', 'failed', 'passed', 'passed'] as const)
      measurements.record({ route, seen, milliseconds: 1 })
    assert.equal(measurements.hitRate, 0.5)
    assert.equal(measurements.requests, 6)
    assert.equal(measurements.failed, 1)
  })

  test('who waited for the API counts among the slow, even where the answer was shared', () => {
    const measurements = new Measurements()
    measurements.record({ route, seen: 'hit', milliseconds: 1 })
    for (const seen of ['miss', 'collapsed', 'rescued'] as const)
      measurements.record({ route, seen, milliseconds: 200 })
    assert.equal(measurements.cached.percentile(1), 1)
    assert.equal(measurements.uncached.percentile(0.01), 200)
  })

  test("expected queries are each route's requests at its mean cost", () => {
    const measurements = new Measurements()
    for (let count = 0; count < 10; count += 1) measurements.record({ route, seen: 'hit', milliseconds: 1 })
    measurements.record({ route: 'GET /static/**', seen: 'hit', milliseconds: 1 })
    assert.equal(measurements.expectedQueries({ [route]: { requests: 2, queries: 22 } }), 110)
  })
})

describe('the targets', () => {
  test('none is met without a sample', () => {
    const targets = judge(new Measurements(), { expected: 0, actual: 0 })
    assert.deepEqual(
      targets.filter(({ isMet }) => isMet),
      [],
    )
  })

  test('all are met by a good day, and a write not seen is told', () => {
    const measurements = new Measurements()
    for (let count = 0; count < 9; count += 1) measurements.record({ route: 'GET /a', seen: 'hit', milliseconds: 2 })
    measurements.record({ route: 'GET /a', seen: 'miss', milliseconds: 300 })
    measurements.poolUse.add(0.2)
    measurements.recordOwnWrite(true)
    assert.ok(judge(measurements, { expected: 100, actual: 20 }).every(({ isMet }) => isMet))

    measurements.recordOwnWrite(false)
    assert.match(formatTargets(judge(measurements, { expected: 100, actual: 20 })), /next read +all +1 of 2 +missed/)
  })
})

describe('habits', () => {
  test('two people of the same name and number do the same, and keep to their own clinic', () => {
    const draw = () => {
      const habits = createHabits(4, 'hill')
      return Array.from({ length: 200 }, () => [habits.next(), habits.patient()] as const)
    }
    assert.deepEqual(draw(), draw())
    assert.ok(draw().every(([, patient]) => patient % 3 === 0))
  })
})
