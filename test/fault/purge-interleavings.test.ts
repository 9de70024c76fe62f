// Can any interleaving of fills, purges and lookups on two replicas bring back what was purged?
//
// The origin's value for a key is a number that every purge raises first, as a write does.
// A fill takes the number that holds when its request leaves and lands some turns later.
// Once a purge is answered, its own replica must find nothing older anywhere; once the
// other has heard of it, neither must that one; and in the end nobody may.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { tagScope } from '../../src/store/scopes.ts'
import type { CacheKey } from '../../src/store/store.ts'
import { aJoinedReplica, bodyInRedis, type Replica, until } from '../redis/replicas.ts'
import { RedisServer } from '../redis/server.ts'
import { aKey, aStoredResponse } from '../store/stored-responses.ts'

let server: RedisServer
before(async () => {
  server = await RedisServer.start()
})
after(() => server.close())

/** Reproducible: a failure names its seed. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const turn = () => new Promise(resolve => setImmediate(resolve))
const KEYS = ['a', 'b', 'c'].map(aKey)
const scopeOf = (key: CacheKey) => tagScope(`tag of ${key}`)

class Play {
  readonly #replicas: readonly Replica[]
  readonly #random: (below: number) => number
  readonly #origin = new Map<CacheKey, number>(KEYS.map(key => [key, 0]))
  readonly #underWay = new Set<Promise<void>>()

  constructor(replicas: readonly Replica[], random: (below: number) => number) {
    this.#replicas = replicas
    this.#random = random
  }

  step(): void {
    const replica = this.#replicas[this.#random(this.#replicas.length)] as Replica
    const key = KEYS[this.#random(KEYS.length)] as CacheKey
    const what = this.#random(10)
    const running =
      what < 5 ? this.#fill(replica, key) : what < 7 ? this.#purge(replica, key) : this.#look(replica, key)
    this.#underWay.add(running)
    void running.finally(() => this.#underWay.delete(running))
  }

  async finish(): Promise<void> {
    await Promise.all(this.#underWay)
    for (const replica of this.#replicas) await replica.tier.store.settled()
    for (const replica of this.#replicas) await replica.tier.poll()
    for (const replica of this.#replicas) {
      for (const key of KEYS) await this.#findNothingOlder(replica, key, this.#origin.get(key) as number)
    }
  }

  async #turns(): Promise<void> {
    for (let left = this.#random(12); left > 0; left--) await turn()
  }

  async #fill(replica: Replica, key: CacheKey): Promise<void> {
    const fence = replica.epochs.begin()
    const body = String(this.#origin.get(key))
    await this.#turns()
    const response = aStoredResponse({ body, sequence: fence.sequence, scopes: [scopeOf(key)] })
    if (replica.epochs.admits(fence, response.scopes)) replica.store.store(key, response)
    replica.epochs.end(fence)
  }

  async #purge(replica: Replica, key: CacheKey): Promise<void> {
    const value = (this.#origin.get(key) as number) + 1
    this.#origin.set(key, value)
    await replica.epochs.purge([scopeOf(key)], 'hard')
    await this.#findNothingOlder(replica, key, value)
  }

  async #look(replica: Replica, key: CacheKey): Promise<void> {
    if (this.#random(2) === 0) replica.memory.remove(key)
    await replica.store.lookup(key, [])
  }

  async #findNothingOlder(replica: Replica, key: CacheKey, value: number): Promise<void> {
    const inMemory = replica.memory.lookup(key, []).slot?.response.body.toString()
    const inRedis = await bodyInRedis(replica, key)
    for (const body of [inMemory, inRedis]) {
      assert.ok(body === undefined || Number(body) >= value, `found ${body} after the purge that made it ${value}`)
    }
  }
}

describe('fills and purges in any order (invariant 4)', () => {
  for (let seed = 1; seed <= 8; seed++) {
    test(`a thousand steps on two replicas, seed ${seed}`, async () => {
      const prefix = `seed${seed}`
      const replicas = [await aJoinedReplica(server.url, { prefix }), await aJoinedReplica(server.url, { prefix })]
      const random = randomFrom(seed)
      const play = new Play(replicas, random)
      for (let n = 0; n < 1000; n++) {
        play.step()
        if (random(3) === 0) await turn()
      }
      await play.finish()
      for (const replica of replicas) await replica.close()
    })
  }

  test('the same while the connections are cut again and again', async () => {
    const prefix = 'cut'
    const replicas = [await aJoinedReplica(server.url, { prefix }), await aJoinedReplica(server.url, { prefix })]
    const random = randomFrom(99)
    const play = new Play(replicas, random)
    for (let n = 0; n < 600; n++) {
      play.step()
      if (n % 50 === 25)
        await server.client.call('CLIENT', 'KILL', 'TYPE', n % 100 === 25 ? 'pubsub' : 'normal', 'SKIPME', 'yes')
      if (random(3) === 0) await turn()
    }
    await until('both are back', () => replicas.every(replica => replica.tier.up))
    await play.finish()
    for (const replica of replicas) await replica.close()
  })
})
