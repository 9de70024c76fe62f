// Does a profile tell what the traffic was like, in bounded memory?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { bytes, epochMs, milliseconds } from '../../../src/base/units.ts'
import { changeRate } from '../../../src/insight/change-rate.ts'
import { KeySample, unitHash } from '../../../src/insight/gather/key-sample.ts'
import { isFingerprinted, PathShapes } from '../../../src/insight/gather/path-shape.ts'
import { Spread } from '../../../src/insight/gather/spread.ts'
import { TrafficGatherer } from '../../../src/insight/gather/traffic-gatherer.ts'
import type { RouteProfile, TrafficRecord } from '../../../src/insight/traffic-profile.ts'

const noon = 1_700_000_000_000

function aRecord(parts: Partial<TrafficRecord> = {}): TrafficRecord {
  const usual = { at: epochMs(noon), route: 'default', method: 'GET', path: '/a', query: '', status: 200, weight: 1 }
  return { ...usual, size: bytes(1000), originTime: milliseconds(50), caller: '', ...parts }
}

function profileOf(records: readonly TrafficRecord[]): RouteProfile[] {
  const gatherer = new TrafficGatherer('observation')
  for (const record of records) gatherer.record(record)
  return [...gatherer.profile(() => false).routes]
}

describe('path shapes', () => {
  test('identifiers become {id}, words stay, assets are their folder', () => {
    const shapes = new PathShapes()
    for (const [path, shape] of [
      ['/api/v1/patients', '/api/v1/patients'],
      ['/api/v1/patients/7', '/api/v1/patients/{id}'],
      ['/api/v1/patients/7/notes/12', '/api/v1/patients/{id}/notes/{id2}'],
      ['/u/9b2c1f04-1c1e-4f0a-9e6b-0a1b2c3d4e5f', '/u/{id}'],
      ['/static/js/app.3f2a1b9c.js', '/static/js/**'],
      ['/app.css', '/**'],
      ['/', '/'],
    ] as const) {
      assert.equal(shapes.learn(path), shape)
    }
  })

  test('more words at one place than a person would name are identifiers', () => {
    const shapes = new PathShapes()
    for (let at = 0; at < 100; at += 1)
      shapes.learn(`/articles/title-${'x'.repeat(at % 10)}${String.fromCharCode(97 + (at % 26))}`)
    assert.equal(shapes.learn('/articles/some-new-title'), '/articles/{id}')
    assert.equal(shapes.learn('/articles'), '/articles')
  })

  test('what was not found teaches nothing', () => {
    const routes = profileOf([
      aRecord({ path: '/api/orders' }),
      ...Array.from({ length: 1000 }, (_, at) => aRecord({ path: `/wp-admin-${at}x`, status: 404 })),
    ])
    assert.deepEqual(
      routes.map(({ shape, requests }) => [shape, requests]),
      [['/api/orders', 1]],
    )
  })

  test('a name made by a bundler is told from one made by a person', () => {
    for (const path of ['/s/app.3f2a1b9c.js', '/s/main-BX4d9k2p.css', '/s/0a1b2c3d4e.woff2'])
      assert.ok(isFingerprinted(path), path)
    for (const path of ['/s/app.js', '/s/jquery-3.7.1.min.js', '/s/background.png'])
      assert.ok(!isFingerprinted(path), path)
  })
})

describe('sketches', () => {
  test('a sample of keys is exact while all fit, and near beyond', () => {
    const sample = new KeySample()
    for (let at = 0; at < 100; at += 1) sample.add(unitHash(`/k/${at}`), 2)
    assert.equal(sample.distinct, 100)
    assert.deepEqual(new Set(sample.popularity().sampled), new Set([2]))
    for (let at = 0; at < 20_000; at += 1) sample.add(unitHash(`/k/${at}`), 1)
    assert.ok(Math.abs(sample.distinct / 20_000 - 1) < 0.35, `${sample.distinct}`)
    assert.ok(sample.popularity().sampled.length <= 128)
  })

  test('a percentile is within a tenth', () => {
    const spread = new Spread<number>()
    for (let value = 1; value <= 1000; value += 1) spread.add(value, 1)
    const { p50, p95, p99, largest, count } = spread.distribution() ?? assert.fail()
    for (const [found, expected] of [
      [p50, 500],
      [p95, 950],
      [p99, 990],
    ] as const) {
      assert.ok(Math.abs(found / expected - 1) < 0.1, `${found} for ${expected}`)
    }
    assert.deepEqual([largest, count], [1000, 1000])
  })
})

describe('a profile', () => {
  test('counts keys and callers, and knows who was anonymous', () => {
    const [profile] = profileOf([
      aRecord({ path: '/p/1', caller: 'a' }),
      aRecord({ path: '/p/1', caller: 'b' }),
      aRecord({ path: '/p/2', caller: 'a' }),
      aRecord({ path: '/p/2', caller: '', weight: 3 }),
    ])
    assert.equal(profile?.shape, '/p/{id}')
    assert.deepEqual([profile.requests, profile.keys.distinct, profile.callerKeys?.distinct], [6, 2, 4])
    assert.deepEqual([profile.callers, profile.anonymous], [2, 0.5])
  })

  test('callers are unknown where the source does not tell', () => {
    const [profile] = profileOf([aRecord({ caller: undefined })])
    assert.deepEqual([profile?.callers, profile?.callerKeys, profile?.anonymous], [undefined, undefined, undefined])
  })

  test('parameters in another order are the same key, and are noticed', () => {
    const [profile] = profileOf([aRecord({ query: 'a=1&b=2' }), aRecord({ query: 'b=2&a=1' })])
    assert.deepEqual([profile?.keys.distinct, profile?.query.reordered], [1, 1])
    assert.deepEqual(profile?.query.names, [
      { name: 'a', requests: 2 },
      { name: 'b', requests: 2 },
    ])
  })

  test('a list that grows is seen to grow', () => {
    const records = Array.from({ length: 200 }, (_, at) =>
      aRecord({ at: epochMs(noon + at * 10_000), size: bytes(1000 + at * 100) }),
    )
    const { first = 0, last = 0 } = profileOf(records)[0]?.growth ?? {}
    assert.ok(last > 3 * first, `${first} to ${last}`)
  })

  test('knows the change rate and whether callers are owed the same', () => {
    const gatherer = new TrafficGatherer('observation')
    for (const path of ['/shared', '/own']) gatherer.record(aRecord({ path }))
    for (let at = 0; at < 600; at += 1) {
      const who = at % 2 === 0 ? 'a' : 'b'
      const about = {
        kind: 'representation',
        at: epochMs(noon + at * 1000),
        route: 'default',
        method: 'GET',
        query: '',
        who,
        size: bytes(1),
      } as const
      gatherer.look({ ...about, path: '/shared', digest: `v${Math.floor(at / 60)}` })
      gatherer.look({ ...about, path: '/own', digest: who })
    }
    const routes = gatherer.profile(() => false).routes
    const [shared, own] = ['/shared', '/own'].map(shape => routes.find(each => each.shape === shape))
    assert.deepEqual(shared?.variance, { compared: 1, personal: 0, alike: 1 })
    assert.deepEqual(own?.variance, { compared: 1, personal: 1, alike: 0 })
    const rate = changeRate(shared?.changes ?? assert.fail()) ?? 0
    assert.ok(rate > 1 / 90 && rate < 1 / 40, `${rate} for one in 60 s`)
  })

  test('10,000 different URLs of 10,000 shapes stay within bounds', () => {
    const gatherer = new TrafficGatherer('observation')
    for (let at = 0; at < 10_000; at += 1) {
      const word = (n: number) => String.fromCharCode(97 + (n % 26)) + String.fromCharCode(97 + (n % 23))
      gatherer.record(aRecord({ path: `/${word(at)}/${word(at >> 3)}/${word(at >> 6)}/${at}`, query: `q${at}=1` }))
    }
    const { routes } = gatherer.profile(() => false)
    assert.ok(routes.length <= 201, `${routes.length}`)
  })

  test('writes are kept apart, with whether they purge', () => {
    const gatherer = new TrafficGatherer('observation')
    gatherer.record(aRecord({ method: 'POST', route: 'writes', path: '/orders', status: 201 }))
    gatherer.record(aRecord({ method: 'PUT', path: '/orders/1', status: 500 }))
    gatherer.record(aRecord({ method: 'DELETE', path: '/orders', status: 204 }))
    const { writes } = gatherer.profile(route => route === 'writes')
    assert.deepEqual(
      writes.map(({ method, shape, purges, successes }) => [method, shape, purges, successes]),
      [
        ['POST', '/orders', true, 1],
        ['DELETE', '/orders', false, 1],
      ],
    )
  })
})
