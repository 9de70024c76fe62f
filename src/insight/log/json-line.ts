// What does a line of a JSON access log say?
//
// One object a line, as Pillion, nginx, Envoy, Traefik and Caddy write it. Each has a
// layout: under which of its keys what is found, in which unit, and whether its instant
// is the request's begin or end. The first line that fits decides, and a line that
// doesn't fit asks again. Objects that are no access lines (a proxy's other messages) are
// `other`, not malformed.

import { type EpochMs, epochMs, milliseconds } from '../../base/units.ts'
import { createClockReader } from './combined-line.ts'
import { LAYOUTS, type Layout } from './json-layouts.ts'
import { type JsonLine, number, at as pathOf, text } from './json-values.ts'
import { type IdentityFields, isMethod, type LineReader, type LogRecord, parseTarget } from './log-record.ts'

/** A reader of JSON lines; `identity` says where they hold who asked. */
export function createJsonReader(identity: IdentityFields): LineReader {
  const combinedTime = createClockReader()
  const userPath = identity.user?.split('.')
  const tenantPath = identity.tenant?.split('.')
  let layout: Layout | undefined
  return line => {
    const content = parsed(line)
    if (content === undefined) return 'malformed'
    if (layout === undefined || !layout.fits(content)) layout = LAYOUTS.find(each => each.fits(content))
    if (layout === undefined) return isMessage(content) ? 'other' : 'malformed'
    const record = recordOf(content, layout, combinedTime)
    if (record === undefined) return 'malformed'
    if (userPath === undefined && tenantPath === undefined) return record
    return {
      ...record,
      user: userPath === undefined ? record.user : (text(pathOf(content, userPath)) ?? ''),
      tenant: tenantPath === undefined ? undefined : (text(pathOf(content, tenantPath)) ?? ''),
    }
  }
}

function parsed(line: string): JsonLine | undefined {
  try {
    const content: unknown = JSON.parse(line)
    return typeof content === 'object' && content !== null && !Array.isArray(content)
      ? (content as JsonLine)
      : undefined
  } catch {
    return undefined
  }
}

/** Another line of a program's log, such as `{"level":30,"msg":"listening"}`. */
function isMessage(content: JsonLine): boolean {
  return 'msg' in content || 'message' in content || 'level' in content
}

function recordOf(content: JsonLine, layout: Layout, combinedTime: (text: string) => EpochMs | undefined) {
  const requestLine = text(layout.requestLine(content))?.split(' ')
  const method = requestLine?.[0] ?? text(layout.method(content))
  const target = parseTarget(requestLine?.[1] ?? text(layout.target(content)) ?? '')
  const status = number(layout.status(content))
  const instant = instantOf(layout.time(content), combinedTime)
  if (method === undefined || !isMethod(method) || target === undefined) return undefined
  if (status === undefined || instant === undefined || !(status >= 0 && status <= 999)) return undefined
  const duration = scaled(layout.duration(content), layout.unit)
  const query = layout.query === undefined ? target.query : text(layout.query(content)) || undefined
  const host = target.host ?? text(layout.host(content))?.toLowerCase()
  const record: LogRecord = {
    at: layout.stamps === 'end' && duration !== undefined ? epochMs(instant - duration) : instant,
    method,
    scheme: text(layout.scheme(content)) === 'https' ? 'https' : 'http',
    host: host === undefined || host === '' || host === '-' ? 'localhost' : host,
    path: target.path,
    query,
    status,
    bytes: Math.max(0, number(layout.bytes(content)) ?? 0),
    duration,
    origin: scaled(layout.origin(content), layout.unit),
    user: text(layout.user(content)),
    tenant: undefined,
    client: `${text(layout.client(content)) ?? ''} ${text(layout.agent(content)) ?? ''}`,
    fields: layout.fields(content),
  }
  return record
}

function scaled(value: unknown, unit: number): LogRecord['duration'] {
  const found = number(value)
  return found === undefined || found < 0 ? undefined : milliseconds(found * unit)
}

/** Seconds or milliseconds since 1970, ISO 8601, or the time of a combined log. */
function instantOf(value: unknown, combinedTime: (text: string) => EpochMs | undefined): EpochMs | undefined {
  if (typeof value === 'number') return epochMs(value < 1e11 ? value * 1000 : value)
  if (typeof value !== 'string') return undefined
  if (/^\d+(\.\d+)?$/.test(value)) return instantOf(Number(value), combinedTime)
  const instant = Date.parse(value)
  return Number.isNaN(instant) ? combinedTime(value) : epochMs(instant)
}
