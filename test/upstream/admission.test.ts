// Are the places and the queue exact under concurrency, in order, and never stuck?

import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, mock, test } from 'node:test'
import { Fault } from '../../src/base/fault.ts'
import { epochMs, milliseconds } from '../../src/base/units.ts'
import { Admission, type Waiter } from '../../src/upstream/admission.ts'
import { Barrier, until } from '../origin/barrier.ts'
import { startOrigin } from '../origin/origin.ts'
import { upstreamTo } from './setting-up.ts'

describe('admission by itself', () => {
  let now = 0
  let log: string[] = []
  let admission: Admission
  const clock = { now: () => epochMs(now), monotonic: () => milliseconds(now) }
  const waiter = (name: string, then?: () => void): Waiter => ({
    onPlace: () => {
      log.push(name)
      then?.()
    },
    onPatienceEnd: () => void log.push(`-${name}`),
  })
  const pass = (ms: number): void => {
    now += ms
    mock.timers.tick(ms)
  }

  beforeEach(() => {
    now = 0
    log = []
    mock.timers.enable({ apis: ['setTimeout'] })
    admission = new Admission({ places: 2, queue: 2, patience: milliseconds(100) }, clock)
  })
  afterEach(() => mock.timers.reset())

  test('two have places, two wait, the fifth is refused; who came first goes first', () => {
    const entered = ['a', 'b', 'c', 'd', 'e'].map(name => admission.enter(waiter(name)))
    assert.deepEqual(entered, [true, true, true, true, false])
    assert.deepEqual([admission.taken, admission.queued, log], [2, 2, ['a', 'b']])
    admission.leave()
    admission.leave()
    assert.deepEqual([admission.taken, admission.queued, log], [2, 0, ['a', 'b', 'c', 'd']])
  })

  test('patience ends for each at its own time, and not for who withdrew', () => {
    admission.enter(waiter('a'))
    admission.enter(waiter('b'))
    const c = waiter('c')
    admission.enter(c)
    pass(40)
    admission.enter(waiter('d'))
    pass(59)
    assert.deepEqual(log, ['a', 'b'])
    pass(1)
    assert.deepEqual(log, ['a', 'b', '-c'])
    const e = waiter('e')
    admission.enter(e)
    admission.withdraw(e)
    pass(39)
    assert.deepEqual(log, ['a', 'b', '-c'])
    pass(1)
    assert.deepEqual([log, admission.queued], [['a', 'b', '-c', '-d'], 0])
    pass(1_000)
    assert.equal(log.length, 4)
  })

  test('places given back while one is handed out reach the next without recursion', () => {
    const many = new Admission({ places: 1, queue: 50_000, patience: milliseconds(100) }, clock)
    many.enter(waiter('first'))
    for (let count = 0; count < 50_000; count += 1) many.enter(waiter('next', () => many.leave()))
    many.leave()
    assert.deepEqual([many.taken, many.queued, log.length], [0, 0, 50_001])
  })

  test('nobody overtakes the queue', () => {
    admission.enter(waiter('a'))
    admission.enter(waiter('b'))
    admission.enter(waiter('c'))
    assert.equal(admission.takeNow(), false)
  })
})

describe('admission of an upstream', () => {
  test('exactly `connections` run, exactly `queue` wait, the rest is told at once; all places come back', async () => {
    const barrier = new Barrier()
    const origin = await startOrigin(async exchange => {
      await barrier.passed
      exchange.respond({ body: 'ok' })
    })
    const { upstream, get } = upstreamTo(origin.url, { connections: 3, queue: 5 })
    const all = Array.from({ length: 20 }, () => get('/'))
    await origin.received(3)
    const state = upstream.state()
    assert.deepEqual([state.running, state.queued, state.utilization], [3, 5, 1])
    await Promise.all(all.slice(8).map(recorder => recorder.ended()))
    assert.equal(origin.requests.length, 3)
    barrier.open()
    const codes = await Promise.all(all.map(async recorder => (await recorder.ended()).code ?? 'ok'))
    assert.deepEqual(codes, [...Array(8).fill('ok'), ...Array(12).fill('UPSTREAM_QUEUE_FULL')])
    assert.equal(origin.connections, 3)
    assert.deepEqual([upstream.state().running, upstream.state().queued], [0, 0])
    await upstream.close()
    await origin.close()
  })

  test('the queue times out, and a place freed by an abort goes to the longest waiting', async () => {
    const origin = await startOrigin(async exchange => {
      if (exchange.request.target === '/hold') await exchange.closed
      else exchange.respond()
    })
    const { upstream, get } = upstreamTo(origin.url, { connections: 1, queueTimeout: milliseconds(60) })
    const holding = get('/hold')
    await origin.received(1)
    const late = await get('/late').ended()
    assert.deepEqual([late.code, late.calls], ['UPSTREAM_QUEUE_TIMEOUT', ['fault']])
    const next = get('/next')
    holding.control.abort(new Fault('CLIENT_GONE', 'test'))
    assert.equal((await next.ended()).status, 200)
    await upstream.close()
    await origin.close()
  })

  test('an abort while the connection is being made frees the place and drops the attempt', async () => {
    // Accepts, never speaks: a TLS handshake hangs there.
    const origin = await startOrigin(() => undefined)
    const { upstream, get } = upstreamTo(`https://localhost:${origin.port}`, { connections: 1 })
    const stuck = get('/')
    await until(() => origin.open === 1, 'a connection')
    stuck.control.abort(new Fault('CLIENT_GONE', 'test'))
    assert.equal(stuck.code, 'CLIENT_GONE')
    assert.equal(upstream.state().running, 0)
    await until(() => origin.open === 0, 'the end of the attempt')
    await upstream.close()
    await origin.close()
  })
})

describe('event streams', () => {
  const streaming = async (exchange: Parameters<Parameters<typeof startOrigin>[0]>[0]): Promise<void> => {
    if (!exchange.request.target.startsWith('/events')) {
      exchange.respond({ body: 'ok' })
      return
    }
    exchange.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\ndata: 1\n\n')
    await exchange.closed
  }

  test('have a quota of their own', async () => {
    const origin = await startOrigin(streaming)
    const { upstream, get } = upstreamTo(origin.url, { connections: 1, streams: 2, queue: 0 })
    const open = [await get('/events', { pool: 'streams' }).head(), await get('/events', { pool: 'streams' }).head()]
    assert.equal((await get('/').ended()).body, 'ok')
    assert.equal((await get('/events', { pool: 'streams' }).ended()).code, 'UPSTREAM_QUEUE_FULL')
    assert.equal(upstream.state().utilization, 0)
    for (const recorder of open) recorder.control.abort(new Fault('CLIENT_GONE', 'test'))
    assert.equal((await get('/events', { pool: 'streams' }).head()).status, 200)
    origin.hangUp()
    await upstream.close()
    await origin.close()
  })

  test('that came unannounced leave the ordinary connections, and are refused when all streams are in use', async () => {
    const origin = await startOrigin(streaming)
    const { upstream, get } = upstreamTo(origin.url, { connections: 1, streams: 2, queue: 0 })
    await get('/events').head()
    await get('/events').head()
    const refused = await get('/events').ended()
    assert.deepEqual([refused.code, refused.calls], ['UPSTREAM_QUEUE_FULL', ['sent', 'fault']])
    assert.deepEqual([(await get('/').ended()).body, upstream.state().running], ['ok', 2])
    origin.hangUp()
    await until(() => upstream.state().running === 0, 'the end of both streams')
    await upstream.close()
    await origin.close()
  })
})
