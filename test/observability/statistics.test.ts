// Do the rolling statistics add up, forget in time, and put percentiles where they belong?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Telemetry } from '../../src/base/events.ts'
import { milliseconds } from '../../src/base/units.ts'
import { LATENCY_BUCKETS, latencyBucket, percentile } from '../../src/observability/latency-histogram.ts'
import { createTelemetry } from '../../src/observability/telemetry.ts'
import { createTrafficStatistics } from '../../src/observability/traffic-statistics.ts'
import { addTally, emptyTally, summarise, tallyRequest } from '../../src/observability/traffic-tally.ts'
import { aClock, anUpstreamEvent, aRequestEvent } from './events.ts'

function start() {
  const clock = aClock()
  const statistics = createTrafficStatistics(clock)
  statistics.useRoutes(['patients', 'assets'])
  return { clock, statistics }
}

describe('the hit rate', () => {
  test('is hits and stale answers over all requests that count', () => {
    const { statistics } = start()

    for (const outcome of ['hit', 'hit', 'stale', 'miss', 'collapsed'] as const)
      statistics.emit(aRequestEvent({ outcome }))
    statistics.emit(aRequestEvent({ outcome: 'bypass', method: 'POST', counted: false }))

    const { minute } = statistics.report().total
    assert.equal(minute.hitRate, 3 / 5)
    assert.equal(minute.avoidedRate, 4 / 5)
    assert.equal(minute.requests, 6)
  })

  test('of no traffic is unknown, not zero', () => {
    assert.equal(start().statistics.report().total.minute.hitRate, null)
  })
})

describe('windows', () => {
  test('the last minute forgets after sixty seconds, the hour later', () => {
    const { clock, statistics } = start()
    statistics.emit(aRequestEvent())

    const requests = [59_000, 1000, 3_539_000, 1000].map(wait => {
      clock.advance(wait)
      const { minute, hour } = statistics.report().total
      return [minute.requests, hour.requests]
    })

    assert.deepEqual(requests, [
      [1, 1],
      [0, 1],
      [0, 1],
      [0, 0],
    ])
  })

  test('a curve has every slot, the newest last', () => {
    const { clock, statistics } = start()
    statistics.emit(aRequestEvent())
    clock.advance(10_000)

    const { seconds, minutes } = statistics.report()

    assert.equal(seconds.points.length, 300)
    assert.deepEqual(
      seconds.points.slice(-12).map(point => point.requests),
      [0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0],
    )
    assert.equal(minutes.points.at(-1)?.requests, 1)
  })

  test('each route has its own, and a forgotten route counts under default', () => {
    const { statistics } = start()
    statistics.emit(aRequestEvent())
    statistics.emit(anUpstreamEvent({ route: 'assets', duration: 80 }))
    statistics.useRoutes(['assets'])
    statistics.emit(aRequestEvent())

    const routes = Object.fromEntries(statistics.report().routes.map(({ route, hour }) => [route, hour]))

    assert.deepEqual(Object.keys(routes), ['assets', 'default'])
    assert.equal(routes['assets']?.originMs, 80)
    assert.equal(routes['default']?.requests, 1)
  })
})

describe('latencies', () => {
  test('answers from the cache and others are kept apart', () => {
    const { statistics } = start()
    statistics.emit(aRequestEvent({ outcome: 'hit', duration: 1 }))
    statistics.emit(aRequestEvent({ outcome: 'miss', duration: 500 }))

    const { cached, uncached } = statistics.report().total.minute

    assert.ok((cached.p99 ?? 99) <= 1.2)
    assert.ok((uncached.p50 ?? 0) >= 400)
  })

  test('a bypass counts up to the head, so that an event stream of hours does not', () => {
    const { statistics } = start()
    statistics.emit(aRequestEvent({ outcome: 'bypass', duration: 3_600_000, upstream: 20 }))
    assert.ok((statistics.report().total.minute.uncached.p99 ?? Infinity) < 30)
  })

  test('a percentile is within a fifth of the true one, whatever the durations', () => {
    const durations = fc.array(fc.double({ min: 0.06, max: 90_000, noNaN: true }), { minLength: 1, maxLength: 300 })
    fc.assert(
      fc.property(durations, fc.constantFrom(0.5, 0.95, 0.99), (values, share) => {
        const counts = new Uint32Array(LATENCY_BUCKETS)
        for (const value of values) {
          const bucket = latencyBucket(milliseconds(value))
          counts[bucket] = (counts[bucket] as number) + 1
        }
        const sorted = values.toSorted((a, b) => a - b)
        const exact = sorted[Math.ceil(share * values.length) - 1] as number
        const reckoned = percentile(counts, share) as number
        assert.ok(reckoned > exact / 1.2 && reckoned < exact * 1.2, `${reckoned} for ${exact}`)
      }),
    )
  })
})

describe('merging', () => {
  test('two workers added are one that saw it all', () => {
    const events = [
      aRequestEvent({ outcome: 'hit', saved: 100 }),
      aRequestEvent({ status: 502 }),
      aRequestEvent({ duration: 700 }),
    ]
    const [first, second, whole] = [emptyTally(), emptyTally(), emptyTally()]
    events.forEach((event, at) => {
      tallyRequest(at === 0 ? first : second, event)
      tallyRequest(whole, event)
    })

    addTally(first, second)

    assert.deepEqual(summarise(first), summarise(whole))
  })
})

describe('telemetry', () => {
  test('a consumer that throws stops neither the caller nor the others, and is reported once', () => {
    const heard: string[] = []
    const broken: Telemetry = {
      emit() {
        throw new Error('bug')
      },
    }
    const telemetry = createTelemetry([broken, { emit: event => heard.push(event.kind) }])

    telemetry.emit(aRequestEvent())
    telemetry.emit(aRequestEvent())

    assert.deepEqual(heard, ['notice', 'request', 'request'])
  })
})
