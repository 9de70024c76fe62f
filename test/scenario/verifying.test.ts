// Does `verify` find out what the origin would have given, and is a personal route stopped?

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { rawRequest } from '../clients/raw-client.ts'
import { Barrier, until } from '../origin/barrier.ts'
import type { OriginRequest } from '../origin/exchange.ts'
import { startOrigin } from '../origin/origin.ts'
import { wireField } from '../origin/wire.ts'
import { metric, metricReaches } from './metrics-of.ts'
import { cacheStatusOf, QUICK_DRAIN, Scene, startPillion, startScene } from './start-pillion.ts'

const EVERYONE = 'routes: { all: { match: /**, ttl: 1m, share: everyone, verify: 100% } }'
const alice = ['Authorization', 'Bearer alice']
const bob = ['Authorization', 'Bearer bob']

const verified = (result: string) => `pillion_verified_total{route="all",result="${result}"}`
const callerOf = ({ fields }: OriginRequest) => wireField(fields, 'authorization') ?? 'nobody'
const purposeOf = ({ fields }: OriginRequest) => wireField(fields, 'pillion-purpose')

/** A hit, and the end of its verification. */
async function verifiedHit(scene: Scene, caller: readonly string[], result: string): Promise<void> {
  const before = await metric(scene, verified(result))
  assert.match(cacheStatusOf(await scene.get('/a', caller)), /^pillion; hit/)
  await metricReaches(scene, verified(result), before + 1)
}

describe('verify (contract §2)', () => {
  test('asks the origin again with the same caller’s request, without conditions, and says so', async () => {
    await using scene = await startScene(EVERYONE, exchange => exchange.respond({ body: 'hello' }))
    await scene.get('/a?b=1', alice)
    await scene.get('/a?b=1', [...bob, 'If-None-Match', '"x"', 'Range', 'bytes=0-1'])
    await metricReaches(scene, verified('same'), 1)

    const again = scene.origin.requests[1] as OriginRequest
    assert.deepEqual([again.method, again.target, callerOf(again)], ['GET', '/a?b=1', 'Bearer bob'])
    assert.equal(purposeOf(again), 'verify')
    for (const name of ['if-none-match', 'range']) assert.equal(wireField(again.fields, name), undefined)
  })

  test('an answer compressed anew is the same', async () => {
    await using scene = await startScene(EVERYONE, exchange => {
      const body = gzipSync('hello '.repeat(100), { level: exchange.request.number })
      exchange.respond({ fields: ['Content-Encoding', 'gzip', 'Content-Type', 'text/plain'], body })
    })
    await scene.get('/a', ['Accept-Encoding', 'gzip'])
    await scene.get('/a', ['Accept-Encoding', 'gzip'])
    await metricReaches(scene, verified('same'), 1)
  })

  test('an origin whose content merely changes is never quarantined, whoever asks', async () => {
    await using scene = await startScene(EVERYONE, exchange =>
      exchange.respond({ body: `at ${exchange.request.number}` }),
    )
    await scene.get('/a', alice)
    for (const caller of [bob, alice, [], bob, alice, bob, [], alice]) await verifiedHit(scene, caller, 'changed')
    assert.equal(await metric(scene, 'pillion_quarantined{route="all"}'), 0)
    assert.equal(await metric(scene, verified('personal')), 0)
  })

  test('an origin that turns personal in the middle of a run is caught, and nobody is given another’s body after that', async () => {
    let personal = false
    await using scene = await startScene(EVERYONE, exchange =>
      exchange.respond({ body: personal ? `for ${callerOf(exchange.request)}` : 'for all' }),
    )
    await scene.get('/a', alice)
    for (const caller of [alice, bob]) await verifiedHit(scene, caller, 'same')
    personal = true
    for (const caller of [alice, bob]) await verifiedHit(scene, caller, 'changed')
    assert.match(cacheStatusOf(await scene.get('/a', alice)), /hit/)
    await metricReaches(scene, 'pillion_quarantined{route="all"}', 1)

    for (const caller of [bob, alice, bob]) {
      const passed = await scene.get('/a', caller)
      assert.equal(passed.body, `for ${caller[1]}`)
      assert.equal(cacheStatusOf(passed), 'pillion; fwd=bypass; detail=quarantine')
    }
    assert.equal(await metric(scene, verified('personal')), 1)
    assert.equal(await metric(scene, 'pillion_quarantined{route="all"}'), 1)
  })

  test('the caller of the fill counts, so that two looks are enough', async () => {
    await using scene = await startScene(EVERYONE, exchange => exchange.respond({ body: callerOf(exchange.request) }))
    await scene.get('/a', alice)
    await verifiedHit(scene, bob, 'changed')
    await scene.get('/a', alice)
    await metricReaches(scene, 'pillion_quarantined{route="all"}', 1)
    assert.equal((await scene.get('/a', bob)).body, 'Bearer bob')
  })

  test('/api/stats tells how stale a route really is', async () => {
    let version = 1
    await using scene = await startScene(EVERYONE, exchange =>
      exchange.respond({ fields: exchange.request.number === 1 ? ['Age', '20'] : [], body: `v${version}` }),
    )
    await scene.get('/a', alice)
    for (let round = 0; round < 3; round += 1) await verifiedHit(scene, bob, 'same')
    version = 2
    await verifiedHit(scene, bob, 'changed')
    const port = Number(scene.app.admin.split(':').at(-1))
    const { body } = await rawRequest({ port }, ['GET', '/api/stats'], ['Host', 'localhost'])
    const [route] = (JSON.parse(body) as { verified: Record<string, number>[] }).verified
    const { changedAge = 0, ...rest } = route ?? {}
    assert.deepEqual(rest, {
      route: 'all',
      same: 3,
      changed: 1,
      refused: 0,
      personal: 0,
      unenforced: 0,
      staleness: 0.25,
    })
    assert.ok(changedAge >= 20 && changedAge < 60, `${changedAge}`)
  })

  test('a response that is filling while its route is quarantined is neither stored nor shared', async () => {
    const barrier = new Barrier()
    await using scene = await startScene(EVERYONE, async exchange => {
      if (exchange.request.target === '/slow' && callerOf(exchange.request) === 'Bearer alice') await barrier.passed
      exchange.respond({ body: callerOf(exchange.request) })
    })
    await scene.get('/a', alice)
    await verifiedHit(scene, bob, 'changed')
    const leading = scene.get('/slow', alice)
    await until(() => scene.origin.requests.some(({ target }) => target === '/slow'))
    const following = scene.get('/slow', bob)
    await scene.get('/a', alice)
    await metricReaches(scene, 'pillion_quarantined{route="all"}', 1)
    barrier.open()

    assert.equal((await leading).body, 'Bearer alice')
    assert.equal((await following).body, 'Bearer bob')
    assert.equal(cacheStatusOf(await scene.get('/slow', bob)), 'pillion; fwd=bypass; detail=quarantine')
  })

  test('a caller that the origin refuses loses what was stored for them, others keep theirs', async () => {
    const text = 'routes: { all: { match: /**, ttl: 1m, share: user, verify: 100% } }'
    let revoked = ''
    await using scene = await startScene(text, exchange => {
      const caller = callerOf(exchange.request)
      exchange.respond(caller === revoked ? { status: 401, body: 'who?' } : { body: caller })
    })
    for (const caller of [alice, bob]) await scene.get('/a', caller)
    revoked = 'Bearer alice'
    await verifiedHit(scene, alice, 'refused')
    assert.equal((await scene.get('/a', alice)).status, 401)
    await verifiedHit(scene, bob, 'same')
  })

  test('hits of HEAD, and unsafe methods, are never verified', async () => {
    const text = 'routes: { all: { match: /**, ttl: 1m, share: everyone, verify: 100%, body: true } }'
    await using scene = await startScene(text, exchange => exchange.respond({ body: 'hello' }))
    await scene.get('/a')
    await scene.request(['POST', '/search'], ['Content-Type', 'text/plain'], 'q')
    for (let round = 0; round < 3; round += 1) {
      assert.match(cacheStatusOf(await scene.request(['HEAD', '/a'])), /hit/)
      assert.match(cacheStatusOf(await scene.request(['POST', '/search'], ['Content-Type', 'text/plain'], 'q')), /hit/)
    }
    await scene.get('/a')
    await metricReaches(scene, verified('same'), 1)
    assert.equal(scene.origin.requests.filter(request => purposeOf(request) !== undefined).length, 1)
  })

  test('a hit of QUERY is verified with its content', async () => {
    const text = 'routes: { all: { match: /**, ttl: 1m, share: everyone, verify: 100%, body: true } }'
    await using scene = await startScene(text, async exchange => {
      const { content } = await exchange.body()
      exchange.respond({ body: `found ${content.toString()}` })
    })
    for (let round = 0; round < 2; round += 1) {
      await scene.request(['QUERY', '/search'], ['Content-Type', 'text/plain'], 'needle')
    }
    await metricReaches(scene, verified('same'), 1)
  })

  test('while the origin fails nothing is concluded, and while the breaker is open nothing is asked', async () => {
    const text = `upstream: { breaker: { failures: 1, open: 1h }, retries: 0 }\n${EVERYONE}`
    await using scene = await startScene(text, exchange => exchange.respond({ body: 'hello' }))
    await scene.get('/a')
    scene.origin.handler = exchange => exchange.reset()
    await scene.get('/a')
    await metricReaches(scene, 'pillion_upstream_breaker_open', 1)
    const asked = scene.origin.requests.length
    for (let round = 0; round < 5; round += 1) assert.equal((await scene.get('/a')).body, 'hello')
    assert.equal(scene.origin.requests.length, asked)
    for (const result of ['same', 'changed', 'refused', 'personal'])
      assert.equal(await metric(scene, verified(result)), 0)
  })

  test('at most 8 at a time and 50 a second, however many hits there are', async () => {
    const barrier = new Barrier()
    await using scene = await startScene(EVERYONE, async exchange => {
      if (purposeOf(exchange.request) === 'verify') await barrier.passed
      exchange.respond({ body: 'hello' })
    })
    await scene.get('/a')
    const client = await scene.connect()
    for (let hit = 0; hit < 200; hit += 1) {
      client.get('/a')
      await client.response()
    }
    assert.equal(scene.origin.requests.length, 1 + 8)
    barrier.open()
    await metricReaches(scene, verified('same'), 8)
  })
})

describe('quarantine (contract §2, §4)', () => {
  async function quarantined(): Promise<Scene> {
    const scene = await startScene(EVERYONE, exchange => exchange.respond({ body: callerOf(exchange.request) }))
    await scene.get('/a', alice)
    await verifiedHit(scene, bob, 'changed')
    await scene.get('/a', alice)
    await metricReaches(scene, 'pillion_quarantined{route="all"}', 1)
    return scene
  }

  test('is told by /api/stats, and lifted by POST /api/quarantine', async () => {
    await using scene = await quarantined()
    const port = Number(scene.app.admin.split(':').at(-1))
    const { body } = await rawRequest({ port }, ['GET', '/api/stats'], ['Host', 'localhost'])
    const stats = JSON.parse(body) as { quarantined: { route: string; since: number }[] }
    assert.deepEqual(
      stats.quarantined.map(({ route }) => route),
      ['all'],
    )

    assert.deepEqual(await scene.admin('/api/quarantine', { route: 'all', lift: true }), { route: 'all', lifted: true })
    assert.equal(await metric(scene, 'pillion_quarantined{route="all"}'), 0)
    assert.match(cacheStatusOf(await scene.get('/a', alice)), /fwd=uri-miss; stored/)
    assert.match(cacheStatusOf(await scene.get('/a', alice)), /hit/)
  })

  test('an order that names no quarantined route, or says anything but lift, is refused', async () => {
    await using scene = await quarantined()
    const port = Number(scene.app.admin.split(':').at(-1))
    const fields = ['Host', 'localhost', 'Content-Type', 'application/json']
    const ask = async (content: object) =>
      (await rawRequest({ port }, ['POST', '/api/quarantine'], fields, JSON.stringify(content))).status
    assert.equal(await ask({ route: 'al', lift: true }), 422)
    assert.equal(await ask({ route: 'all' }), 400)
    assert.equal(await ask({ route: 'all', lift: false }), 400)
    assert.equal(await ask({ lift: true }), 400)
    assert.equal(await metric(scene, 'pillion_quarantined{route="all"}'), 1)
  })

  test('ends when a reload changes the route’s definition, not when it changes another’s', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pillion-quarantine-'))
    const file = join(folder, 'pillion.yaml')
    const write = (share: string, other: string) =>
      writeFileSync(
        file,
        `${QUICK_DRAIN}routes:\n  all: { match: /**, ttl: 1m, share: ${share}, verify: 100% }\n  other: { match: /other, ttl: ${other} }\n`,
      )
    write('everyone', '1m')
    const origin = await startOrigin(exchange => exchange.respond({ body: callerOf(exchange.request) }))
    const app = await startPillion(origin.url, { file })
    await using scene = new Scene(origin, app)
    await scene.get('/a', alice)
    await verifiedHit(scene, bob, 'changed')
    await scene.get('/a', alice)
    await metricReaches(scene, 'pillion_quarantined{route="all"}', 1)

    write('everyone', '2m')
    assert.equal(app.reload().ok, true)
    assert.equal(cacheStatusOf(await scene.get('/a', bob)), 'pillion; fwd=bypass; detail=quarantine')
    write('user', '2m')
    assert.equal(app.reload().ok, true)
    assert.match(cacheStatusOf(await scene.get('/a', bob)), /fwd=uri-miss; stored/)
    assert.equal(await metric(scene, 'pillion_quarantined{route="all"}'), 0)
    rmSync(folder, { recursive: true })
  })
})
