// Is there a line for this answer before it is given?
//
// Under `audit: true` whoever is given something without the origin having answered that
// very request leaves a line: hits, 304s and parts of them, stale answers, fallbacks, and
// what a collapsed request brought somebody else. Whether a line can be written is asked
// first; where not, the answer is not given. It is written as the head goes out, with the
// status that goes out. Parts are those beyond doubt, `who` is as `identity.audit` says.

import type { AuditEntry } from '../base/events.ts'
import type { Fault } from '../base/fault.ts'
import type { Fields } from '../http/fields.ts'
import type { ResponseHead } from '../http/message.ts'
import type { Account, BodySink, Exchange } from './exchange.ts'
import type { RoutedRequest } from './routed-request.ts'

export interface AuditLines {
  /** Whether a line can be written just now. */
  takes(): boolean
  write(entry: AuditEntry): void
}

/** The request to be answered without the origin, with its line seen to; undefined where it must not be. */
export function audited(routed: RoutedRequest, lines: AuditLines): RoutedRequest | undefined {
  if (!routed.route.audit || routed.exchange instanceof AuditedExchange) return routed
  return lines.takes() ? { ...routed, exchange: new AuditedExchange(routed, lines) } : undefined
}

class AuditedExchange implements Exchange {
  readonly request: Exchange['request']
  readonly receivedAt: Exchange['receivedAt']
  readonly requestId: string
  readonly account: Account
  readonly #routed: RoutedRequest
  readonly #lines: AuditLines

  constructor(routed: RoutedRequest, lines: AuditLines) {
    const { exchange } = routed
    this.request = exchange.request
    this.receivedAt = exchange.receivedAt
    this.requestId = exchange.requestId
    this.account = exchange.account
    this.#routed = routed
    this.#lines = lines
  }

  get body(): Exchange['body'] {
    return this.#routed.exchange.body
  }

  get abandoned(): boolean {
    return this.#routed.exchange.abandoned
  }

  onAbandon(listener: () => void): void {
    this.#routed.exchange.onAbandon(listener)
  }

  interim(status: number, fields: Fields): void {
    this.#routed.exchange.interim(status, fields)
  }

  respond(head: ResponseHead, body: Buffer | null): void {
    this.#write(head.status)
    this.#routed.exchange.respond(head, body)
  }

  stream(head: ResponseHead, trailer?: string): BodySink {
    this.#write(head.status)
    return this.#routed.exchange.stream(head, trailer)
  }

  fail(fault: Fault): void {
    this.#routed.exchange.fail(fault)
  }

  #write(status: number): void {
    const { route, request, exchange } = this.#routed
    this.#lines.write({
      at: exchange.receivedAt,
      route: route.name,
      method: request.method,
      path: request.path,
      status,
      requestId: exchange.requestId,
      caller: exchange.account.who,
      parts: this.#routed.parts(),
      who: this.#routed.auditName(),
    })
  }
}
