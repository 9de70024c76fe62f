// Does anything that Redis does to us reach a request?
//
// In every case: no lookup fails or takes longer than the timeout (and a little), none
// waits once the breaker knows, hits return soon after recovery, and the log has a line
// per change of state, not per request.

import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { milliseconds } from '../../src/base/units.ts'
import { tagScope } from '../../src/store/scopes.ts'
import { RedisProxy } from '../redis/proxy.ts'
import { aJoinedReplica, aReplica, bodyInRedis, type Replica, type ReplicaOptions, until } from '../redis/replicas.ts'
import { RedisServer, type RedisServerOptions } from '../redis/server.ts'
import { aKey, aStoredResponse } from '../store/stored-responses.ts'

const TIMEOUT = milliseconds(50)
/** Beside the timeout, for a machine that does other things too. */
const SLACK_MS = 100
const key = aKey('k')

let closing: (() => Promise<unknown>)[] = []
beforeEach(() => {
  closing = []
})
afterEach(async () => {
  for (const close of closing.reverse()) await close()
})

async function server(options: RedisServerOptions = {}): Promise<RedisServer> {
  const started = await RedisServer.start(options)
  closing.push(() => started.close())
  return started
}

async function proxyTo(behind: RedisServer): Promise<RedisProxy> {
  const proxy = await RedisProxy.start(behind.port)
  closing.push(() => proxy.close())
  return proxy
}

async function joined(url: string, options: ReplicaOptions = {}): Promise<Replica> {
  const replica = await aJoinedReplica(url, { timeout: TIMEOUT, ...options })
  closing.push(() => replica.close())
  return replica
}

function unjoined(url: string, options: ReplicaOptions = {}): Replica {
  const replica = aReplica(url, { timeout: TIMEOUT, ...options })
  closing.push(() => replica.close())
  return replica
}

async function fill(replica: Replica, body = 'x'): Promise<boolean> {
  const kept = replica.store.store(
    key,
    aStoredResponse({ body, sequence: replica.epochs.current(), scopes: [tagScope('a')] }),
  )
  await replica.tier.store.settled()
  return kept
}

/** Looks up what memory does not have, again and again, until no lookup waits for Redis any more. */
async function lookUpUntilDown(replica: Replica): Promise<void> {
  await until('the breaker has opened', async () => {
    const started = performance.now()
    const found = replica.store.lookup(aKey('missing'), [])
    if (!(found instanceof Promise)) return true
    assert.equal((await found).slot, undefined)
    const took = performance.now() - started
    assert.ok(took <= TIMEOUT + SLACK_MS, `a lookup took ${took} ms`)
    return false
  })
  assert.equal(replica.tier.up, false)
}

async function hitsReturn(replica: Replica): Promise<void> {
  const started = performance.now()
  await until('Redis is in use again', () => replica.tier.up)
  assert.ok(performance.now() - started < 10_000)
  await fill(replica, 'after')
  assert.equal(await bodyInRedis(replica, key), 'after')
}

/** Messages about the state of Redis, in order. */
const states = (replica: Replica) => replica.notices().filter(message => message.startsWith('Redis'))
const UP = 'Redis is in use'
const DOWN = 'Redis is not usable; memory carries on alone'
const REFUSED = 'Redis refuses writes; what it holds is still read'
const WRITES = 'Redis takes writes again'

describe('Redis is absent', () => {
  test('at start: memory carries on alone, and it is used once it is there', async () => {
    const there = await server()
    await there.kill()
    const replica = unjoined(there.url)
    await lookUpUntilDown(replica)
    assert.equal(await fill(replica), true)
    await until('it is said', () => states(replica).includes(DOWN))
    await there.restart()
    await hitsReturn(replica)
    assert.deepEqual(states(replica), [DOWN, UP])
  })

  test('killed and restarted empty: memory goes on, one line each way', async () => {
    const there = await server()
    const replica = await joined(there.url)
    await fill(replica)
    await there.kill()
    await lookUpUntilDown(replica)
    const inMemory = replica.store.lookup(key, [])
    assert.ok(!(inMemory instanceof Promise) && inMemory.slot !== undefined)
    await there.restart()
    await hitsReturn(replica)
    assert.deepEqual(states(replica), [UP, DOWN, UP])
  })

  test('frozen: requests wait for the timeout until the breaker opens, and nothing after', async () => {
    const there = await server()
    const replica = await joined(there.url)
    there.freeze()
    await lookUpUntilDown(replica)
    for (let n = 0; n < 100; n++) assert.ok(!(replica.store.lookup(aKey(`later ${n}`), []) instanceof Promise))
    there.thaw()
    await hitsReturn(replica)
    assert.deepEqual(states(replica), [UP, DOWN, UP])
  })

  test('a purge while it is frozen is answered within the timeout and told later', async () => {
    const there = await server()
    const [replica, other] = [await joined(there.url), await joined(there.url)]
    await fill(other)
    there.freeze()
    const started = performance.now()
    assert.equal(await replica.epochs.purge([tagScope('a')], 'hard'), 'local')
    assert.ok(performance.now() - started <= TIMEOUT + SLACK_MS)
    there.thaw()
    await until('the other replica learned of it', () => other.memory.lookup(key, []).slot === undefined)
  })
})

describe('Redis answers, but not as it should', () => {
  test('wrong password: as if absent, one line', async () => {
    const there = await server({ arguments: ['--requirepass', 'right'], client: { password: 'right' } })
    const replica = unjoined(there.url.replace('//', '//:wrong@'))
    await lookUpUntilDown(replica)
    await until('it is said', () => states(replica).length > 0)
    await replica.tier.poll()
    assert.deepEqual(states(replica), [DOWN])
    await joined(there.url.replace('//', '//:right@'))
  })

  test('accepted but silent: as if absent', async () => {
    const proxy = await proxyTo(await server())
    const replica = await joined(proxy.url)
    proxy.behaviour = { kind: 'silent' }
    await lookUpUntilDown(replica)
    proxy.behaviour = { kind: 'honest' }
    await hitsReturn(replica)
  })

  test('silent from the start, then honest', async () => {
    const proxy = await proxyTo(await server())
    proxy.behaviour = { kind: 'silent' }
    const replica = unjoined(proxy.url)
    await lookUpUntilDown(replica)
    proxy.behaviour = { kind: 'honest' }
    await hitsReturn(replica)
  })

  test('garbage instead of replies: as if absent', async () => {
    const proxy = await proxyTo(await server())
    const replica = await joined(proxy.url)
    proxy.behaviour = { kind: 'garbage' }
    await lookUpUntilDown(replica)
    proxy.behaviour = { kind: 'honest' }
    await hitsReturn(replica)
  })

  test('connections closed at every question: as if absent', async () => {
    const proxy = await proxyTo(await server())
    const replica = await joined(proxy.url)
    proxy.behaviour = { kind: 'closing' }
    await lookUpUntilDown(replica)
    proxy.behaviour = { kind: 'honest' }
    await hitsReturn(replica)
  })

  test('slower than the timeout: as if absent, without flapping', async () => {
    const proxy = await proxyTo(await server())
    const replica = await joined(proxy.url)
    proxy.behaviour = { kind: 'slow', ms: TIMEOUT * 2 }
    await lookUpUntilDown(replica)
    for (let n = 0; n < 5; n++) await replica.tier.poll()
    assert.deepEqual(states(replica), [UP, DOWN])
    proxy.behaviour = { kind: 'honest' }
    await hitsReturn(replica)
  })

  test('slow, but within the timeout: used all the same', async () => {
    const proxy = await proxyTo(await server())
    const replica = await joined(proxy.url, { timeout: milliseconds(150) })
    proxy.behaviour = { kind: 'slow', ms: 40 }
    await fill(replica, 'slow')
    for (let n = 0; n < 10; n++) assert.equal(await bodyInRedis(replica, key), 'slow')
    assert.deepEqual(states(replica), [UP])
  })

  test('out of memory: what it holds is read, writes rest, one line each way', async () => {
    const there = await server()
    const replica = await joined(there.url)
    await fill(replica, 'kept')
    await there.client.config('SET', 'maxmemory', '1')
    for (let n = 0; n < 20; n++) await fill(replica, 'refused')
    assert.equal(await bodyInRedis(replica, key), 'kept')
    await there.client.config('SET', 'maxmemory', '0')
    replica.clock.pass(1001)
    await fill(replica, 'taken')
    assert.equal(await bodyInRedis(replica, key), 'taken')
    assert.deepEqual(states(replica), [UP, REFUSED, WRITES])
  })

  test('a read-only replica: never written to, never relied upon', async () => {
    const master = await server()
    const copy = await server({ arguments: ['--replicaof', '127.0.0.1', `${master.port}`] })
    await until('the copy is linked', async () => (await copy.client.info('replication')).includes('link_status:up'))
    const replica = unjoined(copy.url)
    await lookUpUntilDown(replica)
    assert.equal(await replica.epochs.purge([tagScope('a')], 'hard'), 'local')
    await copy.client.replicaof('NO', 'ONE')
    await hitsReturn(replica)
  })

  test('FLUSHALL in the middle: memory turns stale, everything goes on', async () => {
    const there = await server()
    const replica = await joined(there.url)
    await fill(replica)
    await there.client.flushall()
    await until('it is noticed', () => replica.memory.lookup(key, []).slot?.standing === 'soft')
    await hitsReturn(replica)
    assert.deepEqual(states(replica), [UP])
  })
})

describe('Redis holds what nobody wrote', () => {
  const nameOf = async (there: RedisServer) => {
    const names = await there.client.keys('pillion:v1:{*}')
    return names.find(name => !name.includes('epochs')) as string
  }

  for (const secrets of [[], ['secret']]) {
    const how = secrets.length > 0 ? 'sealed' : 'plain'

    test(`a ${how} value with any flipped bit or cut short is a miss`, async () => {
      const there = await server()
      const replica = await joined(there.url, { secrets })
      await fill(replica)
      const name = await nameOf(there)
      const value = (await there.client.getBuffer(name)) as Buffer
      for (let at = 0; at < value.length; at++) {
        const damaged = Buffer.from(value)
        damaged[at] = (damaged[at] as number) ^ (1 << (at % 8))
        await there.client.set(name, damaged)
        assert.equal(await bodyInRedis(replica, key), undefined, `octet ${at}`)
        await there.client.set(name, value.subarray(0, at))
        assert.equal(await bodyInRedis(replica, key), undefined, `${at} octets`)
      }
      await there.client.set(name, value)
      assert.equal(await bodyInRedis(replica, key), 'x')
      assert.ok(replica.events.some(event => event.kind === 'store' && event.result === 'corrupt'))
    })
  }

  test('a value of another type is a miss', async () => {
    const there = await server()
    const replica = await joined(there.url)
    await fill(replica)
    const name = await nameOf(there)
    await there.client.del(name)
    await there.client.hset(name, 'a', 'b')
    assert.equal(await bodyInRedis(replica, key), undefined)
    assert.equal(replica.tier.up, true)
  })

  test('a value put under another name is a miss, sealed or not', async () => {
    for (const secrets of [['secret'], []]) await swapValues(secrets)
  })

  async function swapValues(secrets: readonly string[]): Promise<void> {
    const there = await server()
    const replica = await joined(there.url, { secrets })
    await fill(replica)
    const name = await nameOf(there)
    replica.store.store(aKey('other'), aStoredResponse({ body: 'other', sequence: replica.epochs.current() }))
    await replica.tier.store.settled()
    const names = await there.client.keys('pillion:v1:{*}')
    const other = names.find(each => each !== name && !each.includes('epochs')) as string
    await there.client.set(other, (await there.client.getBuffer(name)) as Buffer)
    assert.equal(await bodyInRedis(replica, aKey('other')), undefined)
  }

  test('rubbish on the channel is ignored', async () => {
    const there = await server()
    const replica = await joined(there.url)
    await fill(replica)
    for (const message of ['', '{', 'null', '[]', '{"i":1}', 'w', 'wpillion', '\u0000', '{"i":"x","n":1,"s":[1]}']) {
      await there.client.publish('pillion:v1:events', message)
    }
    await replica.tier.poll()
    assert.equal(await bodyInRedis(replica, key), 'x')
  })

  test('with a secret nothing of a response, its key, tags or purges is readable', async () => {
    const there = await server()
    const replica = await joined(there.url, { secrets: ['secret'] })
    const scopes = [tagScope('patient:Mustermann')]
    const response = aStoredResponse({
      body: 'diagnosis',
      fields: { 'X-Clinic': 'Charité' },
      nominated: [{ name: 'x-lang', value: 'klingon' }],
      sequence: replica.epochs.current(),
      scopes,
    })
    replica.store.store(aKey('http://clinic.example/patients/7'), response)
    await replica.tier.store.settled()
    await replica.epochs.purge([tagScope('patient:Meier')], 'hard')
    const dump: Buffer[] = []
    for (const name of await there.client.keys('*')) {
      dump.push(Buffer.from(name), (await there.client.dumpBuffer(name)) as Buffer)
    }
    assert.ok(dump.length >= 6)
    const text = Buffer.concat(dump).toString('latin1')
    for (const word of [
      'diagnosis',
      'Charit',
      'clinic',
      'Clinic',
      'patient',
      'Mustermann',
      'Meier',
      'klingon',
      'x-lang',
    ]) {
      assert.equal(text.includes(word), false, word)
    }
  })
})
