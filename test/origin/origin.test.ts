// Do the scripted origin and the raw client do what the other tests rely on?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RawClient, rawGet, rawRequest } from '../clients/raw-client.ts'
import { Barrier } from './barrier.ts'
import { type OriginHandler, startOrigin } from './origin.ts'

async function clientOf(handler: OriginHandler) {
  const origin = await startOrigin(handler)
  const client = await RawClient.connect({ port: origin.port })
  const close = async (): Promise<void> => {
    client.close()
    await origin.close()
    assert.deepEqual(origin.errors, [])
  }
  return { origin, client, close }
}

describe('the scripted origin and the raw client', () => {
  test('requests on one connection are recorded with raw heads and answered in order', async () => {
    const { origin, client, close } = await clientOf(exchange => exchange.respond({ body: exchange.request.target }))
    client.send('GET /a HTTP/1.1\r\nHost: x\r\nX-Odd:  1\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n')
    assert.equal((await client.response()).body, '/a')
    assert.equal((await client.response()).body, '/b')
    assert.equal(origin.requests[0]?.raw, 'GET /a HTTP/1.1\r\nHost: x\r\nX-Odd:  1\r\n\r\n')
    assert.deepEqual(
      origin.requests.map(request => request.connection),
      [1, 1],
    )
    await close()
  })

  test('interim heads, chunk framing and trailers are told apart from the content', async () => {
    const { client, close } = await clientOf(async exchange => {
      exchange.write('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n')
      exchange.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
      await exchange.drip('3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n')
    })
    client.get('/')
    const response = await client.response()
    assert.equal(response.interim[0]?.field('link'), '</a>')
    assert.equal(response.body, 'abc')
    assert.equal(response.rawBody.toString(), '3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n')
    assert.deepEqual(response.trailers, ['X-Sum', '1'])
    assert.equal(response.complete, true)
    await close()
  })

  test('a stall behind a barrier lasts until the barrier opens', async () => {
    const barrier = new Barrier()
    const { origin, client, close } = await clientOf(async exchange => {
      await barrier.passed
      exchange.respond({ status: 204 })
    })
    client.get('/')
    await origin.received(1)
    barrier.open()
    assert.equal((await client.response()).status, 204)
    await close()
  })

  test('a reset and a close in the middle of the content are told apart and both incomplete', async () => {
    const { client, close } = await clientOf(exchange => {
      exchange.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc')
      exchange.end()
    })
    client.get('/')
    const closed = await client.response()
    assert.deepEqual([closed.body, closed.complete], ['abc', false])
    assert.equal(await client.closed, 'end')
    await close()

    const cut = await clientOf(exchange => exchange.reset())
    cut.client.get('/')
    await assert.rejects(cut.client.response(), /ended before a response head/)
    assert.equal(await cut.client.closed, 'reset')
    await cut.close()
  })

  test('the content of a request is read by demand, whole and decoded', async () => {
    const origin = await startOrigin(async exchange => exchange.respond({ body: (await exchange.body()).content }))
    const response = await rawRequest({ port: origin.port }, ['POST', '/'], [], 'hello')
    assert.equal(response.body, 'hello')
    const chunked = ['Transfer-Encoding', 'chunked']
    assert.equal((await rawRequest({ port: origin.port }, ['POST', '/'], chunked, '2\r\nhi\r\n0\r\n\r\n')).body, 'hi')
    assert.equal((await rawGet({ port: origin.port }, '/')).body, '')
    assert.deepEqual(origin.errors, [])
    await origin.close()
  })
})
