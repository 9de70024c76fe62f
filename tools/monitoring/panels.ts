// Which plots and figures does the Grafana dashboard have, and what do they ask?
//
// Plain values; dashboard.ts makes panels of them. `limit` is drawn from the objectives.

import type { Objectives } from './rules.ts'

const MINE = 'job=~"$job"'
export const ROUTES = `${MINE},route=~"$route"`
export const HIT = 'outcome=~"hit|stale"'
export const COUNTED = 'outcome!="bypass"'

const rate = (name: string, selector: string, by = '') =>
  `sum${by === '' ? '' : ` by (${by})`} (rate(pillion_${name}{${selector}}[$__rate_interval]))`

const percentile = (share: number, selector: string) =>
  `histogram_quantile(${share}, ${rate('request_duration_seconds_bucket', selector, 'le')})`

const share = (part: string, whole: string, by = '') =>
  `${rate('requests_total', `${ROUTES},${part}`, by)} / ${rate('requests_total', whole === '' ? ROUTES : `${ROUTES},${whole}`, by)}`

/** Expression and the name of its line. */
export type Line = readonly [expr: string, legend: string]

export interface Plot {
  readonly title: string
  readonly says: string
  readonly unit: string
  readonly lines: readonly Line[]
  /** Drawn as a line; beyond it is worse, or below it where `least`. */
  readonly limit?: (slo: Objectives) => number
  readonly least?: boolean
  readonly max?: number
  readonly stacked?: boolean
}

export interface Figure extends Pick<Plot, 'title' | 'says' | 'unit' | 'limit' | 'least'> {
  readonly expr: string
}

export const FIGURES: readonly Figure[] = [
  {
    title: 'Hit rate',
    says: 'Share of requests answered from the cache; red below slo.hitRate.',
    unit: 'percentunit',
    expr: share(HIT, COUNTED),
    limit: slo => slo.hitRate,
    least: true,
  },
  {
    title: 'Requests',
    says: 'Answered in a second.',
    unit: 'reqps',
    expr: rate('requests_total', ROUTES),
  },
  {
    title: 'Backend work saved',
    says: 'Seconds of its time not spent in each second: so many of its workers are free because of Pillion.',
    unit: 'short',
    expr: rate('upstream_seconds_saved_total', ROUTES),
  },
  {
    title: 'Cached, 95 %',
    says: 'As fast as this, or faster, are 95 % of answers from the cache; red above slo.cached.',
    unit: 's',
    expr: percentile(0.95, `${ROUTES},${HIT}`),
    limit: slo => slo.cached / 1000,
  },
  {
    title: 'Fetched, 95 %',
    says: 'The same of all other answers; red above slo.uncached.',
    unit: 's',
    expr: percentile(0.95, `${ROUTES},outcome=~"miss|collapsed|revalidated|bypass"`),
    limit: slo => slo.uncached / 1000,
  },
  {
    title: 'In quarantine',
    says: 'Routes that are passed through because their answers proved personal.',
    unit: 'short',
    expr: `sum(max by (route) (pillion_quarantined{${ROUTES}}))`,
    limit: () => 1,
  },
]

export const TRAFFIC_PLOTS: readonly Plot[] = [
  {
    title: 'Requests by outcome',
    says: 'Hit and stale came from the cache; collapsed waited for somebody else’s fetch.',
    unit: 'reqps',
    lines: [[rate('requests_total', ROUTES, 'outcome'), '{{outcome}}']],
    stacked: true,
  },
  {
    title: 'Hit rate and requests kept off the backend',
    says: 'The second counts collapsed requests too, and all methods.',
    unit: 'percentunit',
    lines: [
      [share(HIT, COUNTED), 'hit rate'],
      [share('outcome=~"hit|stale|collapsed"', ''), 'kept off'],
    ],
    limit: slo => slo.hitRate,
    least: true,
    max: 1,
  },
  {
    title: 'Time of answers from the cache',
    says: 'From the request head to the last byte.',
    unit: 's',
    lines: [0.5, 0.95, 0.99].map((of): Line => [percentile(of, `${ROUTES},${HIT}`), `${of * 100} %`]),
  },
  {
    title: 'Time of fetched answers',
    says: 'From the request head to the last byte.',
    unit: 's',
    lines: [0.5, 0.95, 0.99].map(
      (of): Line => [percentile(of, `${ROUTES},outcome=~"miss|collapsed|revalidated|bypass"`), `${of * 100} %`],
    ),
  },
  {
    title: 'Answers by status',
    says: 'None: the client was gone first.',
    unit: 'reqps',
    lines: [[rate('requests_total', ROUTES, 'status'), '{{status}}']],
  },
  {
    title: 'Not stored, by reason',
    says: 'Answers of the backend that could not be kept.',
    unit: 'reqps',
    lines: [[rate('uncacheable_total', ROUTES, 'reason'), '{{reason}}']],
  },
]

export const BACKEND_PLOTS: readonly Plot[] = [
  {
    title: 'Connections in use',
    says: 'Share of upstream.connections, the busiest replica.',
    unit: 'percentunit',
    lines: [[`max(pillion_upstream_pool_utilization{${MINE}})`, 'in use']],
    limit: slo => slo.pool,
    max: 1,
  },
  {
    title: 'Connections and requests',
    says: 'Queued requests wait for a connection.',
    unit: 'short',
    lines: [[`sum by (state) (pillion_upstream_connections{${MINE}})`, '{{state}}']],
  },
  {
    title: 'Answers of the backend by status',
    says: 'None: no answer came.',
    unit: 'reqps',
    lines: [[rate('upstream_requests_total', ROUTES, 'status'), '{{status}}']],
  },
  {
    title: 'Breaker open, Redis up',
    says: 'How many replicas keep requests from the backend, and how many reach Redis.',
    unit: 'short',
    lines: [
      [`sum(pillion_upstream_breaker_open{${MINE}})`, 'breaker open'],
      [`sum(pillion_redis_up{${MINE}})`, 'Redis up'],
    ],
  },
]

export const SELF_PLOTS: readonly Plot[] = [
  {
    title: 'Stored',
    says: 'Bytes of stored responses, overhead included.',
    unit: 'bytes',
    lines: [[`sum by (tier) (pillion_store_bytes{${MINE}})`, '{{tier}}']],
  },
  {
    title: 'Left the store, by reason',
    says: 'Room: something else needed the place.',
    unit: 'ops',
    lines: [[rate('store_evictions_total', MINE, 'tier, reason'), '{{tier}} {{reason}}']],
  },
  {
    title: 'Redis, 95 %',
    says: 'Time of its operations; beyond store.redis.timeout it counts as absent.',
    unit: 's',
    lines: [
      [
        `histogram_quantile(0.95, ${rate('store_duration_seconds_bucket', `${MINE},tier="redis"`, 'le, op')})`,
        '{{op}}',
      ],
    ],
  },
  {
    title: 'Purges by kind',
    says: 'What named the stored responses.',
    unit: 'ops',
    lines: [[rate('purges_total', MINE, 'kind'), '{{kind}}']],
  },
  {
    title: 'Bytes sent, and saved by compression',
    says: 'Of bodies, by content coding.',
    unit: 'Bps',
    lines: [
      [rate('response_bytes_total', MINE, 'encoding'), '{{encoding}}'],
      [rate('compression_bytes_saved_total', MINE), 'saved'],
    ],
  },
  {
    title: 'Hits compared with fresh answers',
    says: 'Personal and unenforced must stay at none.',
    unit: 'ops',
    lines: [[rate('verified_total', ROUTES, 'result'), '{{result}}']],
  },
  {
    title: 'Processor time',
    says: 'Cores that each replica uses; one worker has one.',
    unit: 'short',
    lines: [
      [
        `rate(process_cpu_seconds_total{${MINE}}[$__rate_interval]) and on (job, instance) pillion_config_info{${MINE}}`,
        '{{instance}}',
      ],
    ],
  },
  {
    title: 'Memory of the process',
    says: 'Resident set of each replica.',
    unit: 'bytes',
    lines: [
      [`process_resident_memory_bytes{${MINE}} and on (job, instance) pillion_config_info{${MINE}}`, '{{instance}}'],
    ],
  },
]
