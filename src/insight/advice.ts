// What should be cached, for whom and for how long, and what should the backend's owners know?
//
// Reads a profile of the traffic (traffic-profile.ts) and nothing else: from a log and
// from a running Pillion alike. A share is never proposed wider than what was seen to be
// safe, a lifetime only as long as few answers would be outdated, and what isn't worth
// a route gets none. The YAML is a file that `check` accepts, with its reasons as comments.

import type { Milliseconds, Ratio } from '../base/units.ts'
import { backendAdvice } from './advice/backend-advice.ts'
import { proposalYaml } from './advice/proposal-yaml.ts'
import { proposeRoute, type RouteProposal } from './advice/route-proposal.ts'
import type { TrafficProfile } from './traffic-profile.ts'

/** Closed list; each is explained in docs/advice.md. */
export type BackendKind =
  | 'slow-route'
  | 'growing-list'
  | 'unpaginated-list'
  | 'missing-validators'
  | 'uncompressed'
  | 'unversioned-assets'
  | 'query-order'
  | 'write-without-purge'

export interface BackendAdvice {
  readonly kind: BackendKind
  /** A route of the proposal or of the configuration, or a path's shape. */
  readonly route: string
  readonly evidence: string
  readonly advice: string
}

export interface Advice {
  readonly yaml: string
  /** Worth most origin time first; `ttl` in seconds, null where the origin's headers decide. */
  readonly routes: readonly RouteProposal[]
  readonly backend: readonly BackendAdvice[]
}

/** What the profile can't know. */
export interface AdviceTerms {
  /** `upstream.url`, for the file. */
  readonly upstream: string
  /** `slo.uncached`. */
  readonly slow: Milliseconds
  /** Largest share of answers that may be outdated. */
  readonly staleness: Ratio
}

export function advise(profile: TrafficProfile, terms: AdviceTerms): Advice {
  const routes = profile.routes
    .map(route => proposeRoute(route, profile, terms.staleness))
    .filter(proposal => proposal !== undefined)
    .sort((a, b) => b.originSecondsSaved - a.originSecondsSaved)
  const distinct = withOwnNames(routes)
  return {
    yaml: proposalYaml(distinct, profile, terms),
    routes: distinct,
    backend: backendAdvice(profile, terms.slow),
  }
}

/** One route per `match`, each with a name of its own. */
function withOwnNames(proposals: readonly RouteProposal[]): RouteProposal[] {
  const matches = new Set<string>()
  const names = new Set<string>()
  const kept: RouteProposal[] = []
  for (const proposal of proposals) {
    if (matches.has(proposal.match)) continue
    matches.add(proposal.match)
    let { name } = proposal
    for (let number = 2; names.has(name); number += 1) name = `${proposal.name}-${number}`
    names.add(name)
    kept.push({ ...proposal, name })
  }
  return kept
}
