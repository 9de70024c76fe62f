// What of a write that is conditional on a tag which Pillion made?
//
// The origin gave no tag, so it can't hold If-Match against one: the comparison is made
// here (contract §3), strongly (RFC 9110 §13.1.1). What is stored counts if it is fresh;
// otherwise the origin is asked, as the same caller, what is current now. If the tag
// still holds, the write goes on without the condition; if not, it never leaves.
// Made tags are told by their prefix, so one that nothing stored bears any more is
// compared as well, instead of being sent to an origin that would ignore it.

import { Fault } from '../base/fault.ts'
import { baseTag } from '../http/content-coding.ts'
import { fieldLines, withoutFields } from '../http/fields.ts'
import type { PresentedRequest } from '../http/message.ts'
import { entityTagOf, isMadeTag, parseEntityTag, splitTags, stronglyEqual } from '../http/validators.ts'
import type { StoredResponse } from '../store/stored-response.ts'
import { type DecisionFacts, decide } from './decide.ts'
import type { Errand } from './deliver.ts'
import type { RoutedRequest, Rules } from './routed-request.ts'
import { targetGet } from './target-get.ts'

export interface Current {
  factsOf(routed: RoutedRequest): Promise<DecisionFacts> | DecisionFacts
  /** The origin's answer as stored; undefined where it is not held whole, a fault where there was none. */
  fetch(errand: Errand): Promise<StoredResponse | Fault | undefined>
}

const IF_MATCH: ReadonlySet<string> = new Set(['if-match'])

/** Whether the request is a write with a condition that only Pillion can hold against anything. */
export function namesMadeTag({ method, fields }: PresentedRequest): boolean {
  if (method === 'GET' || method === 'HEAD') return false
  return conditions(fields).some(tag => tag !== undefined && isMadeTag(tag))
}

function conditions(fields: PresentedRequest['fields']) {
  return fieldLines(fields, 'if-match').flatMap(line => splitTags(line).map(tag => parseEntityTag(baseTag(tag).tag)))
}

/** The request to go on with, without If-Match; undefined where it was answered. */
export async function holdAgainstCurrent(
  routed: RoutedRequest,
  rules: Rules,
  current: Current,
): Promise<RoutedRequest | undefined> {
  const { request, exchange } = routed
  const stored = await currentResponse(targetGet(routed, rules), current)
  if (stored instanceof Fault) {
    exchange.fail(stored)
    return undefined
  }
  const etag = stored === undefined ? undefined : entityTagOf(stored.fields)
  const holds =
    etag !== undefined && conditions(request.fields).some(tag => tag !== undefined && stronglyEqual(tag, etag))
  if (holds) return { ...routed, request: { ...request, fields: withoutFields(request.fields, IF_MATCH) } }
  refuse(routed)
  return undefined
}

async function currentResponse(get: RoutedRequest, current: Current): Promise<StoredResponse | Fault | undefined> {
  const facts = await current.factsOf(get)
  const decision = decide(facts)
  if (decision.kind === 'reuse' && decision.reason === 'fresh') return decision.stored
  if (decision.kind !== 'forward' || !decision.mayStore) return undefined
  const fetched = await current.fetch({ routed: get, facts, decision })
  if (fetched !== undefined) return fetched
  const { stored, standing, now } = await current.factsOf(get)
  return stored !== undefined && standing === 'kept' && stored.responseTime >= now ? stored : undefined
}

function refuse({ exchange }: RoutedRequest): void {
  exchange.account.outcome = 'bypass'
  exchange.account.reason = 'if-match'
  const fields = ['Content-Length', '0', 'Cache-Status', 'pillion; detail=if-match']
  exchange.respond({ status: 412, fields }, Buffer.alloc(0))
}
