// How does a purge reach the other replicas and workers?
//
// The seam between purge epochs, which know nothing of networks, and whatever carries
// purges elsewhere: Redis (redis/), or the messages between workers. A channel delivers
// within its own time limit or says that it could not; it never throws and never queues
// without bound. Without one, a purge is this process's own affair.

import type { Scope } from './scopes.ts'

export type PurgeMode = 'hard' | 'soft'

/** Whether other replicas will hear of a purge. */
export type PurgeReach = 'notified' | 'local'

export interface PurgeDelivery {
  readonly reach: PurgeReach
  /** The number that all replicas agree on, where there is such an agreement. */
  readonly sequence: number | undefined
}

export interface PurgeChannel {
  /** True while sequences are agreed on with others, so that a purge here has to be counted below their next one. */
  readonly agreeing: boolean
  /** True when purges have to be remembered for other stores than memory; the channel says by `forget` for how long. */
  readonly remembers: boolean
  publish(scopes: readonly Scope[], mode: PurgeMode): Promise<PurgeDelivery>
}

export const unconnected: PurgeChannel = {
  agreeing: false,
  remembers: false,
  publish: async () => ({ reach: 'local', sequence: undefined }),
}
