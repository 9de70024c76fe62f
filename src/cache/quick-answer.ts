// Which octets would the ordinary way send for this hit?
//
// Asks reuse-response itself, with an exchange that keeps the answer instead of sending
// it, and writes the head as node does. An answer that is not whole at once (a form that
// has yet to be compressed as it streams) is none.

import { STATUS_CODES } from 'node:http'
import type { EpochMs, Milliseconds } from '../base/units.ts'
import { type Fields, fieldValue, hasField } from '../http/fields.ts'
import type { PresentedRequest, ResponseHead } from '../http/message.ts'
import type { Route } from '../routing/route.ts'
import type { Account, Exchange } from './exchange.ts'
import { QuickHead } from './quick-head.ts'
import { type Reuse, reuseResponse } from './reuse-response.ts'
import { type Rules, routeRequest } from './routed-request.ts'
import type { StoredForms } from './stored-forms.ts'

/** An answer that can be written as it is. */
export interface QuickAnswer {
  readonly route: Route
  readonly status: number
  readonly head: QuickHead
  /** Null: none follows. Not sent to HEAD. */
  readonly body: Buffer | null
  readonly encoding: string
  readonly saved: Milliseconds
  /** Octets of content that its coding saved. */
  readonly compressionSaved: number
}

export interface Surroundings {
  readonly rules: Rules
  readonly forms: StoredForms
  readonly now: EpochMs
}

/** Undefined where the ordinary way would not answer at once with 200 or 304. */
export function renderAnswer(request: PresentedRequest, reuse: Reuse, around: Surroundings): QuickAnswer | undefined {
  const exchange = new KeptExchange(whole(request), around.now)
  const peer = { address: undefined, trusted: false }
  const routed = routeRequest(exchange, peer, around.rules, reuse.stored.sequence)
  try {
    reuseResponse({ ...routed, forms: around.forms }, reuse)
  } catch (error) {
    if (error instanceof NotAtOnce) return undefined
    throw error
  }
  const { head } = exchange
  if (head === undefined || (head.status !== 200 && head.status !== 304)) return undefined
  return {
    route: routed.route,
    status: head.status,
    head: new QuickHead(
      `HTTP/1.1 ${head.status} ${STATUS_CODES[head.status]}\r\n`,
      head,
      reuse,
      tellsRemaining(routed.route, reuse.stored.fields),
    ),
    body: exchange.content,
    encoding: fieldValue(head.fields, 'content-encoding') ?? 'identity',
    saved: reuse.stored.originTime,
    compressionSaved: exchange.account.compressionSaved,
  }
}

/** As a GET, and without getters. */
function whole({ scheme, host, path, query, fields }: PresentedRequest): PresentedRequest {
  return { method: 'GET', scheme, host, path, query, fields, hasBody: false }
}

class NotAtOnce extends Error {}

class KeptExchange implements Exchange {
  readonly request: PresentedRequest
  readonly body = null
  readonly receivedAt: EpochMs
  readonly requestId = ''
  readonly abandoned = false
  readonly account: Account = {
    route: '',
    outcome: 'hit',
    reason: 'fresh',
    who: '',
    counted: true,
    upstream: undefined,
    saved: undefined,
    compressionSaved: 0,
    fault: undefined,
  }
  head: ResponseHead | undefined
  content: Buffer | null = null

  constructor(request: PresentedRequest, receivedAt: EpochMs) {
    this.request = request
    this.receivedAt = receivedAt
  }

  respond(head: ResponseHead, body: Buffer | null): void {
    this.head = head
    this.content = body
  }

  stream(): never {
    throw new NotAtOnce()
  }

  fail(): never {
    throw new NotAtOnce()
  }

  onAbandon(): void {
    // Nobody is there to go away.
  }

  interim(_status: number, _fields: Fields): void {
    // A stored response has none.
  }
}

/** Whether a client is told what is left of freshness (client-fields.ts): only where the origin was silent. */
function tellsRemaining({ client }: Route, stored: Fields): boolean {
  return client.kind === 'default' && !hasField(stored, 'cache-control') && !hasField(stored, 'expires')
}
