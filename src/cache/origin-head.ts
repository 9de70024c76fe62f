// What does the origin's response head say that an operator may want to know?
//
// Facts for the report on the backend: validators, caching headers, compression. Told once
// per answer from the origin, never for a hit.

import type { OriginHeadEvent } from '../base/events.ts'
import { bytes } from '../base/units.ts'
import { preferenceOf } from '../encoding/preference.ts'
import { MADE_CODINGS } from '../http/content-coding.ts'
import { type Fields, fieldValue, hasField } from '../http/fields.ts'
import type { ResponseHead } from '../http/message.ts'
import type { RoutedRequest } from './routed-request.ts'

const COMPRESSIBLE = /^(?:text\/|application\/(?:[\w.-]+\+)?(?:json|xml|javascript|x-ndjson)|image\/svg\+xml)/i
const FORBIDDING = /(?:^|[\s,])(?:no-store|private)(?![=\w-])/i

export function originHead({ route, request }: RoutedRequest, { fields }: ResponseHead): OriginHeadEvent {
  const control = fieldValue(fields, 'cache-control')
  return {
    kind: 'origin-head',
    route: route.name,
    method: request.method,
    path: request.path,
    etag: hasField(fields, 'etag'),
    lastModified: hasField(fields, 'last-modified'),
    silent: control === undefined && !hasField(fields, 'expires') && !hasField(fields, 'pragma'),
    forbidding: control !== undefined && FORBIDDING.test(control),
    setsCookie: hasField(fields, 'set-cookie'),
    uncompressed: isUncompressed(request.fields, fields) ? announced(fields) : undefined,
  }
}

function isUncompressed(request: Fields, fields: Fields): boolean {
  if (hasField(fields, 'content-encoding') || !COMPRESSIBLE.test(fieldValue(fields, 'content-type') ?? '')) return false
  return preferenceOf(MADE_CODINGS, fieldValue(request, 'accept-encoding')).accepts.size > 0
}

function announced(fields: Fields): OriginHeadEvent['uncompressed'] {
  const length = Number(fieldValue(fields, 'content-length') ?? 0)
  return bytes(Number.isSafeInteger(length) ? length : 0)
}
