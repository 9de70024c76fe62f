// Does the memory store keep what every store promises?

import { aMemoryStore } from '../store/stored-responses.ts'
import { storeContract } from './store-contract.ts'

storeContract('the memory store', async () => {
  const bench = aMemoryStore()
  return { ...bench, settled: async () => undefined, close: () => bench.store.close() }
})
