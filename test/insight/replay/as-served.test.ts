// Does `replay` predict what `serve` then does on the same log?
//
// A generated log is replayed, and then really sent: over sockets, through the whole app,
// with the clock set to each line's instant. Routes with shared and personal responses,
// lifetimes, purges by writes, stale windows, memory too small for all, and errors.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { startApp } from '../../../src/app.ts'
import type { Clock } from '../../../src/base/clock.ts'
import { epochMs, milliseconds } from '../../../src/base/units.ts'
import { createJsonReader } from '../../../src/insight/log/json-line.ts'
import type { LogRecord } from '../../../src/insight/log/log-record.ts'
import { prepare } from '../../../src/insight/prepare.ts'
import { Replay } from '../../../src/insight/replay/replay.ts'
import { createIdentitySecret } from '../../../src/routing/identity.ts'
import { RawClient } from '../../clients/raw-client.ts'
import { startOrigin } from '../../origin/origin.ts'

const RULES = `
store: { memory: 256KiB }
shutdown: { delay: 0s, timeout: 5s }
routes:
  items: { match: "GET /items/{id}", ttl: 30s, share: everyone, tags: ["item:{id}"], query: { except: [utm] } }
  mine: { match: "GET /mine/{id}", ttl: 1m, share: user, tags: [mine] }
  calm: { match: "GET /calm/{id}", ttl: 5s, staleWhileRevalidate: 20s, share: everyone }
  auto: { match: "GET /auto/{id}", ttl: 1m }
  writes: { match: "POST /items/{id}", purge: ["item:{id}"] }
  logout: { match: "POST /logout", purge: [user] }
  raw: { match: "GET /raw/**", cache: off }
`

/** Deterministic, so that a failure can be looked at. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return state / 0x7fffffff
  }
}

function generatedLines(count: number): string[] {
  const random = randomFrom(7)
  let time = Date.UTC(2026, 4, 17)
  const popular = (range: number) => Math.floor(range * random() ** 3)
  return Array.from({ length: count }, () => {
    time += Math.floor(random() * 400)
    const kind = random()
    const id = popular(120)
    const user = random() < 0.1 ? '' : `u${popular(6)}`
    const [method, path] =
      kind < 0.35
        ? ['GET', `/items/${id}${random() < 0.3 ? `?utm=${random()}` : ''}`]
        : kind < 0.6
          ? ['GET', `/mine/${popular(20)}`]
          : kind < 0.75
            ? ['GET', `/calm/${id}`]
            : kind < 0.88
              ? ['GET', `/auto/${popular(30)}`]
              : kind < 0.95
                ? ['POST', `/items/${id}`]
                : kind < 0.96
                  ? ['POST', '/logout']
                  : ['GET', '/raw/x'] // prettier-ignore
    const status = random() < 0.03 ? 503 : 200
    return JSON.stringify({ time: new Date(time).toISOString(), method, path, status, bytes: 400 + id * 97, user })
  })
}

async function sent(records: readonly LogRecord[]) {
  let now = records[0]?.at ?? epochMs(0)
  const clock: Clock = { now: () => now, monotonic: () => milliseconds(now) }
  let current: LogRecord | undefined
  const origin = await startOrigin(exchange => {
    exchange.respond({ status: current?.status ?? 200, body: 'x'.repeat(current?.bytes ?? 0) })
  })
  const input = {
    text: RULES,
    environment: { UPSTREAM: origin.url, LOG_LEVEL: 'error' },
    overrides: { listen: '127.0.0.1:0', admin: '127.0.0.1:0' },
  }
  const { configuration, problems } = prepare(input, createIdentitySecret())
  assert.ok(configuration, problems.map(({ message }) => message).join('\n'))
  const app = await startApp(configuration, input, clock)
  const client = await RawClient.connect({ port: Number(app.listen.split(':').at(-1)) })
  const routes = new Map<string, { counted: number; hits: number }>()
  for (const record of records) {
    current = record
    now = record.at
    const { method, path, query, user, bytes } = record
    const fields = user ? ['Authorization', user] : []
    const target = query === undefined ? path : `${path}?${query}`
    client.request(method, target, fields, method === 'POST' ? '' : undefined)
    const response = await client.response()
    const name = path.split('/')[1] as string
    const tally = routes.get(name) ?? { counted: 0, hits: 0 }
    routes.set(name, tally)
    assert.ok(bytes > 0)
    if (method !== 'GET') continue
    tally.counted += 1
    if (/hit|stale-if-error/.test(response.field('cache-status') ?? '')) tally.hits += 1
    await new Promise(resolve => setImmediate(resolve))
  }
  client.close()
  await app.close()
  await origin.close()
  return routes
}

function predicted(records: readonly LogRecord[]) {
  const input = { text: RULES, environment: { UPSTREAM: 'http://127.0.0.1:1' } }
  const { configuration } = prepare(input, createIdentitySecret())
  assert.ok(configuration)
  const simulation = new Replay({
    compiled: configuration.compiled,
    memory: 256 * 1024,
    maxBody: configuration.settings.store.maxBody,
    sweep: false,
  })
  for (const record of records) simulation.take(record)
  return simulation.report({ lines: records.length, malformed: 0 })
}

describe('replay and serve', () => {
  test('agree within 2 points per route where the log names who asked', { timeout: 120_000 }, async () => {
    const reader = createJsonReader({ user: 'user', tenant: undefined })
    const records = generatedLines(4000).map(line => reader(line) as LogRecord)
    const report = predicted(records)
    const routes = await sent(records)
    for (const name of ['items', 'mine', 'calm', 'auto']) {
      const { hits, counted } = routes.get(name) ?? { hits: 0, counted: 1 }
      const figures = report.routes[name]
      assert.ok(figures)
      assert.deepEqual([figures.low, figures.high], [figures.hitRate, figures.hitRate])
      const difference = Math.abs(figures.hitRate - hits / counted)
      assert.ok(difference <= 0.02, `${name}: ${figures.hitRate} predicted, ${hits / counted} served`)
      assert.ok(hits > 0, name)
    }
  })
})
