// Does the breaker open, probe and close when it should, neither earlier nor later?

import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import type { TelemetryEvent } from '../../src/base/events.ts'
import { epochMs, milliseconds } from '../../src/base/units.ts'
import { Breaker } from '../../src/upstream/breaker.ts'

describe('the breaker', () => {
  let now = 0
  let events: TelemetryEvent[] = []
  let breaker: Breaker
  const clock = { now: () => epochMs(now), monotonic: () => milliseconds(now) }

  beforeEach(() => {
    now = 1_000
    events = []
    const telemetry = { emit: (event: TelemetryEvent) => void events.push(event) }
    breaker = new Breaker({ failures: 3, open: milliseconds(10_000) }, clock, telemetry)
  })

  const fail = (times: number): void => {
    for (let count = 0; count < times; count += 1) breaker.failed('ordinary')
  }
  const notices = () => events.map(event => (event.kind === 'notice' ? event.message : event.kind))

  test('one failure fewer leaves it closed, that many open it, one more changes nothing', () => {
    fail(2)
    assert.deepEqual([breaker.state, breaker.admit()], ['closed', 'ordinary'])
    fail(1)
    assert.deepEqual([breaker.state, breaker.admit()], ['open', undefined])
    now += 5_000
    fail(1)
    assert.equal(breaker.remaining, 5_000)
    assert.deepEqual(notices(), ['upstream breaker open'])
  })

  test('an answer in between starts the count again', () => {
    fail(2)
    breaker.answered('ordinary')
    fail(2)
    assert.equal(breaker.state, 'closed')
    assert.deepEqual(notices(), [])
  })

  test('what was abandoned counts neither way', () => {
    fail(2)
    breaker.abandoned('ordinary')
    assert.equal(breaker.state, 'closed')
    fail(1)
    assert.equal(breaker.state, 'open')
  })

  test('before its time is up nobody passes, at it and after it one probe does', () => {
    for (const [waited, pass] of [
      [9_999, undefined],
      [10_000, 'probe'],
      [10_001, 'probe'],
    ] as const) {
      now = 1_000
      breaker.answered('ordinary')
      fail(3)
      now += waited
      assert.equal(breaker.refuses, pass === undefined)
      assert.equal(breaker.admit(), pass)
      if (pass !== undefined) assert.deepEqual([breaker.admit(), breaker.refuses], [undefined, true])
    }
  })

  test("the probe's answer closes it, and says so", () => {
    fail(3)
    now += 10_000
    assert.equal(breaker.admit(), 'probe')
    breaker.answered('probe')
    assert.deepEqual([breaker.state, breaker.admit(), breaker.remaining], ['closed', 'ordinary', 0])
    assert.deepEqual(notices(), ['upstream breaker open', 'upstream breaker half-open', 'upstream breaker closed'])
    fail(2)
    assert.equal(breaker.state, 'closed')
  })

  test("the probe's failure opens it for the whole time again", () => {
    fail(3)
    now += 10_000
    breaker.admit()
    breaker.failed('probe')
    assert.deepEqual([breaker.state, breaker.remaining], ['open', 10_000])
    now += 9_999
    assert.equal(breaker.admit(), undefined)
    now += 1
    assert.equal(breaker.admit(), 'probe')
  })

  test('after an abandoned probe the next request is the probe', () => {
    fail(3)
    now += 10_000
    breaker.admit()
    breaker.abandoned('probe')
    assert.deepEqual([breaker.state, breaker.refuses], ['half-open', false])
    assert.deepEqual([breaker.admit(), breaker.admit()], ['probe', undefined])
  })

  test('a failure that began before changes nothing while half-open; an answer that did closes it', () => {
    fail(3)
    now += 10_000
    breaker.admit()
    breaker.failed('ordinary')
    assert.equal(breaker.state, 'half-open')
    breaker.answered('ordinary')
    assert.equal(breaker.state, 'closed')
    breaker.failed('probe')
    assert.equal(breaker.state, 'closed')
  })
})
