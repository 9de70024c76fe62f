// In what form does a request go to the origin?
//
// End-to-end fields only, this hop told in Via and Forwarded (RFC 9110 §7.6). A request
// whose response may be stored asks for what all may share: without the client's own
// conditions and range, without the parameters that the key leaves out, and with our
// validators when something stored may still hold. Everything else goes as it came.

import { acceptedCodings, baseTag, codingWeight, withBaseTags } from '../http/content-coding.ts'
import { type Fields, fieldValue, withField, withoutFields } from '../http/fields.ts'
import { withForwarding, withVia } from '../http/forwarding.ts'
import { endToEndFields } from '../http/hop-by-hop.ts'
import { isSafeMethod } from '../http/invalidation.ts'
import { withOneHopLess } from '../http/max-forwards.ts'
import { targetOf } from '../http/message.ts'
import { CONDITIONAL_FIELDS, validationFields } from '../http/validation.ts'
import { forwardedQuery } from '../routing/query.ts'
import type { StoredResponse } from '../store/stored-response.ts'
import type { ForwardRequest } from '../upstream/upstream.ts'
import { asksForEvents } from './decide.ts'
import type { RoutedRequest } from './routed-request.ts'

export interface ForwardForm {
  /** Ask for what all may share. */
  readonly shared: boolean
  /** Without the parameters that the key leaves out: something of the answer may be stored. As `shared` by default. */
  readonly keyedQuery?: boolean
  /** Ask whether this still holds. */
  readonly validate: StoredResponse | undefined
  /** What Host says to the origin; undefined: what the client said. */
  readonly host: string | undefined
  /** Sent in Pillion-Purpose by requests that no client made. */
  readonly purpose?: 'refresh' | 'verify' | 'control' | undefined
}

/** The client's own conditions, and what would make the answer one client's. */
const NOT_SHARED: ReadonlySet<string> = new Set([...CONDITIONAL_FIELDS, 'range'])
/** undici speaks for itself about the connection; we answer Expect. */
const OURS: ReadonlySet<string> = new Set(['expect'])

/** The forward request for a presented one. Its content goes along unless `body` is null. */
export function forwardRequest(routed: RoutedRequest, form: ForwardForm, body: ForwardRequest['body']): ForwardRequest {
  const { request, route } = routed
  const query = (form.keyedQuery ?? form.shared) ? forwardedQuery(route.query, request.query) : request.query
  const timeout = route.timeout === undefined ? {} : { timeout: route.timeout }
  return {
    method: request.method,
    target: targetOf({ path: request.path, query }),
    fields: forwardFields(routed, form),
    body,
    pool: asksForEvents(request) ? 'streams' : 'ordinary',
    route: route.name,
    // Who could be given something stale need not wait, and nobody waits for what no client asked for.
    awaitStart: form.validate === undefined && form.purpose === undefined,
    ...timeout,
  }
}

/** Whether the answer is, or is like, one that is stored: asked for in one coding for all, so that HEAD, GET and parts agree. */
function mayBeStored({ request, route, sharing }: RoutedRequest): boolean {
  return isSafeMethod(request.method) && route.cache !== 'off' && sharing.refusal === undefined
}

/** Codings are made here, once; where the route makes none, the origin's gzip is asked for, and taken off for who can't read it. */
function askedCoding({ request, route }: RoutedRequest): string {
  if (route.compress.length > 0) return 'identity'
  return codingWeight(acceptedCodings(request.fields), 'gzip') > 0 ? 'gzip' : 'identity'
}

const RANGE: ReadonlySet<string> = new Set(['range', 'if-range'])

/** A part of a form that Pillion made can't come from the origin: the whole is asked for. */
function withoutCodedRange(fields: string[], presented: Fields): string[] {
  const condition = fieldValue(presented, 'if-range')
  return condition !== undefined && baseTag(condition).coding !== undefined ? withoutFields(fields, RANGE) : fields
}

function forwardFields(routed: RoutedRequest, form: ForwardForm): Fields {
  const { request, peer } = routed
  let fields: string[] = withoutFields(endToEndFields(withBaseTags(withOneHopLess(request))), OURS)
  if (form.shared) fields = withoutFields(fields, NOT_SHARED)
  else fields = withoutCodedRange(fields, request.fields)
  if (mayBeStored(routed)) fields = withField(fields, 'Accept-Encoding', askedCoding(routed))
  if (form.validate !== undefined) fields.push(...(validationFields(form.validate) ?? []))
  fields = withField(fields, 'Host', form.host ?? request.host)
  const { scheme, host } = request
  const told = withForwarding(fields, { address: peer.address, trusted: peer.trusted, scheme, host })
  fields = withVia(told, request.version)
  if (form.purpose !== undefined) fields.push('Pillion-Purpose', form.purpose)
  return fields
}
