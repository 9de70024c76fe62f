// Does the memory store's eviction keep what will be asked for again, better than LRU?
//
// Runs access logs (nginx or Apache combined, also .gz) through the real memory store and
// through an exact LRU that counts the same bytes, at several shares of the log's whole
// footprint. Only sizes
// are kept, no content, so that a large footprint fits; nothing expires.
//
//   npm run bench -- hit-rate LOG… [--shares 0.01,0.05,0.1]

import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { systemClock } from '../src/base/clock.ts'
import { bytes, epochMs, milliseconds } from '../src/base/units.ts'
import { footprint } from '../src/store/footprint.ts'
import { MemoryStore } from '../src/store/memory-store.ts'
import { PurgeEpochs } from '../src/store/purge-epochs.ts'
import type { CacheKey } from '../src/store/store.ts'
import type { StoredResponse } from '../src/store/stored-response.ts'
import { type Claim, report } from './harness/report.ts'

interface Request {
  readonly key: CacheKey
  readonly response: StoredResponse
}

const LINE = /"GET ([^ "]+)[^"]*" 200 (\d+)/

function readLog(file: string): Request[] {
  const raw = readFileSync(file)
  const text = (file.endsWith('.gz') ? gunzipSync(raw) : raw).toString('latin1')
  const largest = new Map<string, number>()
  const asked: string[] = []
  for (const line of text.split('\n')) {
    const [, target, size] = LINE.exec(line) ?? []
    if (target === undefined) continue
    asked.push(target)
    largest.set(target, Math.max(largest.get(target) ?? 0, Number(size)))
  }
  const responses = new Map([...largest].map(([target, size]) => [target, responseOf(size)]))
  return asked.map(target => ({ key: target as CacheKey, response: responses.get(target) as StoredResponse }))
}

/** A stored response of this size without its content. */
function responseOf(size: number): StoredResponse {
  return {
    status: 200,
    fields: ['Content-Type', 'text/html', 'Content-Length', String(size)],
    requestTime: epochMs(0),
    responseTime: epochMs(0),
    date: epochMs(0),
    body: { length: size, buffer: { byteLength: size } } as unknown as Buffer,
    nominated: [],
    scopes: [],
    sequence: 0,
    originTime: milliseconds(0),
    etagMade: false,
    jitterAt: 0,
    usefulUntil: epochMs(Number.MAX_SAFE_INTEGER),
    headBytes: bytes(40),
  }
}

function ofMemoryStore(requests: readonly Request[], limit: number): number {
  const epochs = new PurgeEpochs()
  const store = new MemoryStore({
    limit: bytes(limit),
    clock: systemClock,
    telemetry: { emit: () => undefined },
    epochs,
  })
  let hits = 0
  for (const { key, response } of requests) {
    if (store.lookup(key, []).slot !== undefined) hits += 1
    else store.store(key, response)
  }
  void store.close()
  return hits / requests.length
}

/** What is larger is refused by both: one download would push out everything. */
const LARGEST = 0.25

/** Exact LRU by bytes: what lru-cache does with `maxSize` and `maxEntrySize`. */
function ofLru(requests: readonly Request[], limit: number): number {
  const kept = new Map<CacheKey, number>()
  let taken = 0
  let hits = 0
  for (const { key, response } of requests) {
    const size = kept.get(key) ?? footprint(key, response)
    if (kept.delete(key)) hits += 1
    else if (size > limit * LARGEST) continue
    else taken += size
    kept.set(key, size)
    for (const [oldest, itsSize] of kept) {
      if (taken <= limit) break
      kept.delete(oldest)
      taken -= itsSize
    }
  }
  return hits / requests.length
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { shares: { type: 'string', default: '0.01,0.05,0.1' } },
})
if (positionals.length === 0) {
  console.error('Which logs? Write: npm run bench -- hit-rate LOG… [--shares 0.01,0.05,0.1]')
  process.exit(2)
}
const rows = positionals.flatMap(log => {
  const requests = readLog(log)
  const sizes = new Map(requests.map(({ key, response }) => [key, footprint(key, response)]))
  const whole = [...sizes.values()].reduce((sum: number, size) => sum + size, 0)
  return values.shares.split(',').map(share => {
    const limit = Math.floor(whole * Number(share))
    const [own, lru] = [ofMemoryStore(requests, limit), ofLru(requests, limit)]
    return {
      log: basename(log),
      requests: requests.length,
      footprint: whole,
      share: Number(share),
      limit,
      own,
      lru,
      gain: own - lru,
    }
  })
})
const percent = (part: number) => `${(part * 100).toFixed(2)} %`
for (const { share, own, lru } of rows) console.log(`at ${percent(share)}: own ${percent(own)}, LRU ${percent(lru)}`)
const claims = rows.map(
  ({ share, gain }): Claim => ({
    what: `points of hit rate above LRU, with room for ${share * 100} % of all`,
    value: gain * 100,
    target: 2,
    should: 'at least',
  }),
)
report('hit-rate', {
  question: 'Does eviction keep what will be asked for again, better than LRU?',
  claims,
  figures: rows,
})
