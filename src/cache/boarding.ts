// Whom may a request wait for, and did it reach the origin at all?
//
// Two questions that the forwarder asks of an errand and of a fault, apart from it because
// they are facts and it is steps. Callers board the flight of a response's own key only
// when they could be given the stored response.

import type { Fault } from '../base/fault.ts'
import type { CacheKey } from '../store/store.ts'
import type { Errand } from './deliver.ts'

/**
 * Under which key others may board: the response's, among callers who could be given it. Whom
 * the origin has still to accept waits for no other caller, only for its own requests.
 */
export function boardingKey({ routed, facts: { acceptance = 'not-needed' } }: Errand): CacheKey {
  if (acceptance === 'not-needed' || acceptance === 'accepted') return routed.key
  return `${routed.key}${routed.sharing.acceptance?.caller ?? ''}` as CacheKey
}

const NEVER_SENT: ReadonlySet<string> = new Set([
  'UPSTREAM_REFUSED',
  'UPSTREAM_UNREACHABLE',
  'UPSTREAM_DNS',
  'UPSTREAM_TLS',
  'UPSTREAM_CONNECT_TIMEOUT',
  'UPSTREAM_QUEUE_FULL',
  'UPSTREAM_QUEUE_TIMEOUT',
  'UPSTREAM_BREAKER_OPEN',
])

/** Whether the origin may have seen the request, so that its outcome is unknown. */
export function wasSent(fault: Fault): boolean {
  return !NEVER_SENT.has(fault.code)
}
