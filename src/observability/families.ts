// What is each metric called, and what does it say?
//
// The one list of names, types and help texts; docs/metrics.md is held to it by a test.
// Names end as Prometheus wants them: `_total` for counters, base units in the name.

export interface FamilyDefinition {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
}

const counter = (name: string, labels: readonly string[], help: string): FamilyDefinition => ({
  name: `pillion_${name}`,
  type: 'counter',
  help,
  labels,
})
const gauge = (name: string, labels: readonly string[], help: string): FamilyDefinition => ({
  ...counter(name, labels, help),
  type: 'gauge',
})
const histogram = (name: string, labels: readonly string[], help: string): FamilyDefinition => ({
  ...counter(name, labels, help),
  type: 'histogram',
})

export const FAMILIES = {
  requests: counter(
    'requests_total',
    ['route', 'outcome', 'status'],
    'Requests answered, by route, outcome and status class; none: the client was gone first.',
  ),
  requestDuration: histogram(
    'request_duration_seconds',
    ['route', 'outcome'],
    'Time from the request head to the last byte of the answer.',
  ),
  upstreamRequests: counter(
    'upstream_requests_total',
    ['route', 'status'],
    'Exchanges with the upstream, by status class; none: no answer came.',
  ),
  upstreamDuration: histogram(
    'upstream_duration_seconds',
    ['route'],
    "Time from sending a request to the upstream's response head, or to the failure.",
  ),
  upstreamConnections: gauge(
    'upstream_connections',
    ['state'],
    'Upstream connections (connected, free) and requests (running, pending on a connection, queued for one).',
  ),
  upstreamUtilization: gauge(
    'upstream_pool_utilization',
    [],
    'Share of upstream.connections in use; the ratio runs from 0 to 1.',
  ),
  breakerOpen: gauge('upstream_breaker_open', [], '1 while the breaker keeps requests from the upstream, else 0.'),
  secondsSaved: counter(
    'upstream_seconds_saved_total',
    ['route'],
    'Upstream time not spent because the answer came from the cache, as long as it took when it was stored.',
  ),
  bytesSaved: counter(
    'upstream_bytes_saved_total',
    ['route'],
    'Body bytes sent to clients without asking the upstream.',
  ),
  responseBytes: counter('response_bytes_total', ['encoding'], 'Body bytes sent to clients, by content coding.'),
  compressionSaved: counter(
    'compression_bytes_saved_total',
    ['encoding'],
    'Body bytes not sent to clients because of the content coding.',
  ),
  storeBytes: gauge('store_bytes', ['tier'], 'Bytes that stored responses take, overhead included.'),
  storeEntries: gauge('store_entries', ['tier'], 'Stored responses.'),
  storeEvictions: counter(
    'store_evictions_total',
    ['tier', 'reason'],
    'Stored responses that left the store, and why.',
  ),
  storeOperations: counter('store_operations_total', ['tier', 'op', 'result'], 'Store operations and how they ended.'),
  storeDuration: histogram('store_duration_seconds', ['tier', 'op'], 'Time that a store operation took.'),
  redisUp: gauge('redis_up', [], '1 while Redis answers, 0 while it does not; no sample without store.redis.'),
  purges: counter('purges_total', ['kind'], 'Purges, by what named the stored responses.'),
  uncacheable: counter('uncacheable_total', ['route', 'reason'], 'Upstream responses that were not stored, and why.'),
  observedHits: counter(
    'observed_hits_total',
    ['route'],
    'Requests of observed routes that would have been answered from the cache.',
  ),
  verified: counter(
    'verified_total',
    ['route', 'result'],
    'Hits, real or as if, compared with a fresh answer to the same caller.',
  ),
  quarantined: gauge(
    'quarantined',
    ['route'],
    '1 while the route is passed through because its answers are personal, else 0.',
  ),
  reloads: counter('config_reloads_total', [], 'Configurations that came into force after the first.'),
  reloadFailures: counter('config_reload_failures_total', [], 'New configurations refused because of an error.'),
  configuration: gauge('config_info', ['hash'], 'Always 1; the hash names the configuration in force.'),
} as const satisfies Record<string, FamilyDefinition>
