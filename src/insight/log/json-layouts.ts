// Under which keys does each program write its JSON access log?
//
// A table, most particular first. nginx has no JSON format of its own: its variables'
// names are what people use as keys, with a few other customary ones, so that layout
// takes the rest. `unit` is what a duration is multiplied by to be milliseconds.

import type { Fields } from '../../http/fields.ts'
import { type JsonLine, text } from './json-values.ts'

type Find = (content: JsonLine) => unknown

export interface Layout {
  fits(content: JsonLine): boolean
  readonly time: Find
  /** What `time` is of. */
  readonly stamps: 'begin' | 'end'
  /** `GET /path HTTP/1.1` in one; else method and target apart. */
  readonly requestLine: Find
  readonly method: Find
  readonly target: Find
  /** Where the query stands apart from the target. */
  readonly query: Find | undefined
  readonly status: Find
  readonly bytes: Find
  readonly duration: Find
  readonly origin: Find
  readonly unit: number
  readonly host: Find
  readonly scheme: Find
  readonly client: Find
  readonly agent: Find
  readonly user: Find
  fields(content: JsonLine): Fields | undefined
}

const nothing: Find = () => undefined
const key =
  (...names: readonly string[]): Find =>
  content => {
    for (const name of names) if (content[name] !== undefined) return content[name]
    return undefined
  }

/** Response fields that say something about caching. */
const TELLING = [
  'cache-control',
  'etag',
  'last-modified',
  'expires',
  'vary',
  'set-cookie',
  'content-encoding',
  'content-type',
] // prettier-ignore

/** The telling fields under keys that `nameOf` makes of their names. */
function fieldsBy(...namings: readonly ((field: string) => string)[]): Layout['fields'] {
  const keys = TELLING.map(field => [field, namings.map(naming => naming(field))] as const)
  return content => {
    let known = false
    const fields: string[] = []
    for (const [field, names] of keys) {
      const name = names.find(each => content[each] !== undefined)
      if (name === undefined) continue
      known ||= field === 'cache-control' || field === 'etag'
      const value = text(content[name])
      if (value !== undefined && value !== '') fields.push(field, value)
    }
    return known ? fields : undefined
  }
}

const pillion: Layout = {
  fits: content => 'request_id' in content && 'duration_ms' in content && 'outcome' in content,
  time: key('time'),
  stamps: 'begin',
  requestLine: nothing,
  method: key('method'),
  target: key('path'),
  query: key('query'),
  status: key('status'),
  bytes: key('bytes'),
  duration: key('duration_ms'),
  origin: key('upstream_ms'),
  unit: 1,
  host: nothing,
  scheme: nothing,
  client: key('client'),
  agent: nothing,
  user: key('who'),
  fields: () => undefined,
}

const inRequest =
  (name: string): Find =>
  content =>
    (content['request'] as JsonLine | undefined)?.[name]
const isObject = (value: unknown): value is JsonLine => typeof value === 'object' && value !== null

const caddy: Layout = {
  fits: content => isObject(content['request']) && 'uri' in content['request'],
  time: key('ts'),
  stamps: 'end',
  requestLine: nothing,
  method: inRequest('method'),
  target: inRequest('uri'),
  query: undefined,
  status: key('status'),
  bytes: key('size'),
  duration: key('duration'),
  origin: nothing,
  unit: 1000,
  host: inRequest('host'),
  scheme: content => (isObject(inRequest('tls')(content)) ? 'https' : 'http'),
  client: content => inRequest('client_ip')(content) ?? inRequest('remote_ip')(content),
  agent: content => (inRequest('headers')(content) as JsonLine | undefined)?.['User-Agent'],
  user: content => content['user_id'] || undefined,
  fields: content => {
    const headers = content['resp_headers']
    if (!isObject(headers)) return undefined
    const lines = Object.entries(headers).filter(([name]) => TELLING.includes(name.toLowerCase()))
    return lines.flatMap(([name, value]) => [name.toLowerCase(), text(value) ?? ''])
  },
}

const traefik: Layout = {
  fits: content => 'RequestMethod' in content && 'RequestPath' in content,
  time: key('StartUTC', 'StartLocal', 'time'),
  stamps: 'begin',
  requestLine: nothing,
  method: key('RequestMethod'),
  target: key('RequestPath'),
  query: undefined,
  status: key('DownstreamStatus'),
  bytes: key('DownstreamContentSize'),
  duration: key('Duration'),
  origin: key('OriginDuration'),
  unit: 1e-6,
  host: key('RequestHost', 'RequestAddr'),
  scheme: key('RequestScheme'),
  client: key('ClientHost', 'ClientAddr'),
  agent: key('request_User-Agent'),
  user: key('ClientUsername'),
  fields: fieldsBy(
    field => `origin_${capitals(field)}`,
    field => `downstream_${capitals(field)}`,
  ),
}

function capitals(field: string): string {
  return field === 'etag' ? 'Etag' : field.replace(/(^|-)[a-z]/g, letter => letter.toUpperCase())
}

const envoy: Layout = {
  fits: content => 'start_time' in content && 'response_code' in content,
  time: key('start_time'),
  stamps: 'begin',
  requestLine: nothing,
  method: key('method', 'request_method'),
  target: key('path', 'x-envoy-original-path', 'x_envoy_original_path'),
  query: undefined,
  status: key('response_code'),
  bytes: key('bytes_sent'),
  duration: key('duration'),
  origin: key('upstream_service_time', 'x_envoy_upstream_service_time', 'x-envoy-upstream-service-time'),
  unit: 1,
  host: key('authority', 'requested_server_name'),
  scheme: key('scheme', 'x-forwarded-proto'),
  client: key('x_forwarded_for', 'downstream_remote_address', 'downstream_direct_remote_address'),
  agent: key('user_agent'),
  user: nothing,
  fields: fieldsBy(
    field => field.replaceAll('-', '_'),
    field => `response_${field.replaceAll('-', '_')}`,
  ),
}

const nginx: Layout = {
  fits: content =>
    'status' in content &&
    ['request', 'request_uri', 'uri', 'path', 'url'].some(name => typeof content[name] === 'string'),
  time: key('msec', 'time_iso8601', 'time', '@timestamp', 'timestamp', 'time_local', 'ts'),
  stamps: 'end',
  requestLine: key('request'),
  method: key('request_method', 'method'),
  target: content => key('request_uri', 'url')(content) ?? withArguments(content),
  query: undefined,
  status: key('status'),
  bytes: key('body_bytes_sent', 'bytes_sent', 'bytes', 'size'),
  duration: key('request_time', 'duration'),
  origin: key('upstream_header_time', 'upstream_response_time'),
  unit: 1000,
  host: key('http_host', 'host', 'server_name'),
  scheme: key('scheme'),
  client: key('remote_addr', 'client', 'client_ip', 'http_x_forwarded_for'),
  agent: key('http_user_agent', 'user_agent'),
  user: key('remote_user'),
  fields: fieldsBy(
    field => `upstream_http_${field.replaceAll('-', '_')}`,
    field => `sent_http_${field.replaceAll('-', '_')}`,
    field => field.replaceAll('-', '_'),
  ),
}

function withArguments(content: JsonLine): unknown {
  const path = text(key('uri', 'path')(content))
  const query = text(key('args', 'query_string', 'query')(content)) ?? ''
  return path === undefined || query === '' ? path : `${path}?${query}`
}

export const LAYOUTS: readonly Layout[] = [pillion, caddy, traefik, envoy, nginx]
