// Why was it a miss, the last few times?
//
// The last requests of a path that were not plain hits, for `explain`. Hits cost one
// comparison and are not kept: that they are hits explains them. Bounded in paths, in
// requests a path, and in the length of what is remembered; the path asked for longest
// ago goes first. Of a caller only the digest of the log is kept.

import type { RequestEvent, Telemetry, TelemetryEvent } from '../base/events.ts'
import { keyedQuery } from '../routing/query.ts'
import type { Route } from '../routing/route.ts'

const MOST_PATHS = 1000
const MOST_A_PATH = 8
/** Longer targets are not remembered. */
const LONGEST = 512

/** What `POST /api/explain` tells of one. */
export interface LastDecision {
  readonly at: string
  readonly method: string
  readonly outcome: string
  readonly reason: string
  readonly status: number
  readonly who: string
}

type Kept = Pick<RequestEvent, 'at' | 'method' | 'outcome' | 'reason' | 'status' | 'who' | 'query' | 'route'>

export class LastDecisions implements Telemetry {
  readonly #paths = new Map<string, Kept[]>()

  emit(event: TelemetryEvent): void {
    if (event.kind !== 'request' || event.outcome === 'hit') return
    if (event.path.length + event.query.length > LONGEST) return
    const { at, method, outcome, reason, status, who, query, route } = event
    const kept = this.#paths.get(event.path) ?? []
    this.#paths.delete(event.path)
    this.#paths.set(event.path, kept)
    if (kept.length === MOST_A_PATH) kept.shift()
    kept.push({ at, method, outcome, reason, status, who, query, route })
    if (this.#paths.size <= MOST_PATHS) return
    const [oldest] = this.#paths.keys()
    if (oldest !== undefined) this.#paths.delete(oldest)
  }

  /** Those that had the same key but for the caller, newest first. */
  of(route: Pick<Route, 'name' | 'query'>, request: { readonly path: string; readonly query: string | undefined }) {
    const key = (query: string | undefined) => keyedQuery(route.query, query) ?? ''
    const wanted = key(request.query)
    const found = (this.#paths.get(request.path) ?? []).filter(
      kept => kept.route === route.name && key(kept.query === '' ? undefined : kept.query) === wanted,
    )
    return found.toReversed().map(
      ({ at, method, outcome, reason, status, who }): LastDecision => ({
        at: new Date(at).toISOString(),
        method,
        outcome,
        reason,
        status,
        who,
      }),
    )
  }
}
