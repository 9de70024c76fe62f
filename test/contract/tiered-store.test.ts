// Does memory before Redis keep what every store promises, on one replica and across two?

import { after, before } from 'node:test'
import type { CacheKey, Store } from '../../src/store/store.ts'
import { aJoinedReplica, type Replica } from '../redis/replicas.ts'
import { RedisServer } from '../redis/server.ts'
import { storeContract } from './store-contract.ts'

let server: RedisServer
let opened = 0
before(async () => {
  server = await RedisServer.start()
})
after(() => server.close())

/** Every test has names of its own in the one Redis. */
const freshPrefix = () => `contract${opened++}`

storeContract('the tiered store', async () => {
  const replica = await aJoinedReplica(server.url, { prefix: freshPrefix() })
  return { ...replica, settled: () => replica.tier.store.settled(), close: () => replica.close() }
})

for (const secrets of [[], ['a secret', 'an older secret']]) {
  storeContract(`another replica through Redis${secrets.length > 0 ? ' with secrets' : ''}`, async () => {
    const prefix = freshPrefix()
    const writer = await aJoinedReplica(server.url, { prefix, secrets })
    const reader = await aJoinedReplica(server.url, { prefix, secrets })
    return {
      store: writtenHereReadThere(writer, reader),
      epochs: writer.epochs,
      clock: bothClocks(writer, reader),
      settled: () => writer.tier.store.settled(),
      close: async () => {
        await writer.close()
        await reader.close()
      },
    }
  })
}

/** Lookups ask the reader, who has heard of all purges and has nothing in memory. */
function writtenHereReadThere(writer: Replica, reader: Replica): Store {
  return {
    lookup: async (key: CacheKey, presented) => {
      await reader.tier.poll()
      reader.memory.remove(key)
      return reader.store.lookup(key, presented)
    },
    slotOf: (key, response) => writer.store.slotOf(key, response),
    store: (key, response) => writer.store.store(key, response),
    remove: key => writer.store.remove(key),
    usage: () => writer.store.usage(),
    close: () => writer.store.close(),
  }
}

function bothClocks(one: Replica, other: Replica) {
  const pass = one.clock.pass.bind(one.clock)
  one.clock.pass = ms => {
    pass(ms)
    other.clock.pass(ms)
  }
  return one.clock
}
