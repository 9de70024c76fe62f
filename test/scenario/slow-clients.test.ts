// How long may a client take, and is what it was refused for counted?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Barrier } from '../origin/barrier.ts'
import { metricReaches } from './metrics-of.ts'
import { ALL_FOR_A_MINUTE, replyWith, startScene } from './start-pillion.ts'

const LARGE = Buffer.alloc(24 * 1024 * 1024, 'x')

describe('limits.send', () => {
  test('ends the connection of a client that takes nothing more, from the origin or from memory', async () => {
    const text = `store: { memory: 128MiB, maxBody: 32MiB }\nlimits: { send: 300ms }\n${ALL_FOR_A_MINUTE}`
    await using scene = await startScene(text, exchange => exchange.respond({ body: LARGE }))
    await scene.get('/hit')
    for (const [outcome, count] of [
      ['hit', 1],
      ['miss', 2],
    ] as const) {
      const client = await scene.connect()
      client.socket.pause()
      client.get(`/${outcome}`)
      await metricReaches(scene, `pillion_requests_total{route="all",outcome="${outcome}",status="2xx"}`, count)
      client.socket.resume()
      const response = await client.response()
      assert.equal(response.complete, false)
      assert.ok(response.content.length < LARGE.length)
    }
  })
})

describe('limits.body', () => {
  test('holds for what is still to come after an early answer, however it trickles', async () => {
    await using scene = await startScene('limits: { body: 400ms }', exchange => {
      exchange.respond({ status: 413, body: 'too much' })
      exchange.end()
    })
    const client = await scene.connect()
    client.send('POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nx')
    assert.equal((await client.response()).status, 413)
    const trickle = setInterval(() => client.socket.write('x'), 20)
    await client.closed
    clearInterval(trickle)
  })

  test('is watched without a trace on a connection that brings one upload after another', async () => {
    await using scene = await startScene('', replyWith('taken'))
    const warnings: string[] = []
    const note = ({ message }: Error) => void warnings.push(message)
    process.on('warning', note)
    const client = await scene.connect()
    for (let round = 0; round < 20; round += 1) {
      client.send('POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx')
      await client.response()
    }
    process.off('warning', note)
    assert.deepEqual(warnings, [])
  })
})

describe('what was refused before it was a request', () => {
  for (const [name, bytes, status] of [
    ['octets that are no HTTP', 'nonsense\r\n\r\n', '4xx'],
    ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n', '5xx'],
  ] as const) {
    test(`is counted: ${name}`, async () => {
      await using scene = await startScene('', replyWith('hello'))
      const client = await scene.connect()
      client.send(bytes)
      await client.toTheEnd()
      await metricReaches(scene, `pillion_requests_total{route="default",outcome="error",status="${status}"}`, 1)
    })
  }
})

describe('a leader that hears nothing', () => {
  test('is left after 5 s by those who wait for the same, and one of them asks again for all', async () => {
    const [barrier, second] = [new Barrier(), new Barrier()]
    await using scene = await startScene(ALL_FOR_A_MINUTE, async exchange => {
      await (exchange.request.number === 1 ? barrier : second).passed
      exchange.respond({ body: `answer ${exchange.request.number}` })
    })
    const leader = scene.get('/a')
    await scene.origin.received(1)
    const followers = Promise.all([scene.get('/a'), scene.get('/a')])
    await scene.origin.received(2)
    // The other follower's deadline is that of a request sent at the same time: it passes before these are answered.
    for (let round = 0; round < 20; round += 1) await scene.get('/../')
    second.open()
    assert.deepEqual(
      (await followers).map(({ body }) => body),
      ['answer 2', 'answer 2'],
    )
    assert.equal(scene.origin.requests.length, 2)
    barrier.open()
    assert.equal((await leader).body, 'answer 1')
  })
})
