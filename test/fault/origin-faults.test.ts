// Is each row of the table of origin faults what really happens?
//
// Every row is played four times by a scripted origin over real sockets: with nothing
// stored (three clients at once), with a fresh, with a stale response stored, and with a
// fallback. Half a response must never look whole, and a failure is never stored.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { type RawResponse, rawGet } from '../clients/raw-client.ts'
import { Barrier } from '../origin/barrier.ts'
import { type OriginHandler, startOrigin } from '../origin/origin.ts'
import { cacheStatusOf, type Scene, startPillion, startScene } from '../scenario/start-pillion.ts'
import { FAULT_ROWS, type FaultRow, faultTable, type Outcome } from './origin-fault-table.ts'

const UPSTREAM = 'upstream: { timeout: 300ms, idleTimeout: 300ms, queueTimeout: 300ms, breaker: { failures: 1000 } }\n'
const FALLBACK = 'routes: { all: { match: /**, fallback: { status: 200, body: "instead", type: text/plain } } }\n'
const STALE = ['Cache-Control', 'max-age=10', 'Age', '11']
const FRESH = ['Cache-Control', 'max-age=60']

/** What a client saw, in the words of the table. */
async function outcome(scene: Scene): Promise<Outcome> {
  const client = await scene.connect()
  client.get('/a')
  const response = await client.response().catch(() => undefined)
  client.close()
  if (response === undefined || !response.complete) return 'cut off'
  return named(response)
}

function named(response: RawResponse): Outcome {
  const { status, body } = response
  const ours = /^pillion; error=(\w+)$/.exec(response.field('proxy-status') ?? '')?.[1]
  if (ours !== undefined) {
    assert.equal(response.field('content-type'), 'application/problem+json')
    assert.equal(response.field('cache-control'), 'no-store')
    assert.equal((JSON.parse(body) as { status: number }).status, status)
    assert.equal(response.field('retry-after') !== undefined, status === 503)
    return `${status} ${ours}`
  }
  if (body === 'instead') return 'fallback'
  if (body !== 'kept') return status === 200 ? body : String(status)
  return /fwd=stale; .*detail=stale-if-error/.test(cacheStatusOf(response)) ? 'stale' : 'fresh'
}

/** A Pillion before an origin that does what the row says, after one good answer with these fields if there are any. */
async function played(row: FaultRow, text: string, before?: readonly string[]): Promise<Scene> {
  const fails: OriginHandler = exchange => (row.act === 'closed' ? undefined : row.act(exchange))
  const scene = await startScene(`${UPSTREAM}${text}`, exchange =>
    exchange.respond(
      exchange.request.target === '/a'
        ? { fields: before ?? [], body: 'kept' }
        : { fields: ['Cache-Control', 'no-store'] },
    ),
  )
  // The origin was reached, however slow the machine: it isn't starting any more.
  while ((await scene.get(before === undefined ? '/other' : '/a')).status !== 200);
  scene.origin.handler = fails
  if (row.act === 'closed') await scene.origin.close()
  return scene
}

describe('what a client gets when the origin fails (docs/origin-faults.md)', { concurrency: 4 }, () => {
  for (const row of FAULT_ROWS) {
    test(`it ${row.what}, nothing is stored: ${row.cold}`, async () => {
      await using scene = await played(row, '')
      assert.equal(await outcome(scene), row.cold)
    })

    test(`it ${row.what}, a fresh response is stored: nobody notices`, async () => {
      await using scene = await played(row, '', FRESH)
      assert.equal(await outcome(scene), 'fresh')
    })

    test(`it ${row.what}, a stale response is stored: ${row.stale}`, async () => {
      await using scene = await played(row, '', STALE)
      assert.equal(await outcome(scene), row.stale)
    })

    test(`it ${row.what}, the route has a fallback: ${row.fallback}`, async () => {
      await using scene = await played(row, FALLBACK)
      assert.equal(await outcome(scene), row.fallback)
    })

    if (row.act !== 'closed') {
      test(`it ${row.what}: who waited for the same gets the same`, async () => {
        const barrier = new Barrier()
        await using scene = await played(row, '')
        const act = row.act as OriginHandler
        scene.origin.handler = async exchange => {
          await barrier.passed
          return act(exchange)
        }
        const leader = outcome(scene)
        await scene.origin.received(2)
        const followers = [outcome(scene), outcome(scene)]
        // Both have been read once a request sent after them is answered.
        await scene.get('/../')
        barrier.open()
        assert.deepEqual(await Promise.all([leader, ...followers]), [row.cold, row.cold, row.cold])
      })
    }
  }
})

describe('an origin that is left alone', () => {
  test('behind an open breaker is a 503 with Retry-After, and one probe at a time brings it back', async () => {
    const barrier = new Barrier()
    await using scene = await startScene('upstream: { breaker: { failures: 1, open: 2s } }', exchange =>
      exchange.reset(),
    )
    assert.equal(await outcome(scene), '502 connection_terminated')
    assert.equal(await outcome(scene), '503 destination_unavailable')
    scene.origin.handler = async exchange => {
      await barrier.passed
      exchange.respond({ fields: ['Cache-Control', 'no-store'], body: 'whole' })
    }
    const asked = scene.origin.requests.length
    const probe = untilAsked(scene, asked)
    await scene.origin.received(asked + 1)
    assert.equal(named(await scene.get('/b')), '503 destination_unavailable')
    assert.equal(scene.origin.requests.length, asked + 1)
    barrier.open()
    await probe
    assert.equal(await outcome(scene), 'whole')
  })

  test('that starts after Pillion is waited for', async () => {
    const { port } = await closedOrigin()
    await using app = await started(`http://127.0.0.1:${port}`, '')
    const waiting = rawGet({ port: app.port }, '/a')
    const origin = await startOrigin(exchange => exchange.respond({ body: 'up' }), { port })
    assert.equal((await waiting).body, 'up')
    await origin.close()
  })

  test('because TLS fails is a 502, or the fallback', async () => {
    const plain = createServer(socket => {
      socket.on('error', () => undefined)
      socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    })
    await new Promise<void>(resolve => plain.listen(0, '127.0.0.1', resolve))
    const { port } = plain.address() as AddressInfo
    for (const [text, expected] of [
      ['', '502 tls_protocol_error'],
      [FALLBACK, 'fallback'],
    ] as const) {
      await using app = await started(`https://localhost:${port}`, text)
      assert.equal(named(await rawGet({ port: app.port }, '/a')), expected)
    }
    plain.close()
  })
})

async function closedOrigin(): Promise<{ port: number }> {
  const origin = await startOrigin(() => undefined)
  const { port } = origin
  await origin.close()
  return { port }
}

async function started(upstream: string, text: string) {
  const app = await startPillion(upstream, { text })
  return { port: Number(app.listen.split(':')[1]), [Symbol.asyncDispose]: async () => void (await app.close()) }
}

/** Asks until the origin has heard of it; resolves with that answer. */
async function untilAsked(scene: Scene, asked: number): Promise<RawResponse> {
  for (;;) {
    const response = await scene.get('/c')
    if (scene.origin.requests.length > asked) return response
  }
}

describe('docs/origin-faults.md', () => {
  test('shows the table that is played here', () => {
    const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'origin-faults.md'), 'utf8')
    assert.ok(page.includes(faultTable()), `docs/origin-faults.md should hold this table:\n\n${faultTable()}`)
  })
})
