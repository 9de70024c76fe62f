// Which GET would ask for the target of this request?
//
// The same caller, the same URL, without content and without conditions: routed and
// identified like any other, because the GET's route decides what is stored under which
// key, whatever the route of the request itself says.

import { withoutFields } from '../http/fields.ts'
import { CONDITIONAL_FIELDS } from '../http/validation.ts'
import { type RoutedRequest, type Rules, routeRequest } from './routed-request.ts'

/** Describe the content, would make of it another request, or are this request's own business. */
const NOT_THE_GETS: ReadonlySet<string> = new Set([
  ...CONDITIONAL_FIELDS,
  'cache-control',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'pragma',
  'range',
  'transfer-encoding',
])

export function targetGet({ exchange, peer, request, sequence }: RoutedRequest, rules: Rules): RoutedRequest {
  const get = {
    method: 'GET',
    scheme: request.scheme,
    host: request.host,
    path: request.path,
    query: request.query,
    fields: withoutFields(request.fields, NOT_THE_GETS),
    hasBody: false,
  }
  return { ...routeRequest({ ...exchange, request: get }, peer, rules, sequence), exchange }
}
