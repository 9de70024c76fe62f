// Which stored responses does an answer to an unsafe request make doubtful?
//
// RFC 9111 §4.4: after a non-error answer (2xx, 3xx) to a method that is not known to be
// safe, those of its target, and of Location and Content-Location where they are of the
// same origin; otherwise one site could throw out another's. Methods nobody has heard of
// count as unsafe.

import { fieldLines } from './fields.ts'
import type { PresentedRequest, ResponseHead } from './message.ts'
import { targetOf } from './message.ts'
import { resolveSameOrigin } from './uri.ts'

/** Registered as safe (RFC 9110 §9.2.1, RFC 3253, RFC 4918, RFC 5323, and QUERY). */
const SAFE_METHODS: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'PROPFIND',
  'QUERY',
  'REPORT',
  'SEARCH',
  'TRACE',
])

/** Methods are case-sensitive: `get` is unknown, hence unsafe. */
export function isSafeMethod(method: string): boolean {
  return SAFE_METHODS.has(method)
}

/** RFC 9111 §4.4: 2xx or 3xx. */
export function isNonErrorStatus(status: number): boolean {
  return status >= 200 && status < 400
}

/** Targets (`path?query`) of the request's own origin to invalidate, each once; none for a safe method or an error. */
export function invalidatedTargets(request: PresentedRequest, response: ResponseHead): string[] {
  if (isSafeMethod(request.method) || !isNonErrorStatus(response.status)) return []
  const targets = new Set([targetOf(request)])
  for (const name of ['location', 'content-location']) {
    for (const reference of fieldLines(response.fields, name)) {
      const target = resolveSameOrigin(reference, request)
      if (target !== undefined) targets.add(target)
    }
  }
  return [...targets]
}
