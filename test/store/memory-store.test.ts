// Does the memory store keep to its bytes, and let the right ones go?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { bytes } from '../../src/base/units.ts'
import { ALL_SCOPE, tagScope } from '../../src/store/scopes.ts'
import { attachmentKind } from '../../src/store/slot.ts'
import { noon, secondsAfter } from '../builders/messages.ts'
import { aKey, aMemoryStore, aStoredResponse, evictionsIn } from './stored-responses.ts'

const prepared = attachmentKind<{ head: string }>('test prepared head', 'with-head')
const encoded = attachmentKind<{ body: Buffer }>('test encoded body', 'with-content')

describe('the memory store is bounded by bytes (invariant 6)', () => {
  test('however much is stored, the limit is never exceeded', () => {
    using bench = aMemoryStore({ limit: bytes(256 * 1024) })
    for (let n = 0; n < 3000; n++) {
      bench.store.store(aKey(`k${n}`), aStoredResponse({ body: Buffer.alloc((n * 7919) % 9000) }))
      assert.ok(bench.store.usage().bytes <= 256 * 1024)
    }
    assert.ok(bench.store.usage().entries > 10)
  })

  test('room is made by evicting, and each eviction is told', () => {
    using bench = aMemoryStore({ limit: bytes(64 * 1024) })
    for (let n = 0; n < 20; n++) bench.store.store(aKey(`k${n}`), aStoredResponse({ body: Buffer.alloc(8000) }))
    const gone = evictionsIn(bench.events)
    assert.equal(gone.length + bench.store.usage().entries, 20)
    assert.ok(gone.every(reason => reason === 'room'))
  })

  test('a response over a quarter of the limit is refused and evicts nobody', () => {
    using bench = aMemoryStore({ limit: bytes(100_000) })
    bench.store.store(aKey('small'), aStoredResponse())
    assert.equal(bench.store.store(aKey('large'), aStoredResponse({ body: Buffer.alloc(25_000) })), false)
    assert.equal(bench.store.lookup(aKey('small'), []).slot?.live, true)
  })

  test('a smaller limit takes hold at once', () => {
    using bench = aMemoryStore({ limit: bytes(1024 * 1024) })
    for (let n = 0; n < 200; n++) bench.store.store(aKey(`k${n}`), aStoredResponse({ body: Buffer.alloc(4000) }))
    bench.store.resize(bytes(300_000))
    assert.ok(bench.store.usage().bytes <= 300_000)
  })

  test('everything that was counted is given back', () => {
    using bench = aMemoryStore()
    const empty = bench.store.usage().bytes
    for (let n = 0; n < 50; n++) bench.store.store(aKey(`k${n % 7}`), aStoredResponse({ body: 'x'.repeat(n * 10) }))
    for (let n = 0; n < 7; n++) bench.store.remove(aKey(`k${n}`))
    assert.deepEqual(bench.store.usage(), { bytes: empty, limit: bytes(1024 * 1024), entries: 0 })
  })

  test('a body in a shared pool is copied into memory of its own', () => {
    using bench = aMemoryStore()
    const pooled = Buffer.from('pooled')
    assert.ok(pooled.buffer.byteLength > pooled.length)
    bench.store.store(aKey('k'), { ...aStoredResponse(), body: pooled })
    const kept = bench.store.lookup(aKey('k'), []).slot?.response.body
    assert.equal(kept?.buffer.byteLength, pooled.length)
    assert.equal(kept?.toString(), 'pooled')
  })
})

describe('what is popular stays (S3-FIFO)', () => {
  test('a scan of one-time keys does not push out what is looked up again and again', () => {
    using bench = aMemoryStore({ limit: bytes(1024 * 1024) })
    const popular = Array.from({ length: 50 }, (_, n) => aKey(`popular${n}`))
    for (const key of popular) {
      bench.store.store(key, aStoredResponse({ body: Buffer.alloc(2000) }))
      bench.store.lookup(key, [])
    }
    for (let n = 0; n < 5000; n++) bench.store.store(aKey(`once${n}`), aStoredResponse({ body: Buffer.alloc(2000) }))
    const left = popular.filter(key => bench.store.lookup(key, []).slot !== undefined)
    assert.equal(left.length, 50)
  })

  test('a key that returns soon after its eviction is kept longer the second time', () => {
    using bench = aMemoryStore({ limit: bytes(1024 * 1024) })
    const fill = (name: string, count: number) => {
      for (let n = 0; n < count; n++)
        bench.store.store(aKey(`${name}${n}`), aStoredResponse({ body: Buffer.alloc(2000) }))
    }
    bench.store.store(aKey('returning'), aStoredResponse({ body: Buffer.alloc(2000) }))
    fill('a', 400)
    assert.equal(bench.store.lookup(aKey('returning'), []).slot, undefined)
    bench.store.store(aKey('returning'), aStoredResponse({ body: Buffer.alloc(2000) }))
    fill('b', 400)
    assert.notEqual(bench.store.lookup(aKey('returning'), []).slot, undefined)
  })
})

describe('attachments are paid for and go with their response', () => {
  test('an attachment counts against the limit and is found on the slot', () => {
    using bench = aMemoryStore()
    bench.store.store(aKey('k'), aStoredResponse())
    const { slot } = bench.store.lookup(aKey('k'), [])
    const before = bench.store.usage().bytes
    assert.equal(slot?.attach(prepared, { head: 'HTTP/1.1 200 OK' }, bytes(500)), true)
    assert.equal(bench.store.usage().bytes, before + 500)
    assert.equal(slot?.attached(prepared)?.head, 'HTTP/1.1 200 OK')
  })

  test('replacing, growing and detaching keep the account right', () => {
    using bench = aMemoryStore()
    bench.store.store(aKey('k'), aStoredResponse())
    const { slot } = bench.store.lookup(aKey('k'), [])
    const before = bench.store.usage().bytes
    slot?.attach(prepared, { head: 'a' }, bytes(500))
    slot?.attach(prepared, { head: 'b' }, bytes(300))
    assert.equal(slot?.charge(prepared, 50), true)
    assert.equal(bench.store.usage().bytes, before + 350)
    slot?.detach(prepared)
    assert.equal(bench.store.usage().bytes, before)
    assert.equal(slot?.attached(prepared), undefined)
  })

  test('removing the response gives back its attachments too, and the slot is no longer live', () => {
    using bench = aMemoryStore()
    const empty = bench.store.usage().bytes
    bench.store.store(aKey('k'), aStoredResponse())
    const { slot } = bench.store.lookup(aKey('k'), [])
    slot?.attach(encoded, { body: Buffer.alloc(100) }, bytes(520))
    bench.store.remove(aKey('k'))
    assert.equal(bench.store.usage().bytes, empty)
    assert.equal(slot?.live, false)
    assert.equal(slot?.attach(prepared, { head: 'late' }, bytes(10)), false)
  })

  test('an attachment that would burst the limit is refused', () => {
    using bench = aMemoryStore({ limit: bytes(100_000) })
    bench.store.store(aKey('k'), aStoredResponse())
    const { slot } = bench.store.lookup(aKey('k'), [])
    assert.equal(slot?.attach(prepared, { head: '' }, bytes(30_000)), false)
    assert.equal(slot?.attached(prepared), undefined)
  })

  test('a freshened response with the same content keeps what follows the content, not what follows the head', () => {
    using bench = aMemoryStore()
    const first = aStoredResponse()
    bench.store.store(aKey('k'), first)
    const { slot } = bench.store.lookup(aKey('k'), [])
    slot?.attach(encoded, { body: Buffer.from('zipped') }, bytes(426))
    slot?.attach(prepared, { head: 'old' }, bytes(100))
    bench.store.store(aKey('k'), { ...first, responseTime: secondsAfter(noon, 5) })
    const fresh = bench.store.lookup(aKey('k'), []).slot
    assert.equal(fresh?.attached(encoded)?.body.toString(), 'zipped')
    assert.equal(fresh?.attached(prepared), undefined)
  })
})

describe('what is of no use goes without being asked for', () => {
  test('the sweep removes what expired', async () => {
    using bench = aMemoryStore()
    for (let n = 0; n < 300; n++) {
      const usefulUntil = secondsAfter(noon, n < 100 ? 10 : 100)
      bench.store.store(aKey(`k${n}`), aStoredResponse({ usefulUntil }))
    }
    bench.clock.pass(50_000)
    await bench.store.sweep()
    assert.equal(bench.store.usage().entries, 200)
    assert.equal(evictionsIn(bench.events).filter(reason => reason === 'expired').length, 100)
  })

  test('a hard purge is counted once its bodies are out of memory', async () => {
    using bench = aMemoryStore()
    for (let n = 0; n < 300; n++) {
      bench.store.store(aKey(`k${n}`), aStoredResponse({ scopes: [tagScope(n % 3 === 0 ? 'a' : 'b')] }))
    }
    const purge = bench.epochs.purge([tagScope('a')], 'hard')
    const purged = await bench.store.sweepPurged([tagScope('a')], 'hard')
    assert.equal(await purge, 'local')
    assert.equal(purged, 100)
    assert.equal(bench.store.usage().entries, 200)
  })

  test('a soft purge is counted and everything stays', async () => {
    using bench = aMemoryStore()
    for (let n = 0; n < 30; n++) bench.store.store(aKey(`k${n}`), aStoredResponse())
    await bench.epochs.purge([ALL_SCOPE], 'soft')
    assert.equal(await bench.store.sweepPurged([ALL_SCOPE], 'soft'), 30)
    assert.equal(bench.store.usage().entries, 30)
  })

  test('what a lookup met first is counted too, and refilled responses are not', async () => {
    using bench = aMemoryStore()
    for (let n = 0; n < 10; n++) bench.store.store(aKey(`k${n}`), aStoredResponse({ scopes: [tagScope('a')] }))
    void bench.epochs.purge([tagScope('a')], 'hard')
    const counted = bench.store.sweepPurged([tagScope('a')], 'hard')
    bench.store.lookup(aKey('k3'), [])
    bench.store.store(aKey('k4'), aStoredResponse({ scopes: [tagScope('a')], sequence: bench.epochs.current() }))
    assert.equal(await counted, 10)
    assert.equal(bench.store.usage().entries, 1)
  })

  test('once everything was swept the purged scopes are forgotten, but a fill under way still meets them', async () => {
    using bench = aMemoryStore()
    const fence = bench.epochs.begin()
    await bench.epochs.purge([tagScope('a')], 'hard')
    await bench.store.sweep()
    assert.equal(bench.epochs.admits(fence, [tagScope('a')]), false)
    bench.epochs.end(fence)
    await bench.store.sweep()
    assert.equal(bench.epochs.size, 0)
  })

  test('a soft purge outlasts its scope being forgotten', async () => {
    using bench = aMemoryStore()
    bench.store.store(aKey('k'), aStoredResponse({ scopes: [tagScope('a')] }))
    await bench.epochs.purge([tagScope('a')], 'soft')
    await bench.store.sweep()
    assert.equal(bench.epochs.size, 0)
    assert.equal(bench.store.lookup(aKey('k'), []).slot?.standing, 'soft')
  })
})
