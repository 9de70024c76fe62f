// Which numbers does Prometheus keep, and when does it call somebody?
//
// Recording and alert rules as plain values, made from the objectives under `slo`. The
// limits of latency are bucket bounds of Pillion's histograms, so an alert compares exact
// counts and no estimate. Every rule keeps `namespace` and `job` apart, so that one
// Prometheus may watch several backends; what is one process's own (its pool, its
// breaker, its Redis) stays per instance. docs/alerts.md says what to do for each.

import type { Settings } from '../../src/config/settings.ts'

export type Objectives = Settings['slo']

interface RecordingRule {
  readonly record: string
  readonly expr: string
}

export interface AlertRule {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: { readonly severity: 'critical' | 'warning' | 'info' }
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook_url: string }
}

export interface RuleGroup {
  readonly name: string
  readonly rules: readonly (RecordingRule | AlertRule)[]
}

const HIT = 'outcome=~"hit|stale"'
/** What took part: contract §5's denominator, whose other requests have outcome `bypass`. */
const COUNTED = 'outcome!="bypass"'
const FETCHED = 'outcome=~"miss|collapsed|revalidated|bypass"'
const OF = 'by (namespace, job)'
const PER_ROUTE = 'by (namespace, job, route)'

const rate = (selector: string, by = OF) => `sum ${by} (rate(pillion_${selector}[5m]))`

/** `le` is written `1` by Pillion and `1.0` by Prometheus 3 when it has read it. */
function bound(limit: number): string {
  const seconds = String(limit / 1000)
  return seconds.includes('.') ? `le="${seconds}"` : `le=~"${seconds}(\\\\.0)?"`
}

const percentile = (share: number, of: string) =>
  `histogram_quantile(${share}, ${rate(`request_duration_seconds_bucket{${of}}`, 'by (namespace, job, le)')})`

const slower = (of: string, limit: number) =>
  `1 - ${rate(`request_duration_seconds_bucket{${of}, ${bound(limit)}}`)} / ${rate(`request_duration_seconds_count{${of}}`)}`

function recordingRules({ cached, uncached }: Objectives): RecordingRule[] {
  return [
    { record: 'job:pillion_requests:rate5m', expr: rate('requests_total') },
    {
      record: 'job:pillion_hits:ratio_rate5m',
      expr: `${rate(`requests_total{${HIT}}`)} / ${rate(`requests_total{${COUNTED}}`)}`,
    },
    {
      record: 'job_route:pillion_hits:ratio_rate5m',
      expr: `${rate(`requests_total{${HIT}}`, PER_ROUTE)} / ${rate(`requests_total{${COUNTED}}`, PER_ROUTE)}`,
    },
    {
      record: 'job:pillion_requests_kept_off:ratio_rate5m',
      expr: `${rate('requests_total{outcome=~"hit|stale|collapsed"}')} / ${rate('requests_total')}`,
    },
    {
      record: 'job:pillion_errors:ratio_rate5m',
      expr: `${rate('requests_total{status="5xx"}')} / ${rate('requests_total')}`,
    },
    { record: 'job:pillion_cached_seconds:p95_rate5m', expr: percentile(0.95, HIT) },
    { record: 'job:pillion_uncached_seconds:p95_rate5m', expr: percentile(0.95, FETCHED) },
    { record: 'job:pillion_cached_too_slow:ratio_rate5m', expr: slower(HIT, cached) },
    { record: 'job:pillion_uncached_too_slow:ratio_rate5m', expr: slower(FETCHED, uncached) },
    { record: 'job:pillion_upstream_seconds_saved:rate5m', expr: rate('upstream_seconds_saved_total') },
  ]
}

interface Calling {
  readonly expr: string
  readonly for?: string
  readonly severity: AlertRule['labels']['severity']
  readonly summary: string
  readonly description: string
}

const SHARE = '{{ $value | humanizePercentage }}'
const WHERE = '{{ $labels.job }}'
const INSTANCE = '{{ $labels.instance }}'

function objectiveAlerts({ hitRate, cached, uncached, pool }: Objectives): Record<string, Calling> {
  const percent = (share: number) => `${Number((share * 100).toFixed(2))} %`
  return {
    PillionHitRateLow: {
      // Nothing is said of a few requests at night: one a second is the least that counts.
      expr: `job:pillion_hits:ratio_rate5m < ${hitRate} and ${rate(`requests_total{${COUNTED}}`)} > 1`,
      for: '30m',
      severity: 'warning',
      summary: `Fewer than ${percent(hitRate)} of requests are answered from the cache of ${WHERE}`,
      description: `The hit rate has been ${SHARE}; slo.hitRate is ${percent(hitRate)}.`,
    },
    PillionCachedAnswersSlow: {
      expr: 'job:pillion_cached_too_slow:ratio_rate5m > 0.05',
      for: '10m',
      severity: 'warning',
      summary: `Answers from the cache of ${WHERE} are slow`,
      description: `${SHARE} of them take longer than ${cached} ms (slo.cached); 5 % may.`,
    },
    PillionUncachedAnswersSlow: {
      expr: 'job:pillion_uncached_too_slow:ratio_rate5m > 0.05',
      for: '10m',
      severity: 'warning',
      summary: `Answers of the backend behind ${WHERE} are slow`,
      description: `${SHARE} of them take longer than ${uncached} ms (slo.uncached); 5 % may.`,
    },
    PillionPoolBusy: {
      expr: `avg_over_time(pillion_upstream_pool_utilization[5m]) > ${pool}`,
      for: '10m',
      severity: 'warning',
      summary: `The connections to the backend of ${INSTANCE} are nearly all in use`,
      description: `${SHARE} of upstream.connections were in use over 5 minutes; slo.pool is ${percent(pool)}.`,
    },
  }
}

const BACKEND_ALERTS: Record<string, Calling> = {
  PillionRequestsWait: {
    expr: 'min_over_time(pillion_upstream_connections{state="queued"}[5m]) > 0',
    for: '5m',
    severity: 'warning',
    summary: `Requests have been waiting for a connection to the backend of ${INSTANCE}`,
    description: 'At least {{ $value }} waited at every moment of 5 minutes. Beyond upstream.queue they get a 503.',
  },
  PillionErrors: {
    expr: 'job:pillion_errors:ratio_rate5m > 0.05',
    for: '5m',
    severity: 'critical',
    summary: `Clients of ${WHERE} get errors`,
    description: `${SHARE} of all answers have status 5xx.`,
  },
  PillionBreakerOpen: {
    // Half open, while one probe at a time is out, counts as open too.
    expr: 'min_over_time(pillion_upstream_breaker_open[1m]) == 1',
    for: '1m',
    severity: 'critical',
    summary: `The backend of ${INSTANCE} does not answer`,
    description: 'The breaker keeps requests from it: clients get stale responses, the fallback, or a 503.',
  },
}

const SELF_ALERTS: Record<string, Calling> = {
  PillionDown: {
    expr: 'up == 0 and on (namespace, job, instance) last_over_time(pillion_config_info[1h])',
    for: '2m',
    severity: 'critical',
    summary: `${INSTANCE} gives no metrics any more`,
    description: 'Prometheus reads nothing from its admin port, although it did within the last hour.',
  },
  PillionBusy: {
    // Node's part of Pillion runs on one core for each worker.
    expr: 'rate(process_cpu_seconds_total[5m]) > 0.9 and on (namespace, job, instance) pillion_config_info',
    for: '10m',
    severity: 'warning',
    summary: `${INSTANCE} needs a whole core`,
    description: 'It has used {{ $value | humanize }} cores over 5 minutes; one worker has no more than one.',
  },
  PillionRedisDown: {
    expr: 'max_over_time(pillion_redis_up[1m]) == 0',
    for: '2m',
    severity: 'warning',
    summary: `${INSTANCE} can't reach Redis`,
    description: 'It goes on with memory alone. Purges of other replicas do not arrive: see store.redis.partition.',
  },
  PillionMemoryTooSmall: {
    expr: `sum ${OF} (rate(pillion_store_evictions_total{tier="memory",reason="room"}[15m])) / sum ${OF} (rate(pillion_store_operations_total{tier="memory",op="set",result="ok"}[15m])) > 0.5`,
    for: '30m',
    severity: 'info',
    summary: `The memory of ${WHERE} is too small for what it stores`,
    description: `For ${SHARE} of what is stored something else must go before it is of no use any more.`,
  },
  PillionConfigurationNotReloaded: {
    expr: 'increase(pillion_config_reload_failures_total[15m]) > 0',
    severity: 'warning',
    summary: `${INSTANCE} refused a new configuration`,
    description: 'The one before goes on. The log has the errors; `pillion check` shows them too.',
  },
  PillionConfigurationsDiffer: {
    expr: `count ${OF} (count by (namespace, job, hash) (pillion_config_info)) > 1`,
    for: '15m',
    severity: 'warning',
    summary: `Replicas of ${WHERE} have different configurations`,
    description: '{{ $value }} configurations are in force at the same time.',
  },
}

const SHARING_ALERTS: Record<string, Calling> = {
  PillionRouteQuarantined: {
    expr: `max ${PER_ROUTE} (pillion_quarantined) == 1`,
    severity: 'critical',
    summary: `Route {{ $labels.route }} of ${WHERE} is in quarantine`,
    description: 'Callers who share its responses are owed different ones. It is passed through until somebody acts.',
  },
  PillionSharingUnenforced: {
    // The second half sees a series whose first sample is not 0 already.
    expr: 'increase(pillion_verified_total{result="unenforced"}[1h]) > 0 or (pillion_verified_total{result="unenforced"} > 0 unless pillion_verified_total{result="unenforced"} offset 1h)',
    severity: 'critical',
    summary: `The backend does not check who asks on route {{ $labels.route }} of ${INSTANCE}`,
    description: 'A request without or with another credential got a 200, although the route says `accepted: route`.',
  },
  PillionAnswersOutdated: {
    expr: `sum ${PER_ROUTE} (rate(pillion_verified_total{result="changed"}[1h])) / sum ${PER_ROUTE} (rate(pillion_verified_total{result=~"same|changed"}[1h])) > 0.05`,
    for: '15m',
    severity: 'info',
    summary: `Route {{ $labels.route }} of ${WHERE} often answers with what has changed since`,
    description: `${SHARE} of the hits that were compared with a fresh answer differed from it.`,
  },
}

/** `runbooks` is where docs/alerts.md is read: each alert's section is its anchor there. */
export function ruleGroups(objectives: Objectives, runbooks: string): RuleGroup[] {
  const group = (name: string, alerts: Record<string, Calling>): RuleGroup => ({
    name,
    rules: Object.entries(alerts).map(([alert, calling]) => alertRule(alert, calling, runbooks)),
  })
  return [
    { name: 'pillion', rules: recordingRules(objectives) },
    group('pillion-objectives', objectiveAlerts(objectives)),
    group('pillion-backend', BACKEND_ALERTS),
    group('pillion-itself', SELF_ALERTS),
    group('pillion-sharing', SHARING_ALERTS),
  ]
}

function alertRule(alert: string, calling: Calling, runbooks: string): AlertRule {
  const { expr, severity, summary, description } = calling
  return {
    alert,
    expr,
    ...(calling.for === undefined ? {} : { for: calling.for }),
    labels: { severity },
    annotations: { summary, description, runbook_url: `${runbooks}#${alert.toLowerCase()}` },
  }
}

export function alertsOf(groups: readonly RuleGroup[]): AlertRule[] {
  return groups.flatMap(({ rules }) => rules).filter(rule => 'alert' in rule)
}
