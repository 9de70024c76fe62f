// Does everybody on board hear exactly one result, and is the origin let go when nobody is left?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Fault } from '../../src/base/fault.ts'
import { bytes } from '../../src/base/units.ts'
import { BufferBudget } from '../../src/cache/buffer-budget.ts'
import { awaitHead, Collapser, LEADER_DEADLINE } from '../../src/cache/collapse.ts'
import { Flight, type FlightPlan, type HeadVerdict } from '../../src/cache/flight.ts'
import type { ForwardRequest, Upstream } from '../../src/upstream/upstream.ts'
import { aKey, aStoredResponse, HeldClock } from '../store/stored-responses.ts'
import { PlayedUpstream, RecordingSink } from './surroundings.ts'

const REQUEST: ForwardRequest = { method: 'GET', target: '/', fields: [], body: null, pool: 'ordinary', route: 'test' }
const RESET = new Fault('UPSTREAM_RESET', 'the test broke it')
const HELD: HeadVerdict = { keep: true, hold: true }
const STREAMED: HeadVerdict = { keep: true, hold: false }
const PASSED: HeadVerdict = { keep: false, shared: false }

/** A flight under way with one rider, whose head is judged as `verdict`. */
function aFlight(verdict: HeadVerdict, { maxBody = 1_000_000, limit = 1_000_000 } = {}) {
  const said: string[] = []
  const plan: FlightPlan = {
    onHead: () => verdict,
    onWhole: (_head, _times, body) => {
      said.push(`whole ${body.length}`)
      return { response: aStoredResponse({ body }), kept: true }
    },
    onGivenUp: reason => void said.push(`given up ${reason}`),
    onLanded: () => void said.push('landed'),
  }
  const budget = new BufferBudget(bytes(limit))
  const flight = new Flight(plan, {
    clock: new HeldClock(),
    limits: { budget, maxBacklog: bytes(1_000_000) },
    maxBody,
    nominating: [],
  })
  const upstream = new PlayedUpstream()
  flight.board()
  flight.depart(upstream as unknown as Upstream, REQUEST)
  return { flight, upstream, origin: upstream.handler, said, budget }
}

describe('a flight that is held', () => {
  test('tells nobody before it is whole, and then gives all memory back', async () => {
    const { flight, origin, said, budget } = aFlight(HELD)
    let told = false
    void flight.result.then(() => (told = true))
    origin.onHead(200, ['Content-Length', '4'])
    origin.onBody(Buffer.from('abcd'))
    await Promise.resolve()
    assert.equal(told, false)

    origin.onComplete([])
    const result = await flight.result
    assert.ok(result.kind === 'whole' && result.kept)
    assert.equal(result.response.body.toString(), 'abcd')
    flight.leave()
    assert.deepEqual(said, ['whole 4', 'landed'])
    assert.equal(budget.taken, 0)
  })

  test('that breaks is a fault for its riders, and nothing is committed', async () => {
    const { flight, origin, said, budget } = aFlight(HELD)
    origin.onHead(200, ['Content-Length', '4'])
    origin.onBody(Buffer.from('ab'))
    origin.onFault(RESET)
    assert.deepEqual(await flight.result, { kind: 'fault', fault: RESET })
    assert.deepEqual(said, ['landed'])
    assert.equal(budget.taken, 0)
  })

  test('that grows too large streams on instead, from its first octet', async () => {
    const { flight, origin, said } = aFlight(HELD, { maxBody: 3 })
    origin.onHead(200, [])
    origin.onBody(Buffer.from('ab'))
    origin.onBody(Buffer.from('cd'))
    const result = await flight.result
    assert.deepEqual([result.kind, flight.boarding], ['streaming', false])
    const sink = new RecordingSink()
    flight.ride(sink)
    origin.onComplete([])
    assert.deepEqual([sink.text, sink.ended], ['abcd', true])
    assert.deepEqual(said, ['given up body-too-large', 'landed'])
  })
})

describe('a flight that streams', () => {
  test('is boarded until it lands, and late riders miss nothing', async () => {
    const { flight, origin, said } = aFlight(STREAMED)
    origin.onHead(200, [])
    assert.equal((await flight.result).kind, 'streaming')
    const [first, second] = [new RecordingSink(), new RecordingSink()]
    flight.ride(first)
    origin.onBody(Buffer.from('ab'))
    assert.ok(flight.boarding)
    flight.board()
    flight.ride(second)
    origin.onBody(Buffer.from('cd'))
    origin.onComplete([])
    assert.deepEqual([first.text, second.text], ['abcd', 'abcd'])
    assert.deepEqual(said, ['whole 4', 'landed'])
    assert.equal(flight.boarding, false)
  })

  test('that breaks aborts every reader, and nothing is committed', () => {
    const { flight, origin, said } = aFlight(STREAMED)
    origin.onHead(200, [])
    const sink = new RecordingSink()
    flight.ride(sink)
    origin.onBody(Buffer.from('ab'))
    origin.onFault(RESET)
    assert.deepEqual([sink.aborted, sink.ended, said], [true, false, ['landed']])
  })

  test('stops keeping when the buffers are full, and goes on for its readers', () => {
    const { flight, origin, said } = aFlight(STREAMED, { limit: 3 })
    origin.onHead(200, [])
    const sink = new RecordingSink()
    sink.room = false
    flight.ride(sink)
    origin.onBody(Buffer.from('ab'))
    origin.onBody(Buffer.from('cd'))
    sink.drain()
    origin.onComplete([])
    assert.deepEqual([sink.text, said], ['abcd', ['given up buffers-full', 'landed']])
  })
})

describe('a flight that nobody may share', () => {
  test('takes no more riders once its head is here', async () => {
    const { flight, origin } = aFlight(PASSED)
    assert.deepEqual([flight.boarding, flight.shared], [true, undefined])
    origin.onHead(200, [])
    await flight.result
    assert.deepEqual([flight.boarding, flight.shared], [false, false])
  })

  test('a server error is shared where the plan says so', () => {
    const { flight, origin } = aFlight({ keep: false, shared: true })
    origin.onHead(503, [])
    assert.equal(flight.shared, true)
  })
})

describe('giving up', () => {
  test('the origin is let go when the last rider leaves before the head, not sooner', async () => {
    const { flight, upstream } = aFlight(HELD)
    flight.board()
    flight.leave()
    assert.equal(upstream.aborts, 0)
    flight.leave()
    assert.equal(upstream.aborts, 1)
    const result = await flight.result
    assert.ok(result.kind === 'fault' && result.fault.code === 'CLIENT_GONE')
  })

  test('the last reader to go lets it go, too, unless it is nearly stored', () => {
    for (const [length, aborts] of [
      ['10000000', 1],
      ['10', 0],
    ] as const) {
      const { flight, origin, upstream } = aFlight(STREAMED)
      origin.onHead(200, ['Content-Length', length])
      const reader = flight.ride(new RecordingSink())
      flight.alight(reader)
      assert.equal(upstream.aborts, aborts, length)
    }
  })

  test('in the background it goes on to its end', () => {
    const { flight, origin, upstream, said } = aFlight(HELD)
    flight.runInBackground()
    flight.leave()
    origin.onHead(200, [])
    origin.onBody(Buffer.from('ab'))
    origin.onComplete([])
    assert.deepEqual([upstream.aborts, said], [0, ['whole 2', 'landed']])
  })

  test('after it has landed nothing is aborted', () => {
    const { flight, origin, upstream } = aFlight(HELD)
    origin.onHead(200, [])
    origin.onComplete([])
    flight.leave()
    assert.equal(upstream.aborts, 0)
  })
})

describe('boarding by key', () => {
  test('a key is boarded while its flight takes riders and the purge sequence allows it', () => {
    const collapser = new Collapser(new HeldClock())
    const { flight } = aFlight(HELD)
    const key = aKey('k')
    collapser.lead(key, { flight, sequence: 1 })
    assert.equal(collapser.joinable(key, () => true)?.flight, flight)
    assert.equal(
      collapser.joinable(key, () => false),
      undefined,
    )
    assert.equal(
      collapser.joinable(aKey('other'), () => true),
      undefined,
    )
    collapser.retire(key, flight)
    assert.equal(
      collapser.joinable(key, () => true),
      undefined,
    )
  })

  test('an older flight that lands does not retire the one that took its place', () => {
    const collapser = new Collapser(new HeldClock())
    const [older, newer] = [aFlight(HELD).flight, aFlight(HELD).flight]
    const key = aKey('k')
    collapser.lead(key, { flight: older, sequence: 1 })
    collapser.lead(key, { flight: newer, sequence: 2 })
    collapser.retire(key, older)
    assert.equal(collapser.joinable(key, () => true)?.flight, newer)
  })

  test('that a key was uncacheable is remembered for ten seconds', () => {
    const clock = new HeldClock()
    const collapser = new Collapser(clock)
    const key = aKey('k')
    collapser.rememberUncacheable(key)
    clock.pass(9_999)
    assert.equal(collapser.wasUncacheable(key), true)
    clock.pass(1)
    assert.equal(collapser.wasUncacheable(key), false)
  })

  test('a waiter is not held longer than the deadline by a leader without a head', async t => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { flight } = aFlight(HELD)
    const waiting = awaitHead(flight, LEADER_DEADLINE)
    t.mock.timers.tick(LEADER_DEADLINE)
    assert.equal(await waiting, 'overdue')
  })
})
