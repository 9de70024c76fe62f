// What does a browser's developer tool learn of where the time went?
//
// One Server-Timing value (W3C Server Timing): `pillion`, with the outcome, is the time to
// the head; `store` the wait for Redis, `queue` for a connection, `origin` from sending to
// the head. What did not happen is not named. Durations in milliseconds.

import type { Outcome } from '../base/events.ts'
import type { Milliseconds } from '../base/units.ts'

export interface TimedAnswer {
  readonly outcome: Outcome
  readonly total: Milliseconds
  readonly lookup?: Milliseconds
  readonly queued?: Milliseconds | undefined
  /** From the departure to the head, the wait for a connection included. */
  readonly upstream: Milliseconds | undefined
}

export function serverTiming({ outcome, total, lookup, queued, upstream }: TimedAnswer): string {
  const origin = upstream === undefined ? undefined : upstream - (queued ?? 0)
  const parts = [`pillion;desc=${outcome};dur=${tenths(total)}`]
  if (lookup !== undefined) parts.push(`store;dur=${tenths(lookup)}`)
  if (queued !== undefined) parts.push(`queue;dur=${tenths(queued)}`)
  if (origin !== undefined) parts.push(`origin;dur=${tenths(origin)}`)
  return parts.join(', ')
}

const tenths = (duration: number) => Math.round(duration * 10) / 10
