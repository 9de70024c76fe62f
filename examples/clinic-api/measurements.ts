// What did the staff experience, in numbers?
//
// Outcomes as Pillion's own Cache-Status member states them (RFC 9211), latencies from
// the client's side of the socket, percentiles by nearest rank over real samples: the
// smallest value that the given share of all samples does not exceed. Memory is bounded:
// of a long run the newest samples count.

/**
 * `rescued`: stale, because the API failed. `passed`: never meant for the cache (writes,
 * sign-in). `failed`: no answer at all.
 */
export type Seen = 'hit' | 'stale' | 'rescued' | 'collapsed' | 'revalidated' | 'miss' | 'passed' | 'failed'

/** What Pillion says it did; `miss` where it says nothing, so that silence never looks good. */
export function seenIn(cacheStatus: string | undefined): Seen {
  const own = cacheStatus?.split(',').findLast(member => /^\s*"?pillion"?\s*(;|$)/i.test(member))
  if (own === undefined) return 'miss'
  const says = (pattern: RegExp) => own.split(';').some(parameter => pattern.test(parameter.trim()))
  if (says(/^hit$/)) return says(/^ttl=-/) ? 'stale' : 'hit'
  if (says(/^collapsed$/)) return 'collapsed'
  if (says(/^detail="?stale-if-error/)) return 'rescued'
  if (says(/^fwd-status=304$/)) return 'revalidated'
  return says(/^fwd="?(bypass|method)"?$/) ? 'passed' : 'miss'
}

/** The newest `capacity` values of one kind. */
export class Samples {
  readonly #values: Float64Array
  #count = 0

  constructor(capacity = 20_000) {
    this.#values = new Float64Array(capacity)
  }

  get count(): number {
    return this.#count
  }

  add(value: number): void {
    this.#values[this.#count % this.#values.length] = value
    this.#count += 1
  }

  /** Nearest rank; undefined where there is no sample. `share` in (0, 1]. */
  percentile(share: number): number | undefined {
    const sorted = this.#values.slice(0, Math.min(this.#count, this.#values.length)).sort()
    return sorted[Math.max(Math.ceil(share * sorted.length) - 1, 0)]
  }
}

export interface Observation {
  /** Name of the API's route, as in routes.ts. */
  readonly route: string
  readonly seen: Seen
  readonly milliseconds: number
}

/** Needed no answer's worth of work from the API; the first two did not even wait for it. */
const FROM_CACHE: ReadonlySet<Seen> = new Set(['hit', 'stale', 'rescued', 'collapsed', 'revalidated'])
const AT_ONCE: ReadonlySet<Seen> = new Set(['hit', 'stale'])

export class Measurements {
  /** Milliseconds of reads that did not wait for the API. */
  readonly cached = new Samples()
  /** Milliseconds of reads that did. */
  readonly uncached = new Samples()
  readonly poolUse = new Samples()
  readonly #byRoute = new Map<string, number>()
  #requests = 0
  #reads = 0
  #cachedReads = 0
  #failed = 0
  #writesChecked = 0
  #writesSeen = 0
  #events = 0

  record({ route, seen, milliseconds }: Observation): void {
    this.#requests += 1
    if (seen === 'failed') this.#failed += 1
    else this.#byRoute.set(route, (this.#byRoute.get(route) ?? 0) + 1)
    if (seen === 'passed') return
    this.#reads += 1
    if (FROM_CACHE.has(seen)) this.#cachedReads += 1
    const samples = AT_ONCE.has(seen) ? this.cached : this.uncached
    samples.add(milliseconds)
  }

  /** Somebody wrote, read again at once, and did or did not find what had been written. */
  recordOwnWrite(isSeen: boolean): void {
    this.#writesChecked += 1
    if (isSeen) this.#writesSeen += 1
  }

  recordEvent(): void {
    this.#events += 1
  }

  get requests(): number {
    return this.#requests
  }

  get failed(): number {
    return this.#failed
  }

  get events(): number {
    return this.#events
  }

  get ownWrites(): { readonly checked: number; readonly seen: number } {
    return { checked: this.#writesChecked, seen: this.#writesSeen }
  }

  /** Share of reads answered from the cache, 0 to 1; undefined before the first read. */
  get hitRate(): number | undefined {
    return this.#reads === 0 ? undefined : this.#cachedReads / this.#reads
  }

  /** Queries that the same requests would have cost without a cache: each route's requests at that route's mean cost. */
  expectedQueries(costs: Readonly<Record<string, { readonly requests: number; readonly queries: number }>>): number {
    let expected = 0
    for (const [route, requests] of this.#byRoute) {
      const cost = costs[route]
      if (cost !== undefined && cost.requests > 0) expected += (requests * cost.queries) / cost.requests
    }
    return Math.round(expected)
  }
}
