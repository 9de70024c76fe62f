// Over all replicas, how often is the origin asked for one thing at once?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RawClient } from '../clients/raw-client.ts'
import { Barrier } from '../origin/barrier.ts'
import type { OriginHandler } from '../origin/origin.ts'
import { until } from '../redis/replicas.ts'
import { type Pair, startPair } from './redis-scene.ts'
import { cacheStatusOf } from './start-pillion.ts'

const EVERYONE = 'routes: { all: { match: /**, ttl: 1h, share: everyone, tags: [all] } }'
const MANY = 100
const HOST = ['Host', 'h']

function behind(barrier: Barrier, fields: readonly string[] = []): OriginHandler {
  return async exchange => {
    await barrier.passed
    exchange.respond({ fields, body: `${exchange.request.number}` })
  }
}

/** One GET on a connection of its own, sent. */
async function sendTo(port: number, target: string): Promise<RawClient> {
  const client = await RawClient.connect({ port })
  client.get(target, HOST)
  return client
}

async function responsesOf(clients: readonly RawClient[]) {
  const responses = await Promise.all(clients.map(client => client.response()))
  for (const client of clients) client.close()
  return responses
}

const leases = (pair: Pair) => pair.redis.client.keys('*:fill')

describe('collapsing over replicas (contract §3)', () => {
  test('a hundred requests at each of two replicas are one request to the origin', async () => {
    const barrier = new Barrier()
    await using pair = await startPair(behind(barrier), { text: EVERYONE })
    const ports = pair.replicas.map(({ port }) => port)
    const sent = ports.flatMap(port => Array.from({ length: MANY }, () => sendTo(port, '/cold')))
    const clients = await Promise.all(sent)
    await pair.origin.received(1)
    // Whoever will wait has asked for the lease by now: both replicas answer later requests.
    for (const replica of pair.replicas) await replica.ask('/livez')
    barrier.open()
    const responses = await responsesOf(clients)

    assert.ok(responses.every(({ body }) => body === '1'))
    assert.equal(pair.origin.requests.length, 1)
    await until('no lease is left', async () => (await leases(pair)).length === 0)
  })

  test('who waited is collapsed, who came later has a hit', async () => {
    const barrier = new Barrier()
    await using pair = await startPair(behind(barrier), { text: EVERYONE })
    const first = await sendTo(pair.one.port, '/a')
    await pair.origin.received(1)
    const second = await sendTo(pair.other.port, '/a')
    await until('somebody waits', async () => {
      const [name] = await leases(pair)
      return name !== undefined && String(await pair.redis.client.get(name)).endsWith('+')
    })
    barrier.open()
    const [, waited] = await responsesOf([first, second])
    assert.equal(cacheStatusOf(waited as NonNullable<typeof waited>), 'pillion; fwd=uri-miss; collapsed')
    assert.match(cacheStatusOf(await pair.other.get('/a', HOST)), /pillion; hit/)
  })

  test('an answer that can’t be shared holds nobody in line', async () => {
    const barrier = new Barrier()
    await using pair = await startPair(behind(barrier, ['Cache-Control', 'no-store']), { text: EVERYONE })
    const clients = [await sendTo(pair.one.port, '/a')]
    await pair.origin.received(1)
    clients.push(await sendTo(pair.other.port, '/a'))
    barrier.open()
    const bodies = (await responsesOf(clients)).map(({ body }) => body)
    assert.deepEqual(bodies.toSorted(), ['1', '2'])
  })

  test('a lost holder delays others by its deadline at most', async () => {
    const barrier = new Barrier()
    await using pair = await startPair(behind(barrier), { text: EVERYONE })
    const lost = await sendTo(pair.one.port, '/a')
    await pair.origin.received(1)
    // As if its process had been killed: nobody gives the lease back.
    const [name] = await leases(pair)
    await pair.redis.client.set(name as string, 'lost:0', 'PX', 400)
    const started = performance.now()
    const waiting = await sendTo(pair.other.port, '/a')
    await pair.origin.received(2)
    assert.ok(performance.now() - started < 1500)
    barrier.open()
    await responsesOf([lost, waiting])
  })

  test('a request begun after a purge waits for none that began before it', async () => {
    const barrier = new Barrier()
    await using pair = await startPair(behind(barrier), { text: EVERYONE })
    const before = await sendTo(pair.one.port, '/a')
    await pair.origin.received(1)
    await pair.other.purge({ tag: 'all' })
    const after = await sendTo(pair.other.port, '/a')
    await pair.origin.received(2)
    barrier.open()
    const [, second] = await responsesOf([before, after])
    assert.equal(second?.body, '2')
  })

  test('what another replica validated is not validated again', async () => {
    const text = 'routes: { all: { match: /**, ttl: 1h, share: everyone, tags: [all] } }'
    await using pair = await startPair(exchange => exchange.respond({ body: `${exchange.request.number}` }), { text })
    for (const replica of pair.replicas) await replica.get('/a', HOST)
    await pair.one.purge({ tag: 'all', soft: true })
    await until('the other knows', async () => /fwd|stale/.test(await standing(pair)))
    await pair.one.get('/a', HOST)
    const asked = pair.origin.requests.length
    await until('it is there', async () => /hit/.test(cacheStatusOf(await pair.other.get('/a', HOST))))
    assert.equal(pair.origin.requests.length, asked)
  })
})

/** What the other replica would do with its own copy, without asking anybody. */
async function standing(pair: Pair): Promise<string> {
  const response = await pair.other.get('/a', [...HOST, 'Cache-Control', 'only-if-cached'])
  return response.status === 504 ? 'stale' : cacheStatusOf(response)
}

describe('refreshAhead over replicas', () => {
  test('a hot response is refreshed before it expires, once over both', async () => {
    const handler: OriginHandler = async exchange => {
      await new Promise(resolve => setTimeout(resolve, 100))
      exchange.respond({ body: `${exchange.request.number}` })
    }
    const text = 'routes: { all: { match: /**, ttl: 2s, share: everyone, refreshAhead: on } }'
    await using pair = await startPair(handler, { text })
    const seen = new Set<string>()
    await until('it was refreshed', async () => {
      for (const replica of pair.replicas) {
        const response = await replica.get('/a', HOST)
        seen.add(response.body)
        if (pair.origin.requests.length > 1) assert.match(cacheStatusOf(response), /hit/)
      }
      return seen.size > 1
    })
    for (const replica of pair.replicas) await replica.get('/a', HOST)
    assert.equal(pair.origin.requests.length, 2)
  })
})
