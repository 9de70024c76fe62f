// Does a request end at this hop?
//
// OPTIONS and TRACE count the hops they may still make (RFC 9110 §7.6.2): at zero whoever
// holds the request answers it, and any hop takes one off. OPTIONS * asks about the
// server itself (§9.3.7), which to its clients we are. On other methods, and where it is
// not a number, Max-Forwards is passed on like any field.

import { type Fields, fieldLines, withField } from './fields.ts'
import type { PresentedRequest } from './message.ts'

const COUNTING: ReadonlySet<string> = new Set(['OPTIONS', 'TRACE'])

function hopsLeft({ method, fields }: Pick<PresentedRequest, 'method' | 'fields'>): number | undefined {
  if (!COUNTING.has(method)) return undefined
  const [line, ...more] = fieldLines(fields, 'max-forwards')
  return line === undefined || more.length > 0 || !/^\d+$/.test(line) ? undefined : Number(line)
}

/** Whether it is to be answered here and never forwarded. */
export function endsHere(request: Pick<PresentedRequest, 'method' | 'fields' | 'path'>): boolean {
  if (!COUNTING.has(request.method)) return false
  return request.path === '*' || hopsLeft(request) === 0
}

/** The fields with one hop fewer, where they count hops; else the very same list. */
export function withOneHopLess(request: Pick<PresentedRequest, 'method' | 'fields'>): Fields {
  const left = hopsLeft(request)
  return left === undefined ? request.fields : withField(request.fields, 'Max-Forwards', String(Math.max(0, left - 1)))
}
