// Requests and responses for tests, with what doesn't matter left out.
//
// Every default is the plainest message there is: a GET of `/`, a 200 made and received
// at noon in no time. Fields are given as a record (a list of values makes several
// lines) or as the flat list that messages hold.

import { type EpochMs, epochMs, milliseconds } from '../../src/base/units.ts'
import { dateOf } from '../../src/http/dates.ts'
import type { Fields } from '../../src/http/fields.ts'
import type { LifetimeRules } from '../../src/http/freshness.ts'
import type { PresentedRequest, StoredHead } from '../../src/http/message.ts'

/** Thursday, 5 November 2026, 12:00:00 UTC. */
export const noon: EpochMs = epochMs(Date.UTC(2026, 10, 5, 12))

export function secondsAfter(instant: EpochMs, count: number): EpochMs {
  return epochMs(instant + count * 1000)
}

export type FieldRecord = Readonly<Record<string, string | readonly string[]>>

/** The flat list of a record; a list of values makes one line each. */
export function fieldsFrom(record: FieldRecord | Fields): Fields {
  if (Array.isArray(record)) return record as Fields
  return Object.entries(record).flatMap(([name, value]) =>
    (Array.isArray(value) ? (value as readonly string[]) : [value as string]).flatMap(line => [name, line]),
  )
}

export interface ResponseParts {
  readonly status?: number
  readonly fields?: FieldRecord | Fields
  readonly requestTime?: EpochMs
  readonly responseTime?: EpochMs
}

/** A response head as it would be stored; `date` is what its Date says. */
export function aResponse(parts: ResponseParts = {}): StoredHead {
  const fields = fieldsFrom(parts.fields ?? {})
  const responseTime = parts.responseTime ?? noon
  const requestTime = parts.requestTime ?? responseTime
  return { status: parts.status ?? 200, fields, requestTime, responseTime, date: dateOf(fields, responseTime) }
}

export interface RequestParts {
  readonly method?: string
  /** `path` or `path?query`. */
  readonly target?: string
  readonly scheme?: 'http' | 'https'
  readonly host?: string
  readonly fields?: FieldRecord | Fields
}

export function aRequest(parts: RequestParts = {}): PresentedRequest {
  const target = parts.target ?? '/'
  const mark = target.indexOf('?')
  return {
    method: parts.method ?? 'GET',
    scheme: parts.scheme ?? 'http',
    host: parts.host ?? 'clinic.example',
    path: mark === -1 ? target : target.slice(0, mark),
    query: mark === -1 ? undefined : target.slice(mark + 1),
    fields: fieldsFrom(parts.fields ?? {}),
    hasBody: false,
  }
}

/** A route's lifetime rules that say nothing at all, but for what is given. */
export function lifetimeRules(given: Partial<LifetimeRules> = {}): LifetimeRules {
  return {
    ttl: undefined,
    origin: 'obey',
    heuristic: undefined,
    statuses: new Map(),
    staleWhileRevalidate: milliseconds(0),
    staleIfError: milliseconds(0),
    jitter: 0 as LifetimeRules['jitter'],
    ...given,
  }
}
