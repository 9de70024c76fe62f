// Does a client of two replicas under load notice what happens to Redis?
//
// In each case: no answer fails or is wrong; while the breaker doesn't know yet a request
// takes at most the timeout and a little longer, and nothing once it knows; the pool's
// bound holds; hits return within 10 s; health and metrics tell the truth; and the log
// has one line per change of state.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { RedisProxy } from '../redis/proxy.ts'
import { until } from '../redis/replicas.ts'
import { RedisServer } from '../redis/server.ts'
import { startCluster, startSentinel, type Topology } from '../redis/topologies.ts'
import { CONNECTIONS, ServedReplicas, TIMEOUT_MS } from './served-replicas.ts'

const UP = 'Redis is in use'
const DOWN = 'Redis is not usable; memory carries on alone'
/** For a machine that does other things too. */
const SLACK_MS = 100
const RECOVERY_MS = 10_000

let server: RedisServer
let proxy: RedisProxy
let served: ServedReplicas

const p99 = (sorted: readonly number[]) => sorted[Math.ceil(sorted.length * 0.99) - 1] as number

/** Nobody waits longer than the timeout while the breaker doesn't know, and nobody waits once it does. */
async function holdsUntilKnown(usual: number): Promise<void> {
  const slow = p99(await served.nextCold(20))
  assert.ok(
    slow <= usual + TIMEOUT_MS + SLACK_MS,
    `p99 was ${slow} ms before the breaker knew, ${usual} ms before that`,
  )
  await served.all(false)
  const quick = await served.nextCold(50)
  const median = quick[quick.length >> 1] as number
  assert.ok(median < TIMEOUT_MS / 2, `the median was ${median} ms although the breaker knew`)
}

async function recovers(): Promise<void> {
  const healed = performance.now()
  await served.all(true)
  await served.hitsReturn()
  const took = performance.now() - healed
  assert.ok(took < RECOVERY_MS, `hits returned after ${took} ms`)
}

interface Outage {
  readonly name: string
  readonly begin: () => unknown
  readonly end: () => unknown
}

const outages: readonly Outage[] = [
  { name: 'killed, and started again empty', begin: () => server.kill(), end: () => server.restart() },
  { name: 'frozen, and thawed', begin: () => server.freeze(), end: () => server.thaw() },
  { name: 'silent', begin: () => behave('silent'), end: () => behave('honest') },
  { name: 'talking garbage', begin: () => behave('garbage'), end: () => behave('honest') },
  { name: 'closing every connection', begin: () => behave('closing'), end: () => behave('honest') },
  {
    name: 'slower than the timeout',
    begin: () => Object.assign(proxy, { behaviour: { kind: 'slow', ms: TIMEOUT_MS + 50 } }),
    end: () => behave('honest'),
  },
  {
    name: 'asking for a password nobody has',
    begin: async () => {
      await server.client.config('SET', 'requirepass', 'sesame')
      proxy.cut()
    },
    end: () => server.client.config('SET', 'requirepass', ''),
  },
]

function behave(kind: 'honest' | 'silent' | 'garbage' | 'closing'): void {
  proxy.behaviour = { kind }
}

describe('two replicas under load, and Redis is', () => {
  before(async () => {
    server = await RedisServer.start()
    proxy = await RedisProxy.start(server.port)
    served = await ServedReplicas.start(proxy.url)
    await served.all(true)
  })
  after(async () => {
    await served.close()
    await proxy.close()
    await server.close()
  })

  for (const { name, begin, end } of outages) {
    test(name, async () => {
      const usual = p99(await served.nextCold(50))
      await begin()
      await holdsUntilKnown(usual).finally(() => end())
      await recovers()
      assert.ok(served.mostAtOrigin <= CONNECTIONS * 2)
    })
  }

  test('… and each of these was one line when it began and one when it ended', async () => {
    const expected = [UP, ...outages.flatMap(() => [DOWN, UP])]
    for (const replica of served.replicas) {
      await until('the log is written', () => replica.states().length >= expected.length)
      assert.deepEqual(replica.states(), expected)
    }
  })

  test('slow, but within the timeout: it stays in use', async () => {
    proxy.behaviour = { kind: 'slow', ms: 30 }
    await served.nextCold(20)
    await served.all(true)
    behave('honest')
    await recovers()
  })

  test('flushed: nobody notices', async () => {
    await server.client.flushall()
    await served.nextCold(20)
    await recovers()
  })

  test('out of memory: one line each way, and nothing else', async () => {
    const before = served.replicas.map(replica => replica.states().length)
    const usual = p99(await served.nextCold(50))
    await server.client.config('SET', 'maxmemory', '1')
    const cold = p99(await served.nextCold(50))
    assert.ok(cold <= usual + TIMEOUT_MS + SLACK_MS, `p99 was ${cold} ms`)
    await server.client.config('SET', 'maxmemory', '0')
    await recovers()
    for (const [at, replica] of served.replicas.entries()) assert.ok(replica.states().length - (before[at] ?? 0) <= 4)
  })
})

describe('two replicas under load on', () => {
  for (const [name, start, lost, heirOf] of [
    ['Sentinel: the master is lost', startSentinel, 0, 1],
    ['a Cluster: one master is lost', startCluster, 1, 4],
  ] as const) {
    test(name, async () => {
      const topology: Topology = await start()
      served = await ServedReplicas.start(topology.url)
      try {
        await served.all(true)
        await served.hitsReturn()
        const usual = p99(await served.nextCold(50))
        await (topology.servers[lost] as RedisServer).kill()
        const cold = await served.nextCold(100)
        assert.ok(p99(cold) <= usual + TIMEOUT_MS + SLACK_MS, `p99 was ${p99(cold)} ms, before ${usual} ms`)
        const heir = topology.servers[heirOf] as RedisServer
        await until('its replica took over', async () => (await heir.client.role())[0] === 'master')
        await recovers()
        for (const replica of served.replicas) assert.ok(replica.states().length <= 8, replica.states().join('\n'))
      } finally {
        await served.close()
        await topology.close()
      }
    })
  }
})
