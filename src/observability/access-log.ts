// Which requests leave a line, and what is in it?
//
// Exactly the fields of contract §5, in that order, one JSON object a line; `slow`
// writes those that took at least `log.slow`, `all` every one. Query values are hidden
// by default (query-digest.ts). Absent values are null, so that every line has every
// field. Slow requests are no emergency: their lines wait for company like all others.

import type { RequestEvent, Telemetry } from '../base/events.ts'
import type { Milliseconds } from '../base/units.ts'
import type { LogSink } from './log-sink.ts'
import { prettyAccess, prettyNotice } from './pretty-line.ts'
import { createQueryDigest } from './query-digest.ts'

export interface AccessLogSettings {
  readonly access: 'off' | 'slow' | 'all'
  readonly slow: Milliseconds
  readonly query: 'hide' | 'show'
}

export interface AccessLog extends Telemetry {
  /** Takes the settings of a reload. */
  use(settings: AccessLogSettings): void
}

/** `key`: under which queries are hidden, where several processes write one log; default: a random one. */
export function createAccessLog(settings: AccessLogSettings, sink: LogSink, key?: Buffer): AccessLog {
  const hide = createQueryDigest(key)
  let current = settings
  const isWanted = (event: RequestEvent) =>
    current.access === 'all' || (current.access === 'slow' && event.duration >= current.slow)

  return {
    emit(event) {
      if (event.kind !== 'request' || !isWanted(event)) return
      const query = event.query === '' || current.query === 'show' ? event.query : hide(event.query)
      sink.write(sink.pretty ? terminalLine(event, query) : jsonLine(event, query), false)
      if (event.duration >= current.slow) sink.write(slowLine(event, sink.pretty), false)
    },
    use(next) {
      current = next
    },
  }
}

function jsonLine(event: RequestEvent, query: string): string {
  return JSON.stringify({
    time: new Date(event.at).toISOString(),
    route: event.route,
    method: event.method,
    path: event.path,
    query,
    status: event.status,
    outcome: event.outcome,
    reason: event.reason,
    duration_ms: tenths(event.duration),
    upstream_ms: event.upstream === undefined ? null : tenths(event.upstream),
    bytes: event.bodyBytes,
    client: event.client,
    who: event.who,
    request_id: event.requestId,
  })
}

/**
 * Where a slow request's time went, beside its line of the access log (same `request_id`):
 * waiting for Redis, for a connection, for the origin's head, sending the answer, and the rest.
 */
function slowLine(event: RequestEvent, pretty: boolean): string {
  const { duration, lookup, queued, upstream, sending } = event
  const origin = upstream === undefined ? undefined : upstream - (queued ?? 0)
  const rest = duration - (lookup ?? 0) - (upstream ?? 0) - (sending ?? 0)
  const parts = { store: lookup, queue: queued, origin, send: sending, other: Math.max(0, rest) }
  const known = Object.entries(parts).flatMap(([name, time]) =>
    time === undefined ? [] : [[`${name}_ms`, tenths(time as Milliseconds)] as const],
  )
  const { at, requestId, route } = event
  const fields = { route, duration_ms: tenths(duration), ...Object.fromEntries(known), request_id: requestId }
  if (pretty) return prettyNotice({ at, level: 'info', message: SLOW, fields, error: undefined })
  return JSON.stringify({ level: 'info', time: new Date(at).toISOString(), ...fields, msg: SLOW })
}

const SLOW = 'slow request'

function terminalLine(event: RequestEvent, query: string): string {
  return prettyAccess({
    at: event.at,
    status: event.status,
    outcome: event.outcome,
    reason: event.reason,
    method: event.method,
    target: query === '' ? event.path : `${event.path}?${query}`,
    route: event.route,
    duration: tenths(event.duration),
  })
}

/** Milliseconds to one decimal: finer is noise, and longer. */
function tenths(duration: Milliseconds): number {
  return Math.round(duration * 10) / 10
}
