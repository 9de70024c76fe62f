// Who waits for whom, and for how long, when many want the same at once?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Barrier, until } from '../origin/barrier.ts'
import type { OriginHandler } from '../origin/origin.ts'
import { ALL_FOR_A_MINUTE, cacheStatusOf, type Scene, startScene } from './start-pillion.ts'

const MANY = 100

/** The first request waits for the barrier, the others are answered at once. */
function behind(barrier: Barrier, answer: OriginHandler): OriginHandler {
  return async exchange => {
    if (exchange.request.number === 1) await barrier.passed
    await answer(exchange)
  }
}

/** Sends a GET on a connection of its own and resolves once Pillion has taken it. */
async function sendGet(scene: Scene, target: string) {
  const client = await scene.connect()
  client.get(target)
  return client
}

/** Pillion has read everything that was sent to it: a request sent after it all has come back. */
async function allTaken(scene: Scene): Promise<void> {
  assert.equal((await scene.request(['CONNECT', 'x:1'])).status, 501)
  assert.equal((await scene.get('/../')).status, 400)
}

describe('collapsing (RFC 9111 §4, contract §3)', () => {
  test('a hundred concurrent requests are one request to the origin', async () => {
    const barrier = new Barrier()
    await using scene = await startScene(
      ALL_FOR_A_MINUTE,
      behind(barrier, exchange => exchange.respond({ body: 'hello' })),
    )
    const clients = await Promise.all(Array.from({ length: MANY }, () => sendGet(scene, '/a')))
    await scene.origin.received(1)
    await allTaken(scene)
    barrier.open()
    const responses = await Promise.all(clients.map(client => client.response()))

    assert.equal(scene.origin.requests.length, 1)
    assert.ok(responses.every(({ body }) => body === 'hello'))
    const collapsed = responses.filter(each => cacheStatusOf(each) === 'pillion; fwd=uri-miss; collapsed')
    assert.equal(collapsed.length, MANY - 1)
  })

  test('followers of an answer that turns out uncacheable go on their own, at once and side by side', async () => {
    const first = new Barrier()
    const others = new Barrier()
    await using scene = await startScene(ALL_FOR_A_MINUTE, async exchange => {
      const { number } = exchange.request
      await (number === 1 ? first : others).passed
      exchange.respond({ fields: ['Cache-Control', 'no-store'], body: `for ${number}` })
    })
    const clients = await Promise.all(Array.from({ length: 10 }, () => sendGet(scene, '/a')))
    await scene.origin.received(1)
    await allTaken(scene)
    first.open()
    await scene.origin.received(10)
    others.open()
    const bodies = await Promise.all(clients.map(async client => (await client.response()).body))

    assert.equal(new Set(bodies).size, 10)
  })

  test('followers of a large answer read it while it still comes', async () => {
    const rest = new Barrier()
    const part = Buffer.alloc(100_000, 'a')
    await using scene = await startScene(ALL_FOR_A_MINUTE, async exchange => {
      exchange.write(`HTTP/1.1 200 OK\r\nContent-Length: ${2 * part.length}\r\n\r\n`)
      exchange.write(part)
      await rest.passed
      exchange.write(part)
    })
    const leader = await sendGet(scene, '/a')
    await leader.head()
    assert.equal((await leader.exactly(part.length)).length, part.length)

    const follower = await sendGet(scene, '/a')
    assert.match(cacheStatusOf(await follower.head()), /collapsed/)
    assert.equal((await follower.exactly(part.length)).length, part.length)
    rest.open()
    assert.equal((await follower.exactly(part.length)).length, part.length)
    assert.equal((await leader.exactly(part.length)).length, part.length)
    assert.equal(scene.origin.requests.length, 1)
  })

  test("the leader's disconnect fails nobody else", async () => {
    const barrier = new Barrier()
    await using scene = await startScene(
      ALL_FOR_A_MINUTE,
      behind(barrier, exchange => exchange.respond({ body: 'hello' })),
    )
    const leader = await sendGet(scene, '/a')
    await scene.origin.received(1)
    const follower = await sendGet(scene, '/a')
    await allTaken(scene)
    leader.abort()
    await allTaken(scene)
    barrier.open()

    assert.equal((await follower.response()).body, 'hello')
    assert.equal(scene.origin.requests.length, 1)
    assert.match(cacheStatusOf(await scene.get('/a')), /hit/)
  })

  test('when all clients are gone the request to the origin is given up', async () => {
    let gone = false
    await using scene = await startScene(ALL_FOR_A_MINUTE, async exchange => {
      await exchange.closed
      gone = true
    })
    const [leader, follower] = [await sendGet(scene, '/a'), await sendGet(scene, '/a')]
    await scene.origin.received(1)
    await allTaken(scene)
    leader.abort()
    follower.abort()
    await until(() => gone, 'the end of the request to the origin')
  })

  for (const status of [500, 503]) {
    test(`the leader's ${status} is its followers' too`, async () => {
      const barrier = new Barrier()
      await using scene = await startScene(
        ALL_FOR_A_MINUTE,
        behind(barrier, exchange => exchange.respond({ status, body: 'broken' })),
      )
      const clients = await Promise.all(Array.from({ length: 10 }, () => sendGet(scene, '/a')))
      await scene.origin.received(1)
      await allTaken(scene)
      barrier.open()
      const responses = await Promise.all(clients.map(client => client.response()))

      assert.ok(responses.every(each => each.status === status && each.body === 'broken'))
      assert.equal(scene.origin.requests.length, 1)
    })
  }

  test("the leader's fault is its followers' too", async () => {
    const barrier = new Barrier()
    await using scene = await startScene(
      ALL_FOR_A_MINUTE,
      behind(barrier, exchange => exchange.reset()),
    )
    const clients = await Promise.all(Array.from({ length: 10 }, () => sendGet(scene, '/a')))
    await scene.origin.received(1)
    await allTaken(scene)
    barrier.open()
    const responses = await Promise.all(clients.map(client => client.response()))

    assert.ok(responses.every(each => each.status === 502))
    assert.ok(responses.every(each => each.field('content-type') === 'application/problem+json'))
    assert.equal(scene.origin.requests.length, 1)
  })

  test('a follower that asks for another variant goes on its own', async () => {
    const barrier = new Barrier()
    await using scene = await startScene(
      ALL_FOR_A_MINUTE,
      behind(barrier, exchange =>
        exchange.respond({ fields: ['Vary', 'Accept-Language'], body: `${exchange.request.number}` }),
      ),
    )
    const leader = await sendGet(scene, '/a')
    await scene.origin.received(1)
    const follower = await scene.connect()
    follower.get('/a', ['Accept-Language', 'de'])
    await allTaken(scene)
    barrier.open()

    assert.deepEqual([(await leader.response()).body, (await follower.response()).body], ['1', '2'])
  })
})
