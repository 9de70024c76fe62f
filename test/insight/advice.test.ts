// Is what is proposed safe, worth it, and accepted by `check`?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { bytes, epochMs, milliseconds, ratio } from '../../src/base/units.ts'
import { adviceReport } from '../../src/insight/advice/advice-report.ts'
import { expectedHitRate } from '../../src/insight/advice/popularity.ts'
import { type Advice, advise } from '../../src/insight/advice.ts'
import type { RouteProfile, TrafficProfile, WriteProfile } from '../../src/insight/traffic-profile.ts'
import { compile } from '../routing/builders.ts'

const hour = 3_600_000
const terms = { upstream: 'http://127.0.0.1:8000', slow: milliseconds(1000), staleness: ratio(0.05) }

function spread<T extends number>(
  value: number,
): NonNullable<RouteProfile['size']> & { total: T; p50: T; p95: T; p99: T; largest: T } {
  return { count: 1000, total: value * 1000, p50: value, p95: value, p99: value, largest: value } as never
}

function aProfile(parts: Partial<RouteProfile> = {}): RouteProfile {
  const keys = { distinct: 10, sampled: Array.from({ length: 10 }, () => 100) }
  return {
    route: 'default',
    shape: '/api/v1/patients/{id}',
    method: 'GET',
    requests: 1000,
    successes: 1000,
    keys,
    callerKeys: { distinct: 50, sampled: Array.from({ length: 50 }, () => 20) },
    callers: 5,
    anonymous: ratio(0),
    originTime: spread(200),
    size: spread(2000),
    growth: undefined,
    changes: { intervals: [{ apart: milliseconds(60_000), looks: 1000, changed: 100 }] },
    variance: undefined,
    heads: {
      looked: 1000,
      withEtag: 1000,
      withLastModified: 0,
      silent: 1000,
      forbidding: 0,
      settingCookies: 0,
      uncompressed: 0,
      uncompressedBytes: bytes(0),
    },
    uncacheable: new Map(),
    query: { queried: 0, names: [], reordered: 0 },
    assets: { requests: 0, fingerprinted: 0 },
    ...parts,
  }
}

function adviceOn(routes: readonly RouteProfile[], writes: readonly WriteProfile[] = []): Advice {
  const profile: TrafficProfile = { source: 'observation', from: epochMs(0), to: epochMs(hour), routes, writes }
  return advise(profile, terms)
}

describe('a share is never wider than what was seen to be safe', () => {
  for (const [name, parts, share] of [
    ['callers that differ', { variance: { compared: 9, personal: 1, alike: 8 } }, 'user'],
    ['callers given the same', { variance: { compared: 3, personal: 0, alike: 3 } }, 'everyone'],
    ['too few compared', { variance: { compared: 2, personal: 0, alike: 2 } }, 'user'],
    ['one URL that could not be told', { variance: { compared: 9, personal: 0, alike: 8 } }, 'user'],
    ['nobody compared', {}, 'user'],
    ['nobody with credentials', { anonymous: ratio(1) }, 'auto'],
    ['callers unknown', { anonymous: undefined, callers: undefined, callerKeys: undefined }, 'auto'],
  ] as const) {
    test(`${name}: ${share}`, () => assert.equal(adviceOn([aProfile(parts)]).routes[0]?.share, share))
  }

  test('per user the hit rate is that of callers’ own keys', () => {
    const [shared = 0, own = 1] = [
      { compared: 5, personal: 0, alike: 5 },
      { compared: 5, personal: 5, alike: 0 },
    ].map(variance => adviceOn([aProfile({ variance })]).routes[0]?.hitRate ?? assert.fail())
    assert.ok(own < shared, `${own} and ${shared}`)
  })
})

describe('lifetime', () => {
  test('as long as 5 % of the answers are outdated, in a step that a person would write', () => {
    const [route] = adviceOn([aProfile()]).routes
    // One change in 9.5 min: 5 % after 58 s.
    assert.equal(route?.ttl, 30)
    assert.ok((route.staleness ?? 1) <= 0.05)
  })

  test('a minute where no change was seen, but not for long', () => {
    const still = (seconds: number) => ({
      changes: { intervals: [{ apart: milliseconds(seconds * 1000), looks: 100, changed: 0 }] },
    })
    assert.deepEqual(
      adviceOn([aProfile(still(0.01))]).routes.map(({ ttl, staleness }) => [ttl, staleness]),
      [[60, null]],
    )
    assert.equal(adviceOn([aProfile(still(3600))]).routes[0]?.ttl, 43_200)
  })

  test('none where the origin says itself for how long', () => {
    const heads = { ...aProfile().heads, silent: 0 } as NonNullable<RouteProfile['heads']>
    assert.equal(adviceOn([aProfile({ heads })]).routes[0]?.ttl, null)
  })

  test('what changes all the time, is forbidden, or is asked for once is left alone', () => {
    const restless = { changes: { intervals: [{ apart: milliseconds(500), looks: 1000, changed: 990 }] } }
    const forbidden = { heads: { ...aProfile().heads, forbidding: 900 } as NonNullable<RouteProfile['heads']> }
    const once = { callerKeys: { distinct: 1000, sampled: Array.from({ length: 128 }, () => 1) } }
    for (const parts of [restless, forbidden, once, { requests: 5 }])
      assert.deepEqual(adviceOn([aProfile(parts)]).routes, [])
  })

  test('fingerprinted assets are kept for good', () => {
    const assets = { shape: '/static/**', anonymous: ratio(1), assets: { requests: 1000, fingerprinted: 1000 } }
    assert.deepEqual(
      adviceOn([aProfile(assets)]).routes.map(({ ttl, immutable }) => [ttl, immutable]),
      [[30 * 86_400, true]],
    )
  })
})

test('expected hits: of the requests in a lifetime all but the first', () => {
  const popularity = { distinct: 1, sampled: [3600] }
  assert.ok(Math.abs(expectedHitRate(popularity, milliseconds(hour), milliseconds(9000)) - 0.9) < 1e-9)
  assert.equal(expectedHitRate({ distinct: 9, sampled: [1, 1, 1] }, milliseconds(hour), milliseconds(hour)), 0)
})

describe('the YAML', () => {
  const routes = [
    aProfile(),
    aProfile({ shape: '/api/v1/patients' }),
    aProfile({ shape: '/api/v2/patients' }),
    aProfile({ shape: '/' }),
    aProfile({ shape: "/odd(=')~;/{id}" }),
    aProfile({ shape: '/static/**', variance: { compared: 4, personal: 0, alike: 4 } }),
    aProfile({ route: 'configured', shape: '/c/{thing}' }),
  ]
  const writes = [
    { route: 'default', shape: '/api/v1/patients/{id}', method: 'PUT', requests: 3, successes: 3, purges: false },
    { route: 'default', shape: '/api/v1/patients/{id}', method: 'DELETE', requests: 3, successes: 3, purges: false },
    { route: 'default', shape: '/elsewhere', method: 'POST', requests: 3, successes: 3, purges: false },
  ]

  test('is accepted, routes as it says, and tells expectation and reason of each', () => {
    const { yaml, routes: proposed } = adviceOn(routes, writes)
    const { compiled, problems } = compile(yaml)
    assert.deepEqual(problems, [])
    assert.deepEqual(new Set(proposed.map(({ name }) => name)).size, routes.length)
    for (const { name, match } of proposed) assert.equal(compiled.written.get(name)?.match, match)
    const purging = [...compiled.router.routes].filter(route => route.purge.length > 0)
    assert.deepEqual(
      purging.map(({ match }) => match),
      ['DELETE|PUT /api/v1/patients/{id}'],
    )
    assert.equal(yaml.match(/# Expected: /g)?.length, routes.length)
  })

  test('of no traffic is a file too', () => {
    const { yaml } = adviceOn([])
    assert.deepEqual(compile(yaml).problems, [])
  })
})

describe('the report on the backend', () => {
  const heads = { ...aProfile().heads, withEtag: 0, uncompressed: 900, uncompressedBytes: bytes(9_000_000) }
  for (const [kind, parts] of [
    ['slow-route', { originTime: spread(3000) }],
    ['growing-list', { shape: '/list', growth: { first: bytes(20_000), last: bytes(40_000) } }],
    ['unpaginated-list', { shape: '/list', size: spread(300_000) }],
    ['missing-validators', { heads: { ...heads, uncompressed: 0 } }],
    ['uncompressed', { heads: { ...heads, withEtag: 9 } }],
    ['unversioned-assets', { shape: '/static/**', assets: { requests: 100, fingerprinted: 3 } }],
    ['query-order', { query: { queried: 9, names: [], reordered: 2 } }],
  ] as const) {
    test(`${kind}, and nothing else`, () => {
      const { backend } = adviceOn([aProfile(parts as Partial<RouteProfile>)])
      assert.deepEqual(
        backend.map(each => each.kind),
        [kind],
      )
      assert.ok(adviceReport({ routes: [], backend }).includes(backend[0]?.evidence ?? '?'))
    })
  }

  test('a list with pages is no finding', () => {
    const query = { queried: 900, names: [{ name: 'limit', requests: 900 }], reordered: 0 }
    assert.deepEqual(adviceOn([aProfile({ shape: '/list', size: spread(300_000), query })]).backend, [])
  })

  test('a write that purges nothing is told if its resource is read', () => {
    const write = {
      route: 'default',
      shape: '/api/v1/patients',
      method: 'POST',
      requests: 3,
      successes: 3,
      purges: false,
    }
    assert.deepEqual(
      adviceOn([aProfile()], [write]).backend.map(({ kind }) => kind),
      ['write-without-purge'],
    )
    assert.deepEqual(adviceOn([aProfile()], [{ ...write, purges: true }]).backend, [])
    assert.deepEqual(adviceOn([aProfile()], [{ ...write, shape: '/other' }]).backend, [])
  })
})
