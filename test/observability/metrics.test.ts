// Does a scrape say what happened, in bounded words, and in a form that Prometheus accepts?

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { bytes, milliseconds } from '../../src/base/units.ts'
import { FAMILIES, type FamilyDefinition } from '../../src/observability/families.ts'
import { createMetrics, type Metrics } from '../../src/observability/metrics.ts'
import { anUpstreamEvent, aRequestEvent, everyKind } from './events.ts'
import { promtoolPath } from './promtool.ts'

let metrics: Metrics

const sources = {
  upstream: () => ({
    connected: 3,
    free: 2,
    running: 1,
    pending: 0,
    queued: 4,
    utilization: 0.04,
    breaker: 'open' as const,
  }),
  stores: () => [{ tier: 'memory' as const, bytes: bytes(4096), entries: 2 }],
  memoryOperations: () => ({ hits: 0, misses: 0, stored: 0, refused: 0, removed: 0, purged: 0 }),
  redisUp: () => undefined,
  configurationHash: () => 'abc123',
  quarantined: () => new Map([['patients', true]]),
}

function start(options: { thresholds?: number[] } = {}): Metrics {
  metrics = createMetrics({ sources, thresholds: (options.thresholds ?? []).map(milliseconds) })
  metrics.useRoutes(['patients', 'assets'])
  return metrics
}

const text = async () => (await metrics.scrape('prometheus')).body

/** The value of the one line with this name and these labels. */
async function sample(series: string): Promise<number | undefined> {
  const line = (await text()).split('\n').find(candidate => candidate.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length + 1))
}

describe('what is counted', () => {
  after(() => metrics.close())

  test('requests by route, outcome and status class', async () => {
    start()

    metrics.emit(aRequestEvent({ outcome: 'hit' }))
    metrics.emit(aRequestEvent({ outcome: 'hit', status: 304 }))
    metrics.emit(aRequestEvent({ outcome: 'hit', status: 206 }))
    metrics.emit(aRequestEvent({ outcome: 'error', status: 0 }))

    assert.equal(await sample('pillion_requests_total{route="patients",outcome="hit",status="2xx"}'), 2)
    assert.equal(await sample('pillion_requests_total{route="patients",outcome="hit",status="3xx"}'), 1)
    assert.equal(await sample('pillion_requests_total{route="patients",outcome="error",status="none"}'), 1)
  })

  test('durations fall into cumulated buckets, a bound belonging to its own bucket', async () => {
    start()

    for (const duration of [99, 100, 101]) metrics.emit(aRequestEvent({ duration }))

    const bucket = (le: string) =>
      sample(`pillion_request_duration_seconds_bucket{route="patients",outcome="miss",le="${le}"}`)
    assert.deepEqual(
      [await bucket('0.05'), await bucket('0.1'), await bucket('0.2'), await bucket('+Inf')],
      [0, 2, 3, 3],
    )
    assert.equal(await sample('pillion_request_duration_seconds_count{route="patients",outcome="miss"}'), 3)
    assert.equal(
      (await sample('pillion_request_duration_seconds_sum{route="patients",outcome="miss"}'))?.toFixed(3),
      '0.300',
    )
  })

  test('limits of slo are bucket bounds', async () => {
    start({ thresholds: [150, 1000] }).emit(aRequestEvent({ duration: 150 }))
    assert.equal(await sample('pillion_request_duration_seconds_bucket{route="patients",outcome="miss",le="0.15"}'), 1)
  })

  test('time and bytes saved are counted for answers given without the upstream', async () => {
    start()

    metrics.emit(aRequestEvent({ outcome: 'hit', saved: 250, bodyBytes: 1000 }))
    metrics.emit(aRequestEvent({ outcome: 'miss', bodyBytes: 1000 }))

    assert.equal(await sample('pillion_upstream_seconds_saved_total{route="patients"}'), 0.25)
    assert.equal(await sample('pillion_upstream_bytes_saved_total{route="patients"}'), 1000)
    assert.equal(await sample('pillion_response_bytes_total{encoding="identity"}'), 2000)
  })

  test('exchanges with the upstream, answered or not', async () => {
    start()

    metrics.emit(anUpstreamEvent({ status: 503 }))
    metrics.emit(anUpstreamEvent({ status: 0 }))

    assert.equal(await sample('pillion_upstream_requests_total{route="patients",status="5xx"}'), 1)
    assert.equal(await sample('pillion_upstream_requests_total{route="patients",status="none"}'), 1)
    assert.equal(await sample('pillion_upstream_duration_seconds_count{route="patients"}'), 2)
  })

  test('stores, purges, reloads and what was not stored', async () => {
    start()

    for (const event of everyKind) metrics.emit(event)
    metrics.emit({ kind: 'reload', ok: false, hash: 'abc' })

    assert.equal(await sample('pillion_store_operations_total{tier="memory",op="get",result="hit"}'), 1)
    assert.equal(await sample('pillion_store_evictions_total{tier="memory",reason="room"}'), 1)
    assert.equal(await sample('pillion_purges_total{kind="tag"}'), 1)
    assert.equal(await sample('pillion_purges_total{kind="user"}'), 0)
    assert.equal(await sample('pillion_uncacheable_total{route="patients",reason="no-store"}'), 1)
    assert.equal(await sample('pillion_config_reloads_total'), 1)
    assert.equal(await sample('pillion_config_reload_failures_total'), 1)
  })

  test('gauges are read at the scrape', async () => {
    start()
    assert.equal(await sample('pillion_upstream_connections{state="queued"}'), 4)
    assert.equal(await sample('pillion_upstream_pool_utilization'), 0.04)
    assert.equal(await sample('pillion_upstream_breaker_open'), 1)
    assert.equal(await sample('pillion_store_bytes{tier="memory"}'), 4096)
    assert.equal(await sample('pillion_config_info{hash="abc123"}'), 1)
  })

  test('without Redis there is no sample that says it is down', async () => {
    start()
    assert.equal(await sample('pillion_redis_up'), undefined)
  })

  test('the process and node have their own metrics', async () => {
    start()
    assert.ok(((await sample('process_resident_memory_bytes')) ?? 0) > 1_000_000)
  })
})

describe('labels are bounded', () => {
  after(() => metrics.close())

  test('an event of a route that was never configured counts under default', async () => {
    start().emit(aRequestEvent({ route: '/raw/path/1' }))
    assert.equal(await sample('pillion_requests_total{route="default",outcome="miss",status="2xx"}'), 1)
    assert.doesNotMatch(await text(), /raw/)
  })

  test("a reload keeps counting, and a removed route's series stay", async () => {
    start().emit(aRequestEvent())

    metrics.useRoutes(['assets', 'lists'])
    metrics.emit(aRequestEvent())
    metrics.emit(aRequestEvent({ route: 'lists' }))

    assert.equal(await sample('pillion_requests_total{route="patients",outcome="miss",status="2xx"}'), 2)
    assert.equal(await sample('pillion_requests_total{route="lists",outcome="miss",status="2xx"}'), 1)
  })

  test('of ever new names at every reload only the last 256 removed ones stay, and a row is empty when it is given on', async () => {
    start()
    for (let reload = 0; reload < 400; reload += 1) {
      metrics.useRoutes([`route-${reload}`])
      metrics.emit(aRequestEvent({ route: `route-${reload}` }))
    }

    const series = (await text()).split('\n').filter(line => line.startsWith('pillion_requests_total{route="route-'))
    assert.equal(series.length, 257)
    assert.ok(series.every(line => line.endsWith(' 1')))
  })

  test('the sixty-fourth reason and all after it count as other', async () => {
    start()
    for (let n = 0; n < 100; n += 1)
      metrics.emit({ kind: 'uncacheable', route: 'patients', method: 'GET', path: '/', reason: `reason-${n}` })
    assert.equal(await sample('pillion_uncacheable_total{route="patients",reason="other"}'), 37)
  })
})

describe('formats', () => {
  let promtool: string | undefined
  before(() => {
    promtool = promtoolPath()
  })
  after(() => metrics.close())

  test('an OpenMetrics scrape leaves the next text scrape as it was', async () => {
    start()
    for (const event of everyKind) metrics.emit(event)
    const named = async () => (await text()).split('\n').filter(line => line.startsWith('# TYPE'))
    const names = await named()

    const open = await metrics.scrape('openmetrics')

    assert.match(open.contentType, /^application\/openmetrics-text; version=1\.0\.0/)
    assert.match(open.body, /# TYPE pillion_requests counter\npillion_requests_total\{/)
    assert.match(open.body, /# EOF\n$/)
    assert.deepEqual(await named(), names)
  })

  test('promtool finds nothing to remark', async t => {
    if (promtool === undefined) return t.skip('promtool is neither on PATH nor could it be fetched with apt-get')
    start()
    for (const event of everyKind) metrics.emit(event)

    const check = spawnSync(promtool, ['check', 'metrics'], { input: await text(), encoding: 'utf8' })

    assert.equal(`${check.stdout}${check.stderr}`, '')
    assert.equal(check.status, 0)
  })
})

describe('docs/metrics.md', () => {
  const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'metrics.md'), 'utf8')
  const squeezed = (line: string) => line.replace(/ +/g, ' ')
  const rows = page
    .split('\n')
    .filter(line => line.startsWith('| `pillion_'))
    .map(squeezed)
  const row = ({ name, type, labels, help }: FamilyDefinition) =>
    squeezed(`| \`${name}\` | ${type} | ${labels.map(label => `\`${label}\``).join(', ')} | ${help} |`)

  test('lists every family as the code defines it, and no other', () => {
    assert.deepEqual(rows.toSorted(), Object.values(FAMILIES).map(row).toSorted())
  })
})
