// How does a response say what this cache did?
//
// Cache-Status (RFC 9211) with the name `pillion`, appended after what caches further
// up said. `hit` and `fwd` exclude each other (§2.1, §2.2); a response that was stale and
// came after asking is `fwd=stale`. Only what is so is said: no `stored=?0`. `detail`
// carries the decision's reason unchanged, as a token where it is one.

import { type Milliseconds, toSeconds } from '../base/units.ts'

/** Why the request went forward (RFC 9211 §2.2). */
export type ForwardReason = 'bypass' | 'method' | 'uri-miss' | 'vary-miss' | 'miss' | 'request' | 'stale' | 'partial'

export interface CacheStatusFacts {
  /** Undefined for a hit; absent where the request was neither answered from here nor sent on. */
  readonly forwarded?: ForwardReason | undefined
  /** The origin's status, where it differs from the one sent (RFC 9211 §2.3). */
  readonly forwardStatus?: number | undefined
  /** Freshness left, negative when stale. */
  readonly ttl?: Milliseconds | undefined
  readonly stored?: boolean | undefined
  readonly collapsed?: boolean | undefined
  /** Only for debugging: keys hold what callers sent. */
  readonly key?: string | undefined
  readonly detail?: string | undefined
}

/** One member of the Cache-Status list. */
export function formatCacheStatus(facts: CacheStatusFacts): string {
  const parameters: string[] = []
  if (facts.forwarded !== undefined) parameters.push(`fwd=${facts.forwarded}`)
  else if ('forwarded' in facts) parameters.push('hit')
  if (facts.forwardStatus !== undefined) parameters.push(`fwd-status=${facts.forwardStatus}`)
  if (facts.ttl !== undefined) parameters.push(`ttl=${toSeconds(facts.ttl)}`)
  if (facts.stored === true) parameters.push('stored')
  if (facts.collapsed === true) parameters.push('collapsed')
  if (facts.key !== undefined) parameters.push(`key=${quoted(facts.key)}`)
  if (facts.detail !== undefined) parameters.push(`detail=${tokenOrString(facts.detail)}`)
  return ['pillion', ...parameters].join('; ')
}

function tokenOrString(text: string): string {
  return /^[A-Za-z*][A-Za-z0-9!#$%&'*+\-.^_`|~:/]*$/.test(text) ? text : quoted(text)
}

/** A structured field's String (RFC 9651 §3.3.3); what it can't hold becomes '?'. */
function quoted(text: string): string {
  return `"${text.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`
}
