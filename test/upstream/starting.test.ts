// Does a request wait for an app that starts after its sidecar, and only then?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Fault } from '../../src/base/fault.ts'
import { milliseconds } from '../../src/base/units.ts'
import { startOrigin } from '../origin/origin.ts'
import { upstreamTo } from './setting-up.ts'

/** A port that refuses connections. */
async function closedPort(): Promise<number> {
  const origin = await startOrigin(() => undefined)
  const { port } = origin
  await origin.close()
  return port
}

describe('an upstream that is still starting', () => {
  test('is waited for, and has the request once it listens', async () => {
    const port = await closedPort()
    const { upstream, get, events } = upstreamTo(`http://127.0.0.1:${port}`, { retries: 0 })
    const waiting = get('/a', { awaitStart: true })
    const refused = get('/b')
    assert.equal((await refused.ended()).code, 'UPSTREAM_REFUSED')
    const origin = await startOrigin(exchange => exchange.respond({ body: 'up' }), { port })
    assert.equal((await waiting.ended()).body, 'up')
    assert.equal(events.filter(({ kind }) => kind === 'upstream').length, 2)
    await upstream.close()
    await origin.close()
  })

  test('is waited for no longer than queueTimeout', async () => {
    const { upstream, get } = upstreamTo(`http://127.0.0.1:${await closedPort()}`, { queueTimeout: milliseconds(150) })
    assert.equal((await get('/a', { awaitStart: true }).ended()).code, 'UPSTREAM_REFUSED')
    assert.equal(upstream.state().running, 0)
    await upstream.close()
  })

  test('a client that goes away meanwhile frees its place', async () => {
    const { upstream, get } = upstreamTo(`http://127.0.0.1:${await closedPort()}`, { connections: 1 })
    const left = get('/a', { awaitStart: true })
    const next = get('/b')
    await left.sent()
    left.control.abort(new Fault('CLIENT_GONE', 'left'))
    assert.equal((await next.ended()).code, 'UPSTREAM_REFUSED')
    await upstream.close()
  })

  test('once it has answered, a refused connection is a fault at once', async () => {
    const origin = await startOrigin(exchange => exchange.respond())
    const { upstream, get } = upstreamTo(origin.url)
    await get('/a').ended()
    await origin.close()
    const begun = performance.now()
    assert.equal((await get('/b', { awaitStart: true }).ended()).code, 'UPSTREAM_REFUSED')
    assert.ok(performance.now() - begun < 3_000)
    await upstream.close()
  })
})
