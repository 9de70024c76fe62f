// Were two callers given the very same thing?
//
// A digest over status, content and every stored field but those that differ from answer
// to answer without saying anything of it (dates, validators, tracing, rate limits). A
// field of unknown meaning counts: it may name its caller, and then nobody else is given
// it. Of one cache key only, keyed, and made once per stored response.

import { createHash } from 'node:crypto'
import { eachField } from '../http/fields.ts'
import type { CacheKey } from '../store/store.ts'
import type { StoredResponse } from '../store/stored-response.ts'

const NOT_OF_THE_REPRESENTATION: ReadonlySet<string> = new Set(
  (
    'age alt-svc cache-control cache-status connection content-length date etag expires keep-alive last-modified nel pragma ' +
    'ratelimit ratelimit-limit ratelimit-policy ratelimit-remaining ratelimit-reset report-to request-id retry-after ' +
    'server server-timing surrogate-control cdn-cache-control pillion-cache-control traceparent tracestate via ' +
    'x-correlation-id x-ratelimit-limit x-ratelimit-remaining x-ratelimit-reset x-request-id x-response-time x-runtime ' +
    'x-trace-id x-amzn-requestid x-amzn-trace-id x-process-time'
  ).split(' '),
)

const bodies = new WeakMap<Buffer, string>()
const subjects = new WeakMap<StoredResponse, string>()

/** What an acceptance of this stored response is for. */
export function representationId(key: CacheKey, stored: StoredResponse, secret: string): string {
  const known = subjects.get(stored)
  if (known !== undefined) return known
  const lines: string[] = []
  eachField(stored.fields, (name, value) => {
    if (!NOT_OF_THE_REPRESENTATION.has(name)) lines.push(`${name.length}:${name}${value.length}:${value}`)
  })
  const about = JSON.stringify([secret, key, stored.status, bodyDigest(stored.body), lines.sort()])
  const id = createHash('sha256').update(about).digest('base64url')
  subjects.set(stored, id)
  return id
}

function bodyDigest(body: Buffer): string {
  const known = bodies.get(body)
  if (known !== undefined) return known
  const digest = createHash('sha256').update(body).digest('base64url')
  bodies.set(body, digest)
  return digest
}
