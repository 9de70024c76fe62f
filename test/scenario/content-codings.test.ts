// Which bytes does a client get, in which coding, and how often are they made?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as zlib from 'node:zlib'
import type { RawClient, RawResponse } from '../clients/raw-client.ts'
import { Barrier } from '../origin/barrier.ts'
import type { OriginHandler } from '../origin/origin.ts'
import { ALL_FOR_A_MINUTE, cacheStatusOf, startScene } from './start-pillion.ts'

const rows = (count: number) =>
  JSON.stringify(Array.from({ length: count }, (_, id) => ({ id, name: `patient ${id * 7919}`, status: 'active' })))
const SMALL = rows(200)
const LARGE = rows(20_000)
const JSON_TYPE = ['Content-Type', 'application/json']
const BROWSER = ['Accept-Encoding', 'gzip, deflate, br, zstd']

function decoded(response: RawResponse): string {
  const { content } = response
  switch (response.field('content-encoding')) {
    case 'gzip':
      return zlib.gunzipSync(content).toString()
    case 'br':
      return zlib.brotliDecompressSync(content).toString()
    case 'zstd':
      return zlib.zstdDecompressSync(content).toString()
    default:
      return content.toString()
  }
}

const reply =
  (body: string | Buffer, fields: readonly string[] = JSON_TYPE): OriginHandler =>
  exchange =>
    exchange.respond({ fields, body })

const coding = (response: RawResponse) => response.field('content-encoding') ?? 'identity'

describe('negotiation (RFC 9110 §12.5.3)', () => {
  const wishes: readonly [accept: string | undefined, sent: string][] = [
    ['gzip, deflate, br, zstd', 'zstd'],
    ['gzip;q=1, br;q=0.5', 'gzip'],
    ['br', 'br'],
    ['gzip;q=0, br;q=0, zstd;q=0', 'identity'],
    ['identity;q=0, gzip', 'gzip'],
    ['identity, gzip;q=0.5', 'identity'],
    ['*', 'gzip'],
    ['*;q=0', 'identity'],
    ['deflate', 'identity'],
    ['', 'identity'],
    [undefined, 'identity'],
  ]

  for (const [size, body] of Object.entries({ small: SMALL, large: LARGE })) {
    test(`one stored response serves every wish with the same ${size} content, miss and hit`, async () => {
      for (const [accept, sent] of wishes) {
        await using scene = await startScene(ALL_FOR_A_MINUTE, reply(body))
        const fields = accept === undefined ? [] : ['Accept-Encoding', accept]
        const miss = await scene.get('/a', fields)
        assert.deepEqual([coding(miss), decoded(miss) === body], [sent, true], `miss, ${accept}`)
        for (const [other, expected] of wishes) {
          const hit = await scene.get('/a', other === undefined ? [] : ['Accept-Encoding', other])
          assert.deepEqual([coding(hit), decoded(hit) === body], [expected, true], `hit after ${accept}, ${other}`)
          assert.equal(hit.field('vary'), 'Accept-Encoding')
        }
        assert.equal(scene.origin.requests.length, 1)
        assert.match(scene.origin.requests[0]?.raw ?? '', /\r\naccept-encoding: identity\r\n/i)
      }
    })
  }

  test('Vary of the origin keeps its other names, and Accept-Encoding does not split what is stored', async () => {
    await using scene = await startScene(
      ALL_FOR_A_MINUTE,
      reply(SMALL, [...JSON_TYPE, 'Vary', 'accept-encoding, X-Unit']),
    )
    await scene.get('/a', BROWSER)
    const hit = await scene.get('/a', ['Accept-Encoding', 'gzip'])
    assert.deepEqual([coding(hit), hit.field('vary')], ['gzip', 'accept-encoding, X-Unit'])
    assert.equal(scene.origin.requests.length, 1)
  })

  test('a list allows its codings alone, `off` none', async () => {
    const routes =
      'routes: { all: { match: /**, ttl: 1m, share: everyone, compress: [br] }, off: { match: /off, ttl: 1m, share: everyone, compress: off } }'
    await using scene = await startScene(routes, reply(SMALL))
    assert.equal(coding(await scene.get('/a', BROWSER)), 'br')
    assert.equal(coding(await scene.get('/a', ['Accept-Encoding', 'zstd'])), 'identity')
    const off = await scene.get('/off', BROWSER)
    assert.deepEqual([coding(off), off.field('vary')], ['identity', undefined])
    assert.match(scene.origin.requests[1]?.raw ?? '', /\r\naccept-encoding: gzip\r\n/i)
  })
})

describe('what is left alone', () => {
  const cases: Readonly<Record<string, { fields: readonly string[]; body?: string; asked?: readonly string[] }>> = {
    'no-transform of the origin': { fields: [...JSON_TYPE, 'Cache-Control', 'max-age=60, no-transform'] },
    'no-transform of the client': { fields: JSON_TYPE, asked: ['Cache-Control', 'no-transform'] },
    'small content': { fields: JSON_TYPE, body: '{"a":1}' },
    'compressed media': { fields: ['Content-Type', 'image/jpeg'] },
    'content without a type': { fields: [] },
    'several codings': { fields: [...JSON_TYPE, 'Content-Encoding', 'br, gzip'] },
    'an unknown coding': { fields: [...JSON_TYPE, 'Content-Encoding', 'snappy'] },
  }
  for (const [name, { fields, body = SMALL, asked = [] }] of Object.entries(cases)) {
    test(name, async () => {
      await using scene = await startScene(ALL_FOR_A_MINUTE, reply(body, [...fields, 'ETag', '"v1"']))
      for (const response of [
        await scene.get('/a', [...BROWSER, ...asked]),
        await scene.get('/a', [...BROWSER, ...asked]),
      ]) {
        assert.equal(response.body, body)
        assert.deepEqual([response.field('etag'), response.field('vary')], ['"v1"', undefined])
      }
    })
  }

  test('content that compression would not make smaller', async () => {
    const noise = Buffer.from(Array.from({ length: 4000 }, (_, at) => (at * at * 31 + (at >> 3) * 17) % 251))
    const random = zlib.gzipSync(Buffer.concat([noise, Buffer.from(SMALL)]), { level: 9 })
    await using scene = await startScene(ALL_FOR_A_MINUTE, reply(random, ['Content-Type', 'text/plain']))
    await scene.get('/a', BROWSER)
    const hit = await scene.get('/a', BROWSER)
    assert.deepEqual([coding(hit), hit.content.equals(random)], ['identity', true])
  })
})

describe('content that the origin coded', () => {
  const gzipped = zlib.gzipSync(SMALL)
  const fields = [...JSON_TYPE, 'Content-Encoding', 'gzip', 'ETag', '"g"']

  for (const [size, body] of Object.entries({ small: SMALL, large: LARGE })) {
    test(`is kept, and decoded for who can't take it (${size})`, async () => {
      const sent = zlib.gzipSync(body, { level: 1 })
      await using scene = await startScene(ALL_FOR_A_MINUTE, reply(sent, fields))
      const miss = await scene.get('/a')
      const taking = await scene.get('/a', BROWSER)
      const plain = [await scene.get('/a'), await scene.get('/a', ['Accept-Encoding', 'br;q=0, identity'])]
      assert.equal(miss.body, body)
      assert.deepEqual([taking.content.equals(sent), taking.field('etag')], [true, '"g"'])
      for (const response of plain) {
        assert.deepEqual([coding(response), response.body === body], ['identity', true])
        assert.equal(response.field('etag'), '"g.pillion-identity"')
        assert.equal(response.field('vary'), 'Accept-Encoding')
      }
      assert.equal(scene.origin.requests.length, 1)
    })
  }

  test('ranges are of the form that the client would get', async () => {
    await using scene = await startScene(ALL_FOR_A_MINUTE, reply(gzipped, fields))
    await scene.get('/a', BROWSER)
    const coded = await scene.get('/a', [...BROWSER, 'Range', 'bytes=0-9'])
    const plain = await scene.get('/a', ['Range', 'bytes=0-9'])
    assert.deepEqual([coded.status, coding(coded), coded.content], [206, 'gzip', gzipped.subarray(0, 10)])
    assert.deepEqual([plain.status, plain.body, plain.field('etag')], [206, SMALL.slice(0, 10), '"g.pillion-identity"'])
  })

  test('what does not decode goes out as it came', async () => {
    await using scene = await startScene(ALL_FOR_A_MINUTE, reply('not gzip at all', fields))
    await scene.get('/a', BROWSER)
    assert.equal((await scene.get('/a', BROWSER)).body, 'not gzip at all')
  })
})

describe('tags and conditions (RFC 9110 §8.8.3.3, §13)', () => {
  const TAGGED = [
    ...JSON_TYPE,
    'ETag',
    '"v1"',
    'Repr-Digest',
    'sha-256=:AAAA:',
    'Content-MD5',
    'AAAA',
    'Accept-Ranges',
    'bytes',
  ]

  test('each coding has a strong tag of its own, and a 304 carries the one that was named', async () => {
    await using scene = await startScene(ALL_FOR_A_MINUTE, reply(SMALL, TAGGED))
    for (const name of ['gzip', 'br', 'zstd']) {
      const accept = ['Accept-Encoding', name]
      const hit = await scene.get('/a', accept)
      const tag = hit.field('etag') ?? ''
      assert.equal(tag, `"v1.pillion-${name}"`)
      assert.deepEqual(
        [hit.field('repr-digest'), hit.field('content-md5'), hit.field('accept-ranges')],
        [undefined, undefined, undefined],
      )
      const held = await scene.get('/a', [...accept, 'If-None-Match', tag])
      assert.deepEqual([held.status, held.field('etag'), held.field('vary')], [304, tag, 'Accept-Encoding'])
      const other = await scene.get('/a', [...BROWSER, 'If-None-Match', `"v0", ${tag}`])
      assert.deepEqual([other.status, other.field('etag')], [304, tag])
      assert.equal((await scene.get('/a', ['If-None-Match', tag])).status, 200, 'a coding no longer accepted')
      assert.equal((await scene.get('/a', [...accept, 'If-None-Match', '"v2.pillion-br"'])).status, 200)
    }
    const plain = await scene.get('/a')
    assert.deepEqual([plain.field('etag'), plain.field('repr-digest')], ['"v1"', 'sha-256=:AAAA:'])
    assert.equal((await scene.get('/a', [...BROWSER, 'If-None-Match', '"v1"'])).field('etag'), '"v1"')
    assert.equal(scene.origin.requests.length, 1)
  })

  test('a range is of the content without coding; one that is meant for a coded form brings the whole', async () => {
    await using scene = await startScene(ALL_FOR_A_MINUTE, reply(SMALL, TAGGED))
    const { content } = await scene.get('/a', BROWSER)
    const range = [...BROWSER, 'Range', 'bytes=5-9']
    const part = await scene.get('/a', range)
    const named = await scene.get('/a', [...range, 'If-Range', '"v1"'])
    const coded = await scene.get('/a', [...range, 'If-Range', '"v1.pillion-zstd"'])
    for (const each of [part, named]) {
      assert.deepEqual(
        [each.status, each.body, coding(each), each.field('etag')],
        [206, SMALL.slice(5, 10), 'identity', '"v1"'],
      )
    }
    assert.deepEqual([coded.status, coding(coded), coded.content.equals(content)], [200, 'zstd', true])
  })

  test('HEAD says what GET says', async () => {
    await using scene = await startScene(ALL_FOR_A_MINUTE, reply(SMALL, TAGGED))
    const get = await scene.get('/a', BROWSER)
    const head = await scene.request(['HEAD', '/a'], BROWSER)
    for (const name of ['content-encoding', 'content-length', 'etag', 'vary'])
      assert.equal(head.field(name), get.field(name))
    assert.equal(head.body, '')
  })

  test('a revalidated response keeps its forms, and the origin sees its own tag', async () => {
    await using scene = await startScene(ALL_FOR_A_MINUTE, exchange => {
      if (exchange.request.number === 1) exchange.respond({ fields: TAGGED, body: SMALL })
      else exchange.respond({ status: 304, fields: ['ETag', '"v1"'] })
    })
    const before = await scene.get('/a', BROWSER)
    await scene.admin('/api/purge', { all: true, soft: true })
    const after = await scene.get('/a', [...BROWSER, 'If-None-Match', '"v0.pillion-br"'])
    assert.match(cacheStatusOf(after), /fwd=stale; fwd-status=304/)
    assert.deepEqual([after.field('etag'), after.content], [before.field('etag'), before.content])
    assert.match(scene.origin.requests[1]?.raw ?? '', /\r\nif-none-match: "v1"\r\n/i)
  })

  test('a tag on a write is mapped back to the tag of the origin', async () => {
    await using scene = await startScene(ALL_FOR_A_MINUTE, reply(SMALL, TAGGED))
    await scene.request(['PUT', '/a'], ['If-Match', '"v1.pillion-br", W/"x.pillion-gzip"'], 'new')
    assert.match(scene.origin.requests[0]?.raw ?? '', /\r\nif-match: "v1", W\/"x"\r\n/i)
  })

  test('a part of a coded form is not asked of the origin', async () => {
    await using scene = await startScene(ALL_FOR_A_MINUTE, reply(SMALL, TAGGED))
    const whole = await scene.get('/a', [...BROWSER, 'Range', 'bytes=5-9', 'If-Range', '"v1.pillion-zstd"'])
    assert.doesNotMatch(scene.origin.requests[0]?.raw ?? '', /\r\n(if-)?range:/i)
    assert.deepEqual([whole.status, decoded(whole)], [200, SMALL])
  })
})

describe('responses on their way', () => {
  test('followers of one flight each get their coding', async () => {
    for (const body of [SMALL, LARGE]) {
      const barrier = new Barrier()
      await using scene = await startScene(ALL_FOR_A_MINUTE, async exchange => {
        await barrier.passed
        exchange.respond({ fields: JSON_TYPE, body })
      })
      const wishes = ['gzip', 'br', 'zstd', 'identity', 'gzip', 'br', 'zstd']
      const leader = scene.get('/a', ['Accept-Encoding', 'zstd'])
      await scene.origin.received(1)
      const followers = wishes.map(wish => scene.get('/a', ['Accept-Encoding', wish]))
      await new Promise(resolve => setImmediate(resolve))
      barrier.open()
      assert.deepEqual([coding(await leader), decoded(await leader) === body], ['zstd', true])
      for (const [at, response] of (await Promise.all(followers)).entries()) {
        assert.deepEqual([coding(response), decoded(response) === body], [wishes[at], true])
      }
      assert.equal(scene.origin.requests.length, 1)
    }
  })

  test('what is not stored is compressed as it streams, with its own tag, and a 304 names it back', async () => {
    await using scene = await startScene('routes: { all: { match: /**, cache: off } }', exchange => {
      if (/if-none-match/i.test(exchange.request.raw)) exchange.respond({ status: 304, fields: ['ETag', '"v1"'] })
      else exchange.respond({ fields: [...JSON_TYPE, 'ETag', '"v1"'], body: LARGE })
    })
    const whole = await scene.get('/a', ['Accept-Encoding', 'br'])
    assert.deepEqual([coding(whole), decoded(whole) === LARGE, whole.field('content-length')], ['br', true, undefined])
    const tag = whole.field('etag') ?? ''
    const held = await scene.get('/a', ['Accept-Encoding', 'br', 'If-None-Match', tag])
    assert.deepEqual([held.status, held.field('etag')], [304, tag])
    assert.match(scene.origin.requests[1]?.raw ?? '', /\r\nif-none-match: "v1"\r\n/i)
  })

  for (const name of ['gzip', 'br', 'zstd'] as const) {
    test(`each event leaves at once (${name})`, async () => {
      const barriers = [new Barrier(), new Barrier()]
      await using scene = await startScene('', async exchange => {
        exchange.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n')
        exchange.chunk('data: one\n\n')
        await barriers[0]?.passed
        exchange.chunk('data: two\n\n')
        await barriers[1]?.passed
        exchange.chunk('')
      })
      const client = await scene.connect()
      client.get('/events', ['Accept', 'text/event-stream', 'Accept-Encoding', name])
      const head = await client.head()
      assert.equal(head.field('content-encoding'), name)
      const decoder = { gzip: zlib.createGunzip, br: zlib.createBrotliDecompress, zstd: zlib.createZstdDecompress }[
        name
      ]()
      const events: string[] = []
      decoder.on('data', (chunk: Buffer) => events.push(chunk.toString()))
      await readEvent(client, decoder, events, 'data: one\n\n')
      barriers[0]?.open()
      await readEvent(client, decoder, events, 'data: one\n\ndata: two\n\n')
      barriers[1]?.open()
    })
  }

  test('an origin that dies in the middle breaks the coded response off', async () => {
    await using scene = await startScene(ALL_FOR_A_MINUTE, async exchange => {
      exchange.write(
        `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 400000\r\n\r\n${LARGE.slice(0, 200_000)}`,
      )
      exchange.reset()
    })
    const broken = await scene.get('/a', BROWSER)
    assert.equal(broken.complete, false)
  })
})

async function readEvent(client: RawClient, decoder: NodeJS.ReadWriteStream, events: readonly string[], until: string) {
  while (events.join('') !== until) {
    const size = Number.parseInt((await readLine(client)) || '0', 16)
    if (size === 0) throw new Error(`the stream ended before ${until}`)
    await new Promise(resolve => void client.exactly(size).then(chunk => decoder.write(chunk, resolve)))
    await client.exactly(2)
    await new Promise(resolve => setImmediate(resolve))
  }
}

async function readLine(client: RawClient): Promise<string> {
  let line = ''
  while (!line.endsWith('\r\n')) line += (await client.exactly(1)).toString('latin1')
  return line.trim()
}
