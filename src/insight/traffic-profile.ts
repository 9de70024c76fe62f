// What has been seen of the traffic, as far as advice can be drawn from it?
//
// One description for both sources: a running Pillion that observes, and an access log.
// A source gathers TrafficRecords, in bounded memory, into one RouteProfile per route and
// path shape; `advice.ts` reads profiles and nothing else, so that the same traffic gets
// the same advice whichever way it was seen. What a source can't know is undefined, never
// 0: a log has no digests, so it knows neither change rates nor variance between callers.

import type { Bytes, EpochMs, Milliseconds, Ratio } from '../base/units.ts'

/** One answered request, as far as its source knows it. */
export interface TrafficRecord {
  readonly at: EpochMs
  /** The route that takes it under the configuration at hand. */
  readonly route: string
  readonly method: string
  /** Without the query. */
  readonly path: string
  /** Raw, without '?'; '' for none. */
  readonly query: string
  readonly status: number
  /** Body bytes sent. */
  readonly size: Bytes | undefined
  /** How long the origin took; undefined: it was not asked, or the source doesn't tell. */
  readonly originTime: Milliseconds | undefined
  /** Tells callers apart: a digest or a name; '' for nobody in particular, undefined where the source doesn't tell. */
  readonly caller: string | undefined
  /** How many requests this one stands for, where only a sample is recorded; else 1. */
  readonly weight: number
}

export interface TrafficProfile {
  readonly source: 'observation' | 'log'
  /** The first and the last instant seen; equal where there was nothing. */
  readonly from: EpochMs
  readonly to: EpochMs
  /** Safe methods, most origin time first. */
  readonly routes: readonly RouteProfile[]
  /** Unsafe methods, most requests first. */
  readonly writes: readonly WriteProfile[]
}

/** What was seen of the requests with a safe method that one route takes and whose paths have one shape. */
export interface RouteProfile {
  /** Its name in the configuration; `default` where no route matches. */
  readonly route: string
  /** In the form of `match`: `/api/v1/patients/{id}` (path-shape.ts). */
  readonly shape: string
  readonly method: string
  readonly requests: number
  /** How many had status 200. */
  readonly successes: number
  /** Distinct URLs, parameters in order of their names. */
  readonly keys: Popularity
  /** Distinct pairs of URL and caller: what `share: user` would keep. Undefined where callers aren't known. */
  readonly callerKeys: Popularity | undefined
  /** Estimated number of distinct callers; undefined where the source doesn't tell. */
  readonly callers: number | undefined
  /** Share of the requests that carried no credentials; undefined where the source doesn't tell. */
  readonly anonymous: Ratio | undefined
  /** Of the origin's answers; undefined where no time is known. */
  readonly originTime: Distribution<Milliseconds> | undefined
  readonly size: Distribution<Bytes> | undefined
  /** Mean size in the first and the last quarter of what was seen: a list that grows. Undefined: too few. */
  readonly growth: { readonly first: Bytes; readonly last: Bytes } | undefined
  /** Undefined without digests. */
  readonly changes: ChangeObservations | undefined
  readonly variance: CallerVariance | undefined
  /** What the origin's response heads said; undefined where the source doesn't tell. */
  readonly heads: HeadFacts | undefined
  /** Why responses were not stored, and how often; closed list of reasons. */
  readonly uncacheable: ReadonlyMap<string, number>
  readonly query: QueryFacts
  /** Requests of files with an asset's extension, and how many of those have names that change with their content. */
  readonly assets: { readonly requests: number; readonly fingerprinted: number }
}

/** How requests spread over distinct keys: what a hit rate is predicted from. */
export interface Popularity {
  /** Estimated number of distinct ones. */
  readonly distinct: number
  /** Requests of each sampled key, a fair sample of all keys. */
  readonly sampled: readonly number[]
}

export interface Distribution<T extends number> {
  readonly count: number
  readonly total: T
  readonly p50: T
  readonly p95: T
  readonly p99: T
  readonly largest: T
}

/** Looks at one resource, twice for the same caller: how far apart, and was it another representation by then? */
export interface ChangeObservations {
  /** By about equal distances, ascending. */
  readonly intervals: readonly { readonly apart: Milliseconds; readonly looks: number; readonly changed: number }[]
}

/** Resources seen by several callers: was it one representation for all? */
export interface CallerVariance {
  /** Looked at for two or more callers. */
  readonly compared: number
  /** Of these, seen to differ by caller, stably: A was owed d1, B d2, A again d1. */
  readonly personal: number
  /** Of these, callers were given the same one after the other, but for changes with time. */
  readonly alike: number
}

export interface HeadFacts {
  /** Answers whose head was looked at. */
  readonly looked: number
  readonly withEtag: number
  readonly withLastModified: number
  /** No Cache-Control, Expires or Pragma. */
  readonly silent: number
  /** `no-store` or `private`. */
  readonly forbidding: number
  readonly settingCookies: number
  /** Of a media type that compresses well, larger than 1 KiB, to a client that takes a coding, and sent without one. */
  readonly uncompressed: number
  /** Their body bytes. */
  readonly uncompressedBytes: Bytes
}

export interface QueryFacts {
  /** Requests with a query. */
  readonly queried: number
  /** Parameter names, most frequent first, with the number of requests; at most 32. */
  readonly names: readonly { readonly name: string; readonly requests: number }[]
  /** URLs that were seen with their parameters in more than one order. */
  readonly reordered: number
}

export interface WriteProfile {
  readonly route: string
  readonly shape: string
  readonly method: string
  readonly requests: number
  /** With a status below 400. */
  readonly successes: number
  /** The route has a `purge`. */
  readonly purges: boolean
}
