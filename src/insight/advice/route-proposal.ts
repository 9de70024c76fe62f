// Is this route worth caching, for whom, and for how long?
//
// Who: `everyone` only where callers were compared and given the same; `user` where they
// differ or carry credentials and weren't compared; otherwise `auto`, which shares what
// was asked for without credentials. How long: as the change rate allows; a minute where
// nothing is known of changes, and the origin's own word where it has one.

import { type Bytes, bytes, type Milliseconds, milliseconds, type Ratio, ratio } from '../../base/units.ts'
import { changeRate, expectedStaleness, lifetimeFor } from '../change-rate.ts'
import type { Popularity, RouteProfile, TrafficProfile } from '../traffic-profile.ts'
import { resourceOf, routeName } from './path-words.ts'
import { expectedHitRate } from './popularity.ts'

export interface RouteProposal {
  readonly name: string
  /** As in the file. */
  readonly match: string
  readonly share: 'auto' | 'everyone' | 'user'
  /** Seconds; null: the origin's headers decide. */
  readonly ttl: number | null
  readonly hitRate: Ratio
  /** Share of answers that would be outdated; null where nothing is known of changes. */
  readonly staleness: Ratio | null
  readonly memory: Bytes
  /** Over the time that was watched. */
  readonly originSecondsSaved: number
  readonly immutable: boolean
  readonly tags: readonly string[]
  /** Sentences. */
  readonly reasons: readonly string[]
}

const LEAST_REQUESTS = 20
const LEAST_HIT_RATE = 0.02
/** Compared URLs that make "the same for all callers" more than chance. */
const LEAST_COMPARED = 3
/** Of a stored response besides its body. */
const OVERHEAD = 1024
const UNKNOWN_LIFETIME = milliseconds(60_000)
const ASSET_LIFETIME = milliseconds(30 * 86_400_000)
/** Lifetimes that a person would write, in seconds. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400]

interface Lifetime {
  readonly ttl: Milliseconds | undefined
  readonly staleness: Ratio | null
  readonly reason: string
}

/** Undefined: not worth a route. */
export function proposeRoute(route: RouteProfile, profile: TrafficProfile, target: Ratio): RouteProposal | undefined {
  if (route.method !== 'GET' || route.shape === '/**' || route.requests < LEAST_REQUESTS || isForbidden(route))
    return undefined
  const sharing = shareOf(route)
  const immutable = areFingerprinted(route) && sharing.share !== 'user'
  const lifetime = immutable ? FOR_GOOD : lifetimeOf(route, target)
  if (lifetime === undefined) return undefined
  const keys = keysUnder(route, sharing.share)
  const span = milliseconds(profile.to - profile.from)
  const hitRate = expectedHitRate(keys, span, lifetime.ttl ?? UNKNOWN_LIFETIME)
  if (hitRate < LEAST_HIT_RATE) return undefined
  const resource = resourceOf(route.shape)
  const written = profile.writes.some(write => write.successes > 0 && resourceOf(write.shape) === resource)
  return {
    name: route.route === 'default' ? routeName(route.shape) : route.route,
    match: `GET ${route.shape}`,
    share: sharing.share,
    ttl: lifetime.ttl === undefined ? null : lifetime.ttl / 1000,
    hitRate,
    staleness: lifetime.staleness,
    memory: memoryOf(route, keys),
    originSecondsSaved: Math.round((hitRate * route.requests * meanOriginTime(route)) / 1000),
    immutable,
    tags: written && resource !== undefined ? [resource] : [],
    reasons: [sharing.reason, lifetime.reason],
  }
}

/** The origin says so, or says who it speaks to, in most of its answers. */
function isForbidden({ heads }: RouteProfile): boolean {
  return heads !== undefined && heads.forbidding + heads.settingCookies > heads.looked / 2
}

function shareOf({ variance, anonymous }: RouteProfile): { share: RouteProposal['share']; reason: string } {
  if (variance !== undefined && variance.personal > 0) {
    return {
      share: 'user',
      reason: `callers are given different answers at ${variance.personal} of ${variance.compared} URLs compared`,
    }
  }
  if (variance !== undefined && variance.compared >= LEAST_COMPARED && variance.alike === variance.compared) {
    return { share: 'everyone', reason: `callers were given the same at all ${variance.compared} URLs compared` }
  }
  if (anonymous === undefined)
    return { share: 'auto', reason: 'who asked is not known, so only what is asked without credentials is shared' }
  if (anonymous === 1) return { share: 'auto', reason: 'nobody sent credentials' }
  return { share: 'user', reason: 'callers send credentials, and too few were compared to share more widely' }
}

function areFingerprinted({ assets }: RouteProfile): boolean {
  return assets.requests > 0 && assets.fingerprinted >= assets.requests * 0.98
}

const FILES: Lifetime = {
  ttl: milliseconds(3_600_000),
  staleness: null,
  reason: 'files whose names stay when their content changes: an hour is a guess that a deployment can bear',
}
const FOR_GOOD: Lifetime = { ttl: ASSET_LIFETIME, staleness: ratio(0), reason: 'file names change with their content' }

/** Undefined: it changes faster than a second's caching could bear. */
function lifetimeOf({ changes, heads, assets, requests }: RouteProfile, target: Ratio): Lifetime | undefined {
  if (heads !== undefined && heads.silent < heads.looked / 2) {
    return { ttl: undefined, staleness: null, reason: "the origin's own headers say for how long" }
  }
  const rate = changes === undefined ? undefined : changeRate(changes)
  if (rate === undefined && assets.requests >= requests * 0.98) return FILES
  if (rate === undefined) {
    return {
      ttl: UNKNOWN_LIFETIME,
      staleness: null,
      reason: 'nothing is known of how often it changes: a guess, so observe it first',
    }
  }
  const longest = lifetimeFor(rate, target) / 1000
  if (changes?.intervals.every(({ changed }) => changed === 0) && longest < UNKNOWN_LIFETIME / 1000) {
    const looks = changes.intervals.reduce((sum, each) => sum + each.looks, 0)
    return {
      ttl: UNKNOWN_LIFETIME,
      staleness: null,
      reason: `no change was seen in ${looks} looks, over too short a time to say more`,
    }
  }
  const step = STEPS.findLast(each => each <= longest)
  if (step === undefined) return undefined
  const ttl = milliseconds(step * 1000)
  return { ttl, staleness: expectedStaleness(rate, ttl), reason: `changes about every ${inWords(1 / rate)}` }
}

function keysUnder({ keys, callerKeys }: RouteProfile, share: RouteProposal['share']): Popularity {
  return share === 'user' && callerKeys !== undefined ? callerKeys : keys
}

function memoryOf({ size }: RouteProfile, { distinct }: Popularity): Bytes {
  const mean = size === undefined || size.count === 0 ? 0 : size.total / size.count
  return bytes(Math.round(distinct * (mean + OVERHEAD)))
}

function meanOriginTime({ originTime }: RouteProfile): number {
  return originTime === undefined || originTime.count === 0 ? 0 : originTime.total / originTime.count
}

/** Of seconds. */
export function inWords(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`
  if (seconds < 129_600) return `${Math.round(seconds / 3600)} h`
  return `${Math.round(seconds / 86_400)} days`
}
