// Do two readers of RFC 9111 agree, and where they don't, which clause says who is right?
//
// `http-cache-semantics` and this code are asked about every combination of what an
// origin may say, for a shared cache: may the response be given to the next, equal
// request without asking, and how long is it fresh? Every disagreement must fall under
// one of the differences listed here, and every difference must still occur, so that the
// list is neither incomplete nor out of date.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import CachePolicy from 'http-cache-semantics'
import { milliseconds, ratio, toSeconds } from '../../src/base/units.ts'
import { currentAge } from '../../src/http/age.ts'
import { requestDirectives, responseDirectives } from '../../src/http/cache-control.ts'
import { formatHttpDate } from '../../src/http/dates.ts'
import { freshnessLifetime, type LifetimeRules } from '../../src/http/freshness.ts'
import { requestAllows, staleWindows } from '../../src/http/staleness.ts'
import { isStorable } from '../../src/http/storable.ts'
import { aRequest, aResponse, noon, secondsAfter } from '../builders/messages.ts'

const RULES: LifetimeRules = {
  ttl: undefined,
  origin: 'obey',
  heuristic: ratio(0.1),
  statuses: new Map(),
  staleWhileRevalidate: milliseconds(0),
  staleIfError: milliseconds(0),
  jitter: ratio(0),
}

type Fields = Readonly<Record<string, string>>

interface Case {
  readonly status: number
  readonly response: Fields
  readonly request: Fields
}

interface Verdict {
  readonly reusable: boolean
  /** Seconds; undefined where it is not reusable at all. */
  readonly lifetime: number | undefined
}

function ours({ status, response: said, request: asked }: Case): Verdict {
  const request = aRequest({ fields: asked })
  const response = aResponse({ status, fields: said })
  const policy = responseDirectives(response.fields)
  const directives = requestDirectives(request.fields)
  const lifetime = freshnessLifetime(response, RULES, policy)
  const windows = staleWindows(policy, RULES, lifetime)
  const credentials = 'Authorization' in asked ? 'authorization' : 'none'
  const storable = isStorable({
    request,
    requestDirectives: directives,
    credentials,
    keyedBody: false,
    answersGet: false,
    response,
    policy,
    lifetime,
    windows,
    setCookie: 'refuse',
    parts: false,
  })
  const facts = { age: currentAge(response, noon), lifetime: lifetime.lifetime, windows }
  const reusable = storable.storable && requestAllows(directives, facts) === 'fresh'
  return { reusable, lifetime: reusable ? toSeconds(lifetime.lifetime) : undefined }
}

class PolicyAtNoon extends CachePolicy {
  now(): number {
    return noon
  }
}

const lowerCase = (fields: Fields) =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value]))

function theirs({ status, response, request }: Case): Verdict {
  const asked = { method: 'GET', url: '/', headers: { host: 'clinic.example', ...lowerCase(request) } }
  const policy = new PolicyAtNoon(
    asked,
    { status, headers: lowerCase(response) },
    { shared: true, cacheHeuristic: 0.1 },
  )
  const reusable = policy.storable() && policy.satisfiesWithoutRevalidation(asked)
  return { reusable, lifetime: reusable ? Math.floor(policy.maxAge()) : undefined }
}

const at = (count: number) => formatHttpDate(secondsAfter(noon, count))

const CACHE_CONTROL = [
  '',
  'max-age=60',
  'max-age=0',
  'max-age="60"',
  'max-age=-1',
  'max-age=60.5',
  'max-age=60, max-age=90',
  'max-age=60, max-age=60',
  's-maxage=30, max-age=60',
  's-maxage=0, max-age=60',
  'no-store, max-age=60',
  'no-store, must-understand, max-age=60',
  'no-cache, max-age=60',
  'no-cache="set-cookie", max-age=60',
  'private, max-age=60',
  'private="x", max-age=60',
  'public',
  'public, max-age=60',
  'must-revalidate, max-age=60',
  'proxy-revalidate, max-age=60',
  'immutable',
  'immutable, max-age=60',
  'pre-check=0, post-check=0, no-store, no-cache, max-age=60',
]
const OTHER: readonly Fields[] = [
  {},
  { Expires: at(120) },
  { Expires: at(-1) },
  { Expires: '0' },
  { Expires: new Date(noon + 120_000).toISOString() },
  { 'Last-Modified': at(-1000) },
  { Age: '50' },
  { Age: '-5' },
  { Age: '100, 5' },
  { Pragma: 'no-cache' },
  { Vary: '*' },
  { 'Set-Cookie': 'a=b' },
]
const REQUESTS: readonly Fields[] = [
  {},
  { Authorization: 'Basic x' },
  { 'Cache-Control': 'no-cache' },
  { 'Cache-Control': 'no-store' },
  { 'Cache-Control': 'max-age=10' },
  { 'Cache-Control': 'min-fresh=40' },
  { Pragma: 'no-cache' },
]
const STATUSES = [200, 201, 203, 204, 206, 302, 304, 404, 410, 418, 429, 500, 503, 999]

const CASES: readonly Case[] = STATUSES.flatMap(status =>
  CACHE_CONTROL.flatMap(control =>
    OTHER.flatMap(other =>
      REQUESTS.map(request => {
        const said = control === '' ? other : { 'Cache-Control': control, ...other }
        return { status, response: { Date: at(0), ...said }, request }
      }),
    ),
  ),
)

interface Difference {
  readonly because: string
  readonly covers: (each: Case, our: Verdict, their: Verdict) => boolean
}

const control = (each: Case) => each.response['Cache-Control'] ?? ''

const DIFFERENCES: readonly Difference[] = [
  {
    because: 'they read Expires in any form a clock can, we an HTTP-date or nothing (§5.3)',
    covers: each => /^\d{4}-/.test(each.response['Expires'] ?? ''),
  },
  {
    because: 'they take a negative Age as making younger, we ignore what is no delta-seconds (§5.1)',
    covers: each => each.response['Age']?.startsWith('-') === true,
  },
  {
    because: 'they read 60.5 as 60 and -1 as -1, to us a malformed max-age is stale (§4.2.1)',
    covers: each => /max-age=(60\.5|-1)/.test(control(each)),
  },
  {
    because: 'of two different max-age they take the last, we count it as stale (§4.2.1)',
    covers: each => control(each) === 'max-age=60, max-age=90',
  },
  {
    because: 'they do not know must-understand (§5.2.2.3)',
    covers: each => control(each).includes('must-understand'),
  },
  {
    because: 'to them no-cache and private with names are as without (§5.2.2.4, §5.2.2.7)',
    covers: each => /(no-cache|private)="/.test(control(each)),
  },
  {
    because: 'they ask under must-revalidate and proxy-revalidate although it is fresh (§5.2.2.2: once stale)',
    covers: (each, our) => our.reusable && /must-revalidate|proxy-revalidate/.test(control(each)),
  },
  {
    because: 'to them immutable makes fresh for a day, but it only speaks of what is fresh (RFC 8246 §2)',
    covers: each => control(each) === 'immutable',
  },
  {
    because: 'they store Set-Cookie with public, we never do (docs/decisions/0001)',
    covers: (each, our) => !our.reusable && 'Set-Cookie' in each.response,
  },
  {
    because: 'they store the statuses they list alone, we any final one that is explicitly fresh (§3)',
    covers: (each, our, their) =>
      our.reusable && !their.reusable && ![200, 203, 204, 302, 404, 410].includes(each.status),
  },
]

describe('differential (RFC 9111 §3, §4.2)', () => {
  test('every disagreement is one of those listed', () => {
    const unlisted = CASES.filter(each => {
      const [our, their] = [ours(each), theirs(each)]
      if (our.reusable === their.reusable && our.lifetime === their.lifetime) return false
      return !DIFFERENCES.some(({ covers }) => covers(each, our, their))
    })
    assert.deepEqual(
      unlisted.map(each => ({ ...each, ours: ours(each), theirs: theirs(each) })),
      [],
    )
  })

  for (const { because, covers } of DIFFERENCES) {
    test(`still differs: ${because}`, () => {
      const found = CASES.find(each => {
        const [our, their] = [ours(each), theirs(each)]
        return (our.reusable !== their.reusable || our.lifetime !== their.lifetime) && covers(each, our, their)
      })
      assert.notEqual(found, undefined)
    })
  }
})
