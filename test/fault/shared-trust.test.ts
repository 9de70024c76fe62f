// Does what one process learns of a caller or a route hold at the other?
//
// Two real `pillion serve` processes on one real Redis. What the origin accepted at one is
// a hit at the other; what it took back is taken back at both within a second, stays so
// for who joins later, and a Redis that dies in between widens nothing.

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import { type RawResponse, rawRequest } from '../clients/raw-client.ts'
import type { OriginExchange } from '../origin/exchange.ts'
import { type Origin, startOrigin } from '../origin/origin.ts'
import { wireField } from '../origin/wire.ts'
import { until } from '../redis/replicas.ts'
import { RedisServer } from '../redis/server.ts'
import { SECRET } from '../scenario/redis-scene.ts'
import { cacheStatusOf, type PillionProcess, QUICK_DRAIN, spawnPillion } from '../scenario/start-pillion.ts'

const NEWER = 'another secret of thirty-two chars'
const PARTITION_MS = 300
const text = `identity: { user: [{ header: Authorization }] }
routes:
  shared: { match: "GET /data/{id}", ttl: 1h, share: signed-in }
  own: { match: "GET /own/{id}", ttl: 1h, share: user }
  wide: { match: "GET /wide", ttl: 1h, share: everyone, verify: 100% }
  out: { match: POST /logout, purge: [user] }
`

const revoked = new Set<string>()
const forbidden = new Set<string>()
let users = 0
let redis: RedisServer
let origin: Origin
let folder: string
let one: PillionProcess
let other: PillionProcess

function answer(exchange: OriginExchange): void {
  const { fields, target, method } = exchange.request
  const user = wireField(fields, 'authorization') ?? ''
  const status = revoked.has(user) ? 401 : forbidden.has(user) ? 403 : method === 'POST' ? 204 : 200
  const body = target.startsWith('/data') ? target : `${target} of ${user}`
  exchange.respond(status === 200 ? { body } : { status })
}

async function serve(secret: string): Promise<PillionProcess> {
  const file = join(folder, 'pillion.yaml')
  const tier = `store: { redis: { url: "${redis.url}", timeout: 500ms, partition: ${PARTITION_MS}ms, secret: ${secret} } }\n`
  await writeFile(file, `${QUICK_DRAIN}${tier}${text}`)
  return spawnPillion(origin.url, file)
}

async function usesRedis({ adminPort }: PillionProcess, up = true): Promise<void> {
  await until(`Redis is ${up ? '' : 'not '}in use`, async () => {
    const { body } = await rawRequest({ port: adminPort }, ['GET', '/readyz'], ['Host', 'localhost'])
    return (JSON.parse(body) as { redis: { up: boolean } }).redis.up === up
  })
}

const get = ({ port }: PillionProcess, target: string, user: string): Promise<RawResponse> =>
  rawRequest({ port }, ['GET', target], ['Authorization', user])

const purgeUser = ({ adminPort }: PillionProcess, user: string): Promise<RawResponse> =>
  ordered(adminPort, '/api/purge', { user })

function ordered(port: number, path: string, content: object): Promise<RawResponse> {
  const fields = ['Host', 'localhost', 'Content-Type', 'application/json']
  return rawRequest({ port }, ['POST', path], fields, JSON.stringify(content))
}

const isHit = (response: RawResponse) => cacheStatusOf(response).startsWith('pillion; hit')
const askedBy = (user: string) =>
  origin.requests.filter(({ fields }) => wireField(fields, 'authorization') === user).length

/** A user whom the origin accepted for /data/1 at one, and who has hits there at the other. */
async function acceptedAtBoth(): Promise<string> {
  const user = `Bearer user ${users++}`
  await get(one, '/data/1', user)
  await until('it is a hit at the other', async () => isHit(await get(other, '/data/1', user)))
  return user
}

/** Not asked for by the caller, whose answer would itself be a refusal: for as long as a hit is possible. */
async function withdrawnAt(replica: PillionProcess, user: string, target = '/data/1'): Promise<void> {
  const started = performance.now()
  await until('hits end', async () => !isHit(await get(replica, target, user)))
  assert.ok(performance.now() - started < 1000)
}

before(async () => {
  redis = await RedisServer.start()
  origin = await startOrigin(answer)
  folder = await mkdtemp(join(tmpdir(), 'pillion-trust-'))
  one = await serve(`"${SECRET}"`)
  other = await serve(`"${SECRET}"`)
})
beforeEach(async () => {
  for (const each of [one, other]) await usesRedis(each)
})
after(async () => {
  for (const each of [one, other]) await each[Symbol.asyncDispose]()
  await origin.close()
  await redis.close()
  await rm(folder, { recursive: true })
})

describe('acceptance over replicas (contract §3)', () => {
  test('whom the origin accepted at one has hits at the other, unasked', async () => {
    const first = `Bearer user ${users++}`
    await get(one, '/data/unasked', first)
    await until('it is a hit at the other', async () => isHit(await get(other, '/data/unasked', first)))
    const stranger = `Bearer user ${users++}`
    assert.ok(!isHit(await get(other, '/data/unasked', stranger)))
    assert.equal(askedBy(stranger), 1)
  })

  test('a 401 at one ends hits at the other within a second', async () => {
    const user = await acceptedAtBoth()
    revoked.add(user)
    assert.equal((await get(one, '/data/2', user)).status, 401)
    await withdrawnAt(other, user)
    assert.equal((await get(other, '/data/1', user)).status, 401)
  })

  test('a 403 at one ends hits on that route at the other, and there alone', async () => {
    const user = await acceptedAtBoth()
    await get(one, '/own/1', user)
    await until('it is a hit at the other', async () => isHit(await get(other, '/own/1', user)))
    forbidden.add(user)
    assert.equal((await get(one, '/data/3', user)).status, 403)
    await withdrawnAt(other, user)
    assert.ok(isHit(await get(other, '/own/1', user)))
  })

  test('a logout at one ends both kinds of hits at the other', async () => {
    const user = await acceptedAtBoth()
    await get(one, '/own/2', user)
    await until('it is a hit at the other', async () => isHit(await get(other, '/own/2', user)))
    await rawRequest({ port: one.port }, ['POST', '/logout'], ['Authorization', user, 'Content-Length', '0'])
    revoked.add(user)
    await withdrawnAt(other, user)
    await withdrawnAt(other, user, '/own/2')
  })

  test('an operator’s purge of a user reaches the other under every secret of a rotation', async () => {
    const user = await acceptedAtBoth()
    await get(other, '/own/3', user)
    await using rotated = await serve(`["${NEWER}", "${SECRET}"]`)
    await usesRedis(rotated)
    await using ahead = await serve(`"${NEWER}"`)
    await usesRedis(ahead)
    assert.ok(isHit(await get(rotated, '/own/3', user)))
    await get(rotated, '/own/4', user)
    assert.ok(isHit(await get(rotated, '/own/4', user)))
    await purgeUser(ahead, user)
    await withdrawnAt(rotated, user, '/own/4')
    await purgeUser(rotated, user)
    await withdrawnAt(other, user, '/own/3')
    await withdrawnAt(other, user)
  })

  test('who starts later gives nothing to whom the origin refused before', async () => {
    const user = await acceptedAtBoth()
    await get(one, '/own/5', user)
    revoked.add(user)
    await get(one, '/data/5', user)
    await using later = await serve(`"${SECRET}"`)
    await usesRedis(later)
    for (const target of ['/data/1', '/own/5']) assert.equal((await get(later, target, user)).status, 401)
  })

  test('a 401 while Redis is gone: hits end after `partition` at the latest, and stay ended when it is back', async () => {
    const user = await acceptedAtBoth()
    await redis.kill()
    for (const each of [one, other]) await usesRedis(each, false)
    revoked.add(user)
    assert.equal((await get(one, '/data/6', user)).status, 401)
    await until('`partition` is over', async () => !isHit(await get(other, '/data/1', user)))
    assert.equal((await get(other, '/data/1', user)).status, 401)
    await redis.restart()
    for (const each of [one, other]) await usesRedis(each)
    assert.equal((await get(other, '/data/1', user)).status, 401)
  })
})

describe('quarantine over replicas (contract §2 `verify`)', () => {
  test('a route that turned out to be personal at one passes through at the other, and at who starts later', async () => {
    const [alice, bob] = ['Bearer alice', 'Bearer bob']
    const passes = async (replica: PillionProcess) =>
      /fwd=bypass/.test(cacheStatusOf(await get(replica, '/wide', alice)))
    await until('the route is caught', async () => {
      await get(one, '/wide', bob)
      return passes(one)
    })
    await until('the other passes it through', () => passes(other))
    await using later = await serve(`"${SECRET}"`)
    await usesRedis(later)
    assert.ok(await passes(later))
    await ordered(other.adminPort, '/api/quarantine', { route: 'wide', lift: true })
    await until('it is lifted at the first', async () => !(await passes(one)))
  })
})
