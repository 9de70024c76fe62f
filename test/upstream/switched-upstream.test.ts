// Does a change of upstream neither lose nor misdirect an exchange?

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SwitchedUpstream } from '../../src/upstream/switched-upstream.ts'
import { upstreamContract } from '../contract/upstream-contract.ts'
import { Barrier } from '../origin/barrier.ts'
import { startOrigin } from '../origin/origin.ts'
import { aForwardRequest, Recorder, upstreamTo } from './setting-up.ts'

upstreamContract('one that can be switched', (url, changes) => new SwitchedUpstream(upstreamTo(url, changes).upstream))

test('what runs or waits at the old upstream ends there, what comes later goes to the new one, close waits for both', async () => {
  const barrier = new Barrier()
  const before = await startOrigin(async exchange => {
    await barrier.passed
    exchange.respond({ body: 'old' })
  })
  const after = await startOrigin(exchange => exchange.respond({ body: 'new' }))
  const switched = new SwitchedUpstream(upstreamTo(before.url, { connections: 1 }).upstream)
  const running = new Recorder(switched, aForwardRequest())
  const queued = new Recorder(switched, aForwardRequest())
  await before.received(1)
  switched.switchTo(upstreamTo(after.url).upstream)
  assert.equal((await new Recorder(switched, aForwardRequest()).ended()).body, 'new')
  let closed = false
  const closing = switched.close().then(() => {
    closed = true
  })
  assert.equal((await new Recorder(switched, aForwardRequest()).ended()).code, 'SHUTTING_DOWN')
  assert.equal(closed, false)
  barrier.open()
  assert.deepEqual([(await running.ended()).body, (await queued.ended()).body], ['old', 'old'])
  await closing
  assert.equal(switched.state().connected, 0)
  await before.close()
  await after.close()
})
