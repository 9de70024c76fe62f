// What does a line of a `common` or `combined` access log say?
//
// `ADDRESS - USER [17/May/2015:10:05:03 +0000] "GET /path HTTP/1.1" 200 1234 "referer" "agent"`
// as nginx and Apache write it; an Apache `vhost_combined` host in front and anything
// behind are let pass, and of what Traefik puts there the duration is taken. Read by
// position, without regular expressions over the line: a million lines are ordinary.

import { type EpochMs, epochMs, milliseconds } from '../../base/units.ts'
import { isMethod, type LineReader, type LogRecord, parseTarget } from './log-record.ts'

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** A reader that remembers the minute it is in. */
export function createCombinedReader(): LineReader {
  const instant = createClockReader()
  return line => {
    const open = line.indexOf(' [')
    const close = line.indexOf('] "', open)
    if (open < 0 || close < 0) return 'malformed'
    const at = instant(line.slice(open + 2, close))
    const end = closingQuote(line, close + 3)
    if (at === undefined || end < 0) return 'malformed'
    return recordOf(line, { open, close, end, at })
  }
}

interface Places {
  readonly open: number
  readonly close: number
  readonly end: number
  readonly at: EpochMs
}

function recordOf(line: string, { open, close, end, at }: Places): LogRecord | 'malformed' {
  const request = line.slice(close + 3, end)
  const first = request.indexOf(' ')
  const last = request.lastIndexOf(' ')
  const method = request.slice(0, first)
  const target = parseTarget(last > first ? request.slice(first + 1, last) : request.slice(first + 1))
  const status = Number(line.slice(end + 2, end + 5))
  if (first < 0 || !isMethod(method) || target === undefined || !(status >= 100 && status <= 999)) return 'malformed'
  const head = line.slice(0, open).split(' ')
  // Apache's vhost_combined puts `host:port` before the address.
  const vhost = head.length > 3 && head[1] !== '-' ? head.shift() : undefined
  const [address = '', , ...user] = head
  const size = Number.parseInt(line.slice(end + 6, end + 20), 10)
  return {
    at,
    method,
    scheme: 'http',
    host: target.host ?? vhost?.replace(/:\d+$/, '').toLowerCase() ?? 'localhost',
    path: target.path,
    query: target.query,
    status,
    bytes: size > 0 ? size : 0,
    duration: trailingDuration(line),
    origin: undefined,
    user: user.length === 0 || (user.length === 1 && user[0] === '-') ? undefined : user.join(' '),
    tenant: undefined,
    client: `${address} ${agentOf(line, end)}`,
    fields: undefined,
  }
}

/** The quote that ends the request; `\"` inside it does not. */
function closingQuote(line: string, from: number): number {
  let at = line.indexOf('"', from)
  while (at > 0 && line.charCodeAt(at - 1) === BACKSLASH) at = line.indexOf('"', at + 1)
  return at
}

const BACKSLASH = 92

/** The last quoted text but the referer; empty in the `common` format. */
function agentOf(line: string, end: number): string {
  const referer = line.indexOf('"', end + 1)
  if (referer < 0) return ''
  const agent = line.indexOf('"', closingQuote(line, referer + 1) + 1)
  if (agent < 0) return ''
  const close = closingQuote(line, agent + 1)
  return close < 0 ? '' : line.slice(agent + 1, close)
}

function trailingDuration(line: string): LogRecord['duration'] {
  if (!line.endsWith('ms')) return undefined
  const value = Number(line.slice(line.lastIndexOf(' ') + 1, -2))
  return value >= 0 ? milliseconds(value) : undefined
}

/** Reads `17/May/2015:10:05:03 +0000`; undefined where it is none. */
export function createClockReader(): (text: string) => EpochMs | undefined {
  let minute = ''
  let zone = ''
  let base: number | undefined
  return text => {
    const seconds = Number(text.slice(18, 20))
    if (text.slice(0, 17) !== minute || text.slice(21) !== zone) {
      minute = text.slice(0, 17)
      zone = text.slice(21)
      base = minuteOf(minute, zone)
    }
    if (base === undefined || !(seconds >= 0 && seconds <= 60)) return undefined
    return epochMs(base + seconds * 1000)
  }
}

function minuteOf(minute: string, zone: string): number | undefined {
  const parts = /^(\d\d)\/(\w{3})\/(\d{4}):(\d\d):(\d\d)$/.exec(minute)
  const offset = /^([+-])(\d\d)(\d\d)$/.exec(zone)
  const month = MONTHS.indexOf(parts?.[2] ?? '')
  if (parts === null || offset === null || month < 0) return undefined
  const [, day, , year, hour, minutes] = parts.map(Number)
  const east = (Number(offset[2]) * 60 + Number(offset[3])) * (offset[1] === '-' ? -1 : 1)
  return Date.UTC(year as number, month, day as number, hour as number, (minutes as number) - east)
}
