// In which traffic does each alert fire, and in which, just short of it, does it not?
//
// Series as promtool writes them: `0+60x90` begins at 0 and grows by 60 a minute, 90 times.
// Objectives are the default ones: 70 %, 200 ms, 1 s, 80 %.

export type Series = Readonly<Record<string, string>>

export interface AlertCase {
  readonly fires: Series
  readonly silent: Series
  /** Minutes after the start at which both are looked at. */
  readonly at: number
}

const JOB = 'namespace="clinic",job="pillion"'
const ONE = `${JOB},instance="a"`
const requests = (outcome: string, status = '2xx', route = 'patients') =>
  `pillion_requests_total{${ONE},route="${route}",outcome="${outcome}",status="${status}"}`
const bucket = (outcome: string, le: string) =>
  `pillion_request_duration_seconds_bucket{${ONE},route="patients",outcome="${outcome}",le="${le}"}`
const count = (outcome: string) =>
  `pillion_request_duration_seconds_count{${ONE},route="patients",outcome="${outcome}"}`
const verified = (result: string) => `pillion_verified_total{${ONE},route="patients",result="${result}"}`
const CONFIGURED = `pillion_config_info{${ONE},hash="abc"}`
const growing = (perMinute: number) => `0+${perMinute}x90`
const constant = (value: number) => `${value}x90`

const requestCases: Record<string, AlertCase> = {
  PillionHitRateLow: {
    fires: { [requests('hit')]: growing(69), [requests('miss')]: growing(31) },
    silent: { [requests('hit')]: growing(71), [requests('miss')]: growing(29), [requests('bypass')]: growing(900) },
    at: 50,
  },
  PillionCachedAnswersSlow: {
    fires: { [bucket('hit', '0.2')]: growing(94), [count('hit')]: growing(100) },
    silent: { [bucket('hit', '0.2')]: growing(96), [count('hit')]: growing(100) },
    at: 25,
  },
  PillionUncachedAnswersSlow: {
    // Prometheus 3 writes the bound as 1.0.
    fires: { [bucket('miss', '1.0')]: growing(94), [count('miss')]: growing(100) },
    silent: { [bucket('miss', '1')]: growing(96), [count('miss')]: growing(100), [count('hit')]: growing(1) },
    at: 25,
  },
  PillionErrors: {
    fires: { [requests('hit')]: growing(94), [requests('error', '5xx')]: growing(6) },
    silent: {
      [requests('hit')]: growing(94),
      [requests('miss', '4xx')]: growing(6),
      [requests('error', '5xx')]: '0x90',
    },
    at: 20,
  },
}

const backendCases: Record<string, AlertCase> = {
  PillionPoolBusy: {
    fires: { [`pillion_upstream_pool_utilization{${ONE}}`]: constant(0.81) },
    silent: { [`pillion_upstream_pool_utilization{${ONE}}`]: constant(0.8) },
    at: 20,
  },
  PillionRequestsWait: {
    fires: { [`pillion_upstream_connections{${ONE},state="queued"}`]: constant(1) },
    silent: { [`pillion_upstream_connections{${ONE},state="queued"}`]: '3 3 0 3 3 0 3 3 0 3 3 0 3 3 0 3 3 0 3' },
    at: 15,
  },
  PillionBreakerOpen: {
    fires: { [`pillion_upstream_breaker_open{${ONE}}`]: '0 0 1 1 1 1 1 1' },
    silent: { [`pillion_upstream_breaker_open{${ONE}}`]: '0 0 1 0 0 1 0 1' },
    at: 7,
  },
}

const selfCases: Record<string, AlertCase> = {
  PillionDown: {
    fires: { [`up{${ONE}}`]: '1 1 1 0 0 0 0 0 0 0 0', [CONFIGURED]: '1 1 1' },
    // Down, but never seen as a Pillion.
    silent: {
      [`up{${ONE}}`]: '1 1 1 0 0 0 0 0 0 0 0',
      [`pillion_config_info{${JOB},instance="b",hash="abc"}`]: '1 1 1',
    },
    at: 9,
  },
  PillionBusy: {
    fires: { [`process_cpu_seconds_total{${ONE}}`]: growing(57), [CONFIGURED]: constant(1) },
    silent: {
      [`process_cpu_seconds_total{${ONE}}`]: growing(52),
      [CONFIGURED]: constant(1),
      [`process_cpu_seconds_total{${JOB},instance="another program"}`]: growing(60),
    },
    at: 25,
  },
  PillionRedisDown: {
    fires: { [`pillion_redis_up{${ONE}}`]: '1 1 0 0 0 0 0 0' },
    silent: { [`pillion_redis_up{${ONE}}`]: '1 1 0 1 0 1 0 1' },
    at: 7,
  },
  PillionMemoryTooSmall: {
    fires: {
      [`pillion_store_evictions_total{${ONE},tier="memory",reason="room"}`]: growing(51),
      [`pillion_store_operations_total{${ONE},tier="memory",op="set",result="ok"}`]: growing(100),
    },
    silent: {
      [`pillion_store_evictions_total{${ONE},tier="memory",reason="room"}`]: growing(49),
      [`pillion_store_evictions_total{${ONE},tier="memory",reason="expired"}`]: growing(100),
      [`pillion_store_operations_total{${ONE},tier="memory",op="set",result="ok"}`]: growing(100),
    },
    at: 60,
  },
  PillionConfigurationNotReloaded: {
    fires: { [`pillion_config_reload_failures_total{${ONE}}`]: '0 0 0 1 1 1 1 1' },
    silent: { [`pillion_config_reload_failures_total{${ONE}}`]: constant(1) },
    at: 7,
  },
  PillionConfigurationsDiffer: {
    fires: { [CONFIGURED]: constant(1), [`pillion_config_info{${JOB},instance="b",hash="def"}`]: constant(1) },
    silent: { [CONFIGURED]: constant(1), [`pillion_config_info{${JOB},instance="b",hash="abc"}`]: constant(1) },
    at: 20,
  },
}

const sharingCases: Record<string, AlertCase> = {
  PillionRouteQuarantined: {
    fires: { [`pillion_quarantined{${ONE},route="patients"}`]: '0 0 1 1' },
    silent: { [`pillion_quarantined{${ONE},route="patients"}`]: '0 0 0 0' },
    at: 3,
  },
  PillionSharingUnenforced: {
    // A series that begins with what it counted first.
    fires: { [verified('unenforced')]: '_ _ _ 1 1 1' },
    silent: { [verified('unenforced')]: constant(0), [verified('same')]: growing(10) },
    at: 5,
  },
  PillionAnswersOutdated: {
    fires: { [verified('changed')]: growing(6), [verified('same')]: growing(94) },
    silent: { [verified('changed')]: growing(5), [verified('same')]: growing(95), [verified('refused')]: growing(50) },
    at: 60,
  },
}

export const ALERT_CASES: Readonly<Record<string, AlertCase>> = {
  ...requestCases,
  ...backendCases,
  ...selfCases,
  ...sharingCases,
}
