// The hit path gives byte for byte what the ordinary way gives.
//
// Two Pillions with one rule set, one with the hit path and one without, before the same
// origin, at a clock that stands still. Every pair of route and head is sent to both three
// times (a miss, a hit that is ruled on, a hit under the ruling), and again seconds later.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import type { App } from '../../src/app.ts'
import { type EpochMs, epochMs, milliseconds } from '../../src/base/units.ts'
import { RawClient } from '../clients/raw-client.ts'
import { startOrigin } from '../origin/origin.ts'
import { startPillion } from './start-pillion.ts'

const RULES = `
trustedProxies: [127.0.0.1]
routes:
  everyone: { match: GET /everyone/**, ttl: 1m, share: everyone }
  auto: { match: GET /auto/**, ttl: 90s }
  user: { match: GET /user/**, ttl: 1m, share: user }
  off: { match: GET /plain/**, ttl: 1m, share: everyone, compress: off, client: 30s }
  varied: { match: GET /varied/**, ttl: 1m, share: everyone, vary: [X-Kind], query: { only: [page] } }
  immutable: { match: GET /immutable/**, ttl: 1d, share: everyone, client: immutable }
  swr: { match: GET /swr/**, ttl: 3s, share: everyone, staleWhileRevalidate: 1h }
  narrow: { match: GET /narrow/**, ttl: 1m, share: everyone, when: { header: { X-Kind: a } } }
`
const NOON = Date.parse('2026-11-25T12:00:00Z')
const BODY = JSON.stringify({ text: 'lorem ipsum '.repeat(200) })

const TARGETS = [
  '/everyone/1',
  '/everyone/1?b=2&a=1',
  '/auto/1',
  '/auto/public',
  '/user/1',
  '/plain/1',
  '/varied/1?page=2&utm=x',
  '/varied/vary',
  '/immutable/1',
  '/swr/1',
  '/narrow/1',
  '/everyone/aged',
  '/everyone/tagless',
  '/everyone/small',
  '/everyone/cdn',
  '/everyone/404',
]
const HEADS = [
  '',
  'Accept-Encoding: gzip, deflate, br, zstd\r\n',
  'Accept-Encoding: gzip\r\nX-Kind: a\r\nConnection: keep-alive\r\n',
  'Accept-Encoding:\r\n',
  'Accept-Encoding: identity;q=0\r\n',
  'Authorization: Bearer one\r\n',
  'Authorization: Bearer one\r\nAuthorization: Bearer two\r\n',
  'Cookie: session=1\r\nAuthorization: Bearer one\r\n',
  'If-None-Match: "v1"\r\n',
  'If-None-Match: W/"v1"\r\nAccept-Encoding: br\r\n',
  'If-None-Match: "v1.pillion-gzip"\r\nAccept-Encoding: gzip\r\n',
  'If-None-Match: "x", "v1"\r\n',
  'If-None-Match: *\r\n',
  'If-Modified-Since: Wed, 25 Nov 2026 11:00:00 GMT\r\n',
  'If-None-Match: "other"\r\nIf-Modified-Since: Wed, 25 Nov 2026 11:00:00 GMT\r\n',
  'Range: bytes=0-3\r\n',
  'Cache-Control: max-age=0\r\n',
  'Cache-Control: no-transform\r\nAccept-Encoding: gzip\r\n',
  'Pragma: no-cache\r\n',
  'X-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.example\r\nX-Forwarded-For: 192.0.2.7\r\n',
  'Forwarded: for=192.0.2.7;proto=https;host=shop.example\r\n',
  'X_Kind: a\r\nPillion-Purpose: verify\r\nProxy: x\r\n',
  'X-Http-Method-Override: DELETE\r\n',
  'X-Kind: b\r\nAccept-Language: de\r\n',
]

class StillClock {
  #now = NOON
  now(): EpochMs {
    return epochMs(this.#now)
  }
  monotonic() {
    return milliseconds(performance.now())
  }
  pass(duration: number): void {
    this.#now += duration
  }
}

function fieldsOf(target: string): string[] {
  const common = ['Date', 'Wed, 25 Nov 2026 12:00:00 GMT', 'Content-Type', 'application/json']
  if (target.includes('tagless')) return common
  const tagged = [...common, 'ETag', '"v1"', 'Last-Modified', 'Wed, 25 Nov 2026 11:00:00 GMT']
  if (target.includes('aged')) return [...tagged, 'Age', '7', 'Via', '1.1 other']
  if (target.includes('public')) return [...tagged, 'Cache-Control', 'public, max-age=60', 'Surrogate-Key', 'a b']
  if (target.includes('vary')) return [...tagged, 'Vary', 'Accept-Language']
  if (target.includes('cdn')) return [...tagged, 'CDN-Cache-Control', 'max-age=50', 'Cache-Control', 'no-store']
  return tagged
}

function answerOf(target: string) {
  const status = target.includes('404') ? 404 : 200
  return { status, fields: fieldsOf(target), body: target.includes('small') ? '{}' : BODY }
}

const portOf = (app: App) => Number(app.listen.slice(app.listen.lastIndexOf(':') + 1))

async function exchange(client: RawClient, method: string, target: string, head: string): Promise<string> {
  client.send(`${method} ${target} HTTP/1.1\r\nHost: test.example\r\n${head}\r\n`)
  const { startLine, fields, rawBody } = await client.response()
  const coding = fields[fields.indexOf('Content-Encoding') + 1]
  const stored = fields.includes('Content-Encoding') && fields.includes('Content-Length')
  const decode = stored ? DECODERS[coding ?? ''] : undefined
  if (decode === undefined) return `${startLine}\n${fields.join('\n')}\n${rawBody.toString('latin1')}`
  // A harder form replaces the first one behind an answer, which of the two may do at another moment.
  const steady = fields.map((field, at) => (fields[at - 1] === 'Content-Length' ? '' : field))
  return `${startLine}\n${steady.join('\n')}\n${rawBody.length === 0 ? '' : decode(rawBody).toString('latin1')}`
}

const DECODERS: Readonly<Record<string, (coded: Buffer) => Buffer>> = {
  gzip: gunzipSync,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
}

/** Problem documents hold an id of their own. */
const comparable = (text: string) => text.replace(/"requestId":"[^"]*"/, '')

interface Pair {
  readonly clock: StillClock
  readonly quick: RawClient
  readonly ordinary: RawClient
}

/** Runs `act` with a connection to each of the two Pillions. */
async function withBoth(act: (pair: Pair) => Promise<void>): Promise<void> {
  const origin = await startOrigin(each => each.respond(answerOf(each.request.target)))
  const clock = new StillClock()
  const apps: App[] = []
  for (const way of ['on', 'off']) apps.push(await startPillion(origin.url, { text: `hitPath: ${way}${RULES}`, clock }))
  const clients: RawClient[] = []
  try {
    for (const app of apps) clients.push(await RawClient.connect({ port: portOf(app) }))
    const [quick, ordinary] = clients as [RawClient, RawClient]
    await act({ clock, quick, ordinary })
  } finally {
    for (const client of clients) client.close()
    await origin.close()
    for (const app of apps) await app.close()
  }
}

async function compareAll(target: string, { quick, ordinary }: Pair): Promise<void> {
  for (const head of HEADS) {
    for (const method of ['GET', 'GET', 'GET', 'HEAD']) {
      const one = comparable(await exchange(quick, method, target, head))
      const other = comparable(await exchange(ordinary, method, target, head))
      assert.equal(one, other, `${method} ${target} with ${JSON.stringify(head)}`)
    }
  }
}

describe('the hit path and the ordinary way', () => {
  for (const target of TARGETS) {
    test(`agree byte for byte on ${target}`, () =>
      withBoth(async pair => {
        for (const wait of [0, 999, 1, 4000]) {
          pair.clock.pass(wait)
          await compareAll(target, pair)
        }
      }))
  }
})
