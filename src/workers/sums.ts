// What do several workers amount to?
//
// Their answers and states put together as one process would have given them.

import type { PurgeReceipt } from '../admin/services.ts'
import { bytes } from '../base/units.ts'
import type { StoreUsage } from '../store/store.ts'
import type { UpstreamState } from '../upstream/upstream.ts'

const sum = <T>(all: readonly T[], of: (each: T) => number): number => all.reduce((total, each) => total + of(each), 0)

/** Of nobody: idle, and nothing known. Of the breaker the worst counts. */
export function summedUpstream(states: readonly UpstreamState[]): UpstreamState {
  const is = (breaker: UpstreamState['breaker']) => states.some(each => each.breaker === breaker)
  const known = states.map(({ reachable }) => reachable).filter(each => each !== undefined)
  return {
    connected: sum(states, each => each.connected),
    free: sum(states, each => each.free),
    running: sum(states, each => each.running),
    pending: sum(states, each => each.pending),
    queued: sum(states, each => each.queued),
    utilization: states.length === 0 ? 0 : sum(states, each => each.utilization) / states.length,
    breaker: is('open') ? 'open' : is('half-open') ? 'half-open' : 'closed',
    reachable: known.length === 0 ? undefined : known.includes(true),
  }
}

export function summedUsage(usages: readonly StoreUsage[]): StoreUsage {
  return {
    bytes: bytes(sum(usages, each => each.bytes)),
    limit: bytes(sum(usages, each => each.limit)),
    entries: sum(usages, each => each.entries),
  }
}

/** The first is the leader's, who told the replicas. */
export function summedReceipt(receipts: readonly PurgeReceipt[]): PurgeReceipt {
  const replicas = receipts.some(each => each.replicas === 'notified') ? 'notified' : 'local'
  return { purged: sum(receipts, each => each.purged ?? 0), replicas }
}

/** The entry that says most: one that is stored, and of these the newest. */
export function bestEntry(entries: readonly object[]): object | undefined {
  const storedAt = (entry: object) => (entry as { stored?: { storedAt?: string } | null }).stored?.storedAt ?? ''
  return entries.toSorted((a, b) => storedAt(b).localeCompare(storedAt(a)))[0]
}
