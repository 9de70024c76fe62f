// Does a browser keep what it may, and ask for it cheaply?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { rawGet } from '../clients/raw-client.ts'
import { ALL_FOR_A_MINUTE, startScene } from './start-pillion.ts'

const BODY = JSON.stringify(Array.from({ length: 300 }, (_, id) => ({ id, text: `row ${id}` })))
const MODIFIED = 'Mon, 23 Nov 2026 10:00:00 GMT'
const BROWSER = ['Accept-Encoding', 'gzip, deflate, br, zstd']

const start = (fields: readonly string[], text = ALL_FOR_A_MINUTE) =>
  startScene(text, exchange =>
    exchange.respond({ fields: ['Content-Type', 'application/json', ...fields], body: BODY }),
  )

describe('what a browser is told (RFC 9111, RFC 5861, RFC 8246)', () => {
  test('stale-while-revalidate, stale-if-error and immutable of the origin are passed on', async () => {
    const control = 'max-age=60, stale-while-revalidate=30, stale-if-error=300, immutable'
    await using scene = await start(['Cache-Control', control])
    for (const response of [await scene.get('/a', BROWSER), await scene.get('/a', BROWSER)]) {
      assert.equal(response.field('cache-control'), control)
    }
  })

  test('Last-Modified stays, and If-Modified-Since is answered here with the tag of the coding', async () => {
    await using scene = await start(['Last-Modified', MODIFIED, 'ETag', '"v1"'])
    const hit = await scene.get('/a', BROWSER).then(() => scene.get('/a', BROWSER))
    const held = await scene.get('/a', [...BROWSER, 'If-Modified-Since', MODIFIED])
    assert.equal(hit.field('last-modified'), MODIFIED)
    assert.deepEqual([held.status, held.body, held.field('etag')], [304, '', '"v1.pillion-zstd"'])
    assert.equal(scene.origin.requests.length, 1)
  })

  test('a 304 says the same about caching as the 200 it stands for', async () => {
    const route = 'routes: { all: { match: /**, ttl: 1m, share: everyone, client: immutable } }'
    await using scene = await start([], route)
    const whole = await scene.get('/a', BROWSER)
    const held = await scene.get('/a', [...BROWSER, 'If-None-Match', whole.field('etag') ?? ''])
    assert.equal(held.status, 304)
    for (const name of ['cache-control', 'etag', 'vary', 'date']) assert.equal(held.field(name), whole.field(name))
    assert.equal(held.field('cache-control'), 'public, max-age=31536000, immutable')
  })
})

describe('what compression saved', () => {
  test('is counted by coding, with the octets sent; forms count in the memory of the store', async () => {
    await using scene = await start([])
    const admin = { port: Number(scene.app.admin.split(':').at(-1)) }
    const scrape = async () => (await rawGet(admin, '/metrics', ['Host', 'localhost'])).body
    const sample = (text: string, name: string) =>
      Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1] ?? Number.NaN)

    await scene.get('/a')
    const plain = sample(await scrape(), 'pillion_store_bytes{tier="memory"}'.replace(/[{}]/g, '\\$&'))
    const sizes: number[] = []
    for (let at = 0; at < 3; at++) sizes.push((await scene.get('/a', ['Accept-Encoding', 'br'])).content.length)

    const text = await scrape()
    const sent = sizes.reduce((sum, size) => sum + size, 0)
    assert.equal(sample(text, 'pillion_response_bytes_total\\{encoding="br"\\}'), sent)
    assert.equal(sample(text, 'pillion_compression_bytes_saved_total\\{encoding="br"\\}'), 3 * BODY.length - sent)
    const grown = sample(text, 'pillion_store_bytes\\{tier="memory"\\}') - plain
    assert.ok(grown >= (sizes[0] as number), `${grown} octets more`)
  })
})
