// What is the engine handed, and how does it answer?
//
// One presented request, its content, and a way to respond: the only view that `cache/`
// has of clients, so that the engine runs the same under node:http, under the hit path
// and in tests. Whoever implements it counts bytes and time; what the engine learns on
// the way (route, outcome, reason) it writes into `account`, and one RequestEvent comes
// of it when the last byte left or the connection broke.

import type { Readable } from 'node:stream'
import type { Outcome } from '../base/events.ts'
import type { Fault, FaultCode } from '../base/fault.ts'
import type { EpochMs, Milliseconds } from '../base/units.ts'
import type { Fields } from '../http/fields.ts'
import type { PresentedRequest, ResponseHead } from '../http/message.ts'

/** Where the content of one response goes. */
export interface BodySink {
  /** False: full; nothing more until `onDrain`. */
  write(chunk: Buffer): boolean
  end(trailers: Fields): void
  /** Breaks the connection, so that half a response can't look whole. */
  abort(): void
  onDrain(listener: () => void): void
}

/** What the engine says about one exchange; filled in on the way, read once at the end. */
export interface Account {
  route: string
  outcome: Outcome
  reason: string
  who: string
  counted: boolean
  upstream: Milliseconds | undefined
  saved: Milliseconds | undefined
  /** Octets of content that its coding saved. */
  compressionSaved: number
  fault: FaultCode | undefined
  /** As in the event that comes of it. */
  lookup?: Milliseconds
  queued?: Milliseconds | undefined
}

export interface Exchange {
  readonly request: PresentedRequest
  /** Content still to be read; null when none is announced. */
  readonly body: Readable | null
  readonly receivedAt: EpochMs
  readonly requestId: string
  readonly account: Account
  /** True once the client is gone. */
  readonly abandoned: boolean
  /** Called once if the client goes away before the response ended. */
  onAbandon(listener: () => void): void
  /** Sends a 1xx to the client, if it speaks HTTP/1.1. */
  interim(status: number, fields: Fields): void
  /** Sends head and whole content (null: none, as for HEAD, 204 and 304). */
  respond(head: ResponseHead, body: Buffer | null): void
  /** Sends the head; the content follows through the sink, and the fields that `trailer` announces behind it. */
  stream(head: ResponseHead, trailer?: string): BodySink
  /** Answers with the fault's status and a problem document (RFC 9457). */
  fail(fault: Fault): void
}
