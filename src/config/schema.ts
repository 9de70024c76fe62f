// Which keys does the file have, what do they mean, and what holds where one is absent?
//
// One entry a key, in the order in which the reference page tells them. Types, the JSON
// Schema, docs/configuration.md, suggestions and the effective configuration all come
// from here; nothing is accepted that is not read by somebody. Rules that need two keys
// stand in `cross-checks.ts`.

import { z } from 'zod'
import type { Bytes } from '../base/units.ts'
import { identity } from './identity-schema.ts'
import { key } from './keys.ts'
import {
  address,
  choice,
  count,
  delay,
  list,
  network,
  own,
  percentage,
  section,
  size,
  text,
  timeLimit,
  upstreamUrl,
} from './kinds.ts'
import { accepted, refused } from './parsed.ts'
import { formatSize, parseSize } from './quantities.ts'
import { redisSchema } from './redis-schema.ts'
import { defaultsSchema, routesSchema } from './route-schema.ts'
import { describeWritten } from './written.ts'

const breaker = section({
  failures: key(count(1, 1_000_000), {
    default: 5,
    prose:
      'Failures in a row that open it: no connection, reset before the head, head timeout. Any answer resets the count.',
  }),
  open: key(timeLimit(), {
    default: '10s',
    prose:
      'How long it stays open; meanwhile stale responses, the fallback or 503 are given. Then one probe at a time is let through.',
  }),
})

const file = (title: string) => text({ title })

const tls = section({
  ca: key(file('file name'), {
    prose: "PEM file with the authorities that sign the upstream's certificate, instead of the system's.",
  }),
  cert: key(file('file name'), { prose: 'PEM file with the client certificate shown to the upstream.' }),
  key: key(file('file name'), { prose: 'PEM file with the key of `cert`.' }),
  servername: key(
    text({ title: 'host name', pattern: /^[A-Za-z0-9_.-]+$/, hint: 'write a host name, without scheme or port' }),
    {
      prose: "Name sent by SNI and expected in the certificate, instead of the URL's host.",
    },
  ),
})

const upstream = section({
  url: key(upstreamUrl(), {
    prose:
      'Where the backend listens: `http://host:port`, `https://…` or `http+unix:///path/to.sock`. Required here, by --upstream or by UPSTREAM.',
    examples: ['http://127.0.0.1:8000'],
  }),
  connections: key(count(1, 100_000), { default: 25, prose: 'Size of the connection pool.' }),
  queue: key(count(0, 1_000_000), {
    default: 35,
    prose: 'Requests that may wait for a connection; more are answered 503 with Retry-After.',
  }),
  queueTimeout: key(timeLimit(), { default: '5s', prose: 'Longest wait in that queue.' }),
  connectTimeout: key(timeLimit(), { default: '2s', prose: 'Longest wait for a connection to be made.' }),
  timeout: key(timeLimit(), { default: '30s', prose: 'Longest wait for the response head; a route may have its own.' }),
  idleTimeout: key(timeLimit(), { default: '60s', prose: 'Longest gap between two chunks of a response body.' }),
  streams: key(count(0, 100_000), { default: 100, prose: 'Event streams at the same time, apart from `connections`.' }),
  recycle: key(timeLimit(), { default: '2h', prose: 'Longest life of one upstream connection.' }),
  retries: key(count(0, 5), {
    default: 1,
    prose:
      'Further attempts, only if the connection was refused, or a reused one was closed before any byte; never after a timeout.',
  }),
  breaker: key(breaker, { default: {}, prose: 'Leaves a failing upstream alone for a while.' }),
  host: key(choice('preserve', 'upstream'), {
    default: 'preserve',
    prose: "Host sent to the upstream: the client's (`preserve`) or the one of `url` (`upstream`).",
  }),
  tls: key(tls, {
    default: {},
    prose: 'For an https upstream. Verification of its certificate cannot be turned off.',
  }),
})

const memory = own<Bytes | 'auto'>(
  written => (written.text === 'auto' ? accepted('auto') : parseMemory(written.text)),
  {
    title: 'auto | size',
    json: { type: 'string', pattern: '^(auto|[0-9]+(\\.[0-9]+)?(B|KiB|MiB|GiB))$' },
    print: value => (value === 'auto' ? value : formatSize(value)),
  },
)

function parseMemory(written: string) {
  const parsed = parseSize(written)
  return parsed.ok || parsed.code === 'unit-missing' ? parsed : { ...parsed, hint: `${parsed.hint}, or write \`auto\`` }
}

const store = section({
  memory: key(memory, {
    default: 'auto',
    prose:
      "Most memory for stored responses, overhead included; never exceeded. `auto`: 40 % of the container's memory limit, at most 512MiB.",
  }),
  maxBody: key(size(), { default: '8MiB', prose: 'Larger responses stream through and are not stored.' }),
  redis: key(redisSchema, {
    default: {},
    prose: 'What replicas share: stored responses, purges, and who asks the origin.',
  }),
})

const credentialName = text({
  title: 'header name',
  pattern: /^[!#$%&'+.^_`|~0-9A-Za-z-]+\*?$/,
  hint: 'write a header name, which may end in `*`, such as `X-Auth-Request-*`',
  lowerCase: true,
})

const admin = section({
  listen: key(address(), { default: '127.0.0.1:9090', prose: 'Address of the admin API, metrics and dashboard.' }),
  token: key(text({ title: 'token', secret: true, mayBeEmpty: true }), {
    default: '',
    prose: 'Bearer token that the admin API asks for. Empty: none, and only local callers are answered.',
    examples: [`\${ADMIN_TOKEN:-}`],
  }),
})

const limits = section({
  head: key(size({ min: '1KiB', max: '1MiB' }), { default: '32KiB', prose: 'Largest request head; 431 beyond.' }),
  uri: key(size({ min: '64B', max: '1MiB' }), { default: '8KiB', prose: 'Longest request target; 414 beyond.' }),
  headTimeout: key(timeLimit(), { default: '10s', prose: 'Longest time a request head may take; 408 beyond.' }),
  body: key(timeLimit(), { default: '60s', prose: 'Longest gap in a request body; 408 beyond.' }),
  send: key(timeLimit(), { default: '60s', prose: 'Longest time a client may take nothing of its response.' }),
  idle: key(timeLimit(), { default: '75s', prose: 'Longest life of an idle client connection.' }),
  connections: key(count(1, 1_000_000), { default: 10_000, prose: 'Client connections at the same time.' }),
  buffers: key(size({ min: '1MiB' }), {
    default: '64MiB',
    prose: 'Most memory, over all requests, for response bodies on their way to slow clients.',
  }),
})

const shutdown = section({
  delay: key(delay(), { default: '5s', prose: 'How long new connections are still served after the first signal.' }),
  timeout: key(delay(), { default: '25s', prose: 'How long requests in flight may take to finish after that.' }),
})

const log = section({
  level: key(choice('debug', 'info', 'warn', 'error'), { default: 'info', prose: 'Least severity that is logged.' }),
  access: key(choice('off', 'slow', 'all'), { default: 'slow', prose: 'Which requests get a line in the access log.' }),
  slow: key(delay(), { default: '1s', prose: 'From which duration on a request is slow.' }),
  query: key(choice('hide', 'show'), {
    default: 'hide',
    prose: 'Values of query parameters in the log: a keyed digest each (`hide`), or as sent (`show`).',
  }),
})

const slo = section({
  hitRate: key(percentage(), { default: '70%', prose: 'Least share of requests answered from the cache.' }),
  cached: key(timeLimit(), { default: '200ms', prose: '95th percentile of answers from the cache.' }),
  uncached: key(timeLimit(), { default: '1s', prose: '95th percentile of all other answers.' }),
  pool: key(percentage(), { default: '80%', prose: 'Largest share of upstream connections in use.' }),
})

const MOST_WORKERS = 256

const workers = own<number | 'auto'>(
  written => {
    if (written.text === 'auto') return accepted('auto')
    const number = /^[0-9]+$/.test(written.text) ? Number(written.text) : 0
    if (number >= 1 && number <= MOST_WORKERS) return accepted(number)
    const hint = `write a whole number from 1 to ${MOST_WORKERS}, or \`auto\``
    return refused(`${describeWritten(written)} is no number of workers`, hint, 'range')
  },
  {
    title: 'auto | whole number',
    json: { anyOf: [{ enum: ['auto'] }, { type: 'integer', minimum: 1, maximum: MOST_WORKERS }] },
  },
)

export const rootSchema = section({
  upstream: key(upstream, { default: {}, prose: 'The backend and how it is spoken to.' }),
  store: key(store, { default: {}, prose: 'Where responses are kept, and how much of them.' }),
  identity: key(identity, {
    default: {},
    prose:
      'Who is asking; used by `share`. Besides the keys below, parts of any name: `tenant: { header: X-Clinic }`, `{ cookie: … }` or `{ jwt: CLAIM }`.',
  }),
  credentials: key(z.union([choice('default'), z.array(credentialName)]), {
    default: 'default',
    prose:
      'Request fields that make a request personal under `share: auto`. `default`: Authorization, Cookie, all under `identity`, X-API-Key, X-Auth-Token, X-Access-Token, X-Remote-User, X-Forwarded-User, X-Forwarded-Email, `X-Auth-Request-*`, X-Forwarded-Client-Cert and `X-SSL-Client-*`. A list replaces all of these.',
  }),
  mode: key(choice('serve', 'observe'), {
    default: 'serve',
    prose: '`observe`: every route that has `cache: on` is as if it had `cache: observe`.',
  }),
  defaults: key(defaultsSchema, {
    default: {},
    prose: 'Any route key but `match`: holds for every route that does not say otherwise, and where no route matches.',
  }),
  routes: key(routesSchema, {
    default: {},
    prose: 'Routes by name; the most specific match wins, so their order never matters.',
  }),
  expect: key(list(text({ title: 'expectation' })), {
    default: [],
    prose: "The file's own tests, run by `pillion check`.",
    examples: [['GET /api/v1/patients?page=2 => patients, share user, ttl 1m, key ?page=2']],
  }),
  slo: key(slo, { default: {}, prose: 'Service level objectives, drawn on the dashboard.' }),
  listen: key(address(), {
    default: '0.0.0.0:8080',
    prose: 'Address of the proxy: HOST:PORT, :PORT, [::1]:PORT or unix:/path; port 0 picks a free one.',
  }),
  admin: key(admin, { default: {}, prose: 'The admin listener.' }),
  workers: key(workers, {
    default: 1,
    prose:
      'Processes that serve together as one Pillion, one per core. `auto`: as many as there are cores, and no more than `upstream.connections`. Totals (memory, buffers, connections, queue) are divided among them.',
  }),
  limits: key(limits, { default: {}, prose: 'What one client may ask of Pillion.' }),
  trustedProxies: key(z.union([choice('private').transform(word => [word as string]), list(network())]), {
    default: [],
    prose:
      'Peers whose `X-Forwarded-*` and Forwarded are believed and extended: CIDRs, or `private` (loopback, RFC 1918, ULA). Those of everybody else are replaced.',
    examples: [['10.0.0.0/8'], 'private'],
  }),
  hitPath: key(choice('on', 'off'), {
    default: 'on',
    prose:
      'Answers hits in memory before the HTTP parser has to read the request. `off`: every request takes the ordinary way: the same answers, more CPU.',
  }),
  serverTiming: key(choice('on', 'off'), {
    default: 'off',
    prose:
      "`on`: answers say in Server-Timing how they were come by and where the time went, for browsers' developer tools. Anybody who gets an answer sees it, and hits take the ordinary way.",
  }),
  shutdown: key(shutdown, { default: {}, prose: 'How SIGTERM and SIGINT drain.' }),
  log: key(log, { default: {}, prose: 'What is logged.' }),
})

/** What the file says, defaults filled in. */
export type FileSettings = z.output<typeof rootSchema>
