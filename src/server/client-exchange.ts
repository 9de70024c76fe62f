// How does an answer get onto a node:http connection?
//
// Implements the engine's Exchange over one IncomingMessage and ServerResponse: counts
// octets and time, tells the engine when the client is gone, gives a client that stops
// reading `limits.send` and no longer, and emits the one RequestEvent when all is over.
// Decides nothing about content: head and body are written as handed over.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import type { Clock } from '../base/clock.ts'
import type { Telemetry } from '../base/events.ts'
import type { Fault } from '../base/fault.ts'
import { bytes, type EpochMs, type Milliseconds, milliseconds } from '../base/units.ts'
import type { Account, BodySink, Exchange } from '../cache/exchange.ts'
import { type Fields, fieldValue, hasField } from '../http/fields.ts'
import type { PresentedRequest, ResponseHead } from '../http/message.ts'
import { answerFault } from './fault-answer.ts'
import { watchSend } from './send-watch.ts'
import { serverTiming } from './server-timing.ts'

/** What is the same for every exchange of a server. */
export interface ExchangeSurroundings {
  readonly clock: Clock
  readonly telemetry: Telemetry
  /** Longest that a client may leave a full socket unread. */
  readonly sendTimeout: Milliseconds
  /** Answers say where the time went. */
  readonly serverTiming: boolean
}

export interface ClientIdentityOnTheWire {
  readonly client: string
  readonly requestId: string
}

export class ClientExchange implements Exchange {
  readonly request: PresentedRequest
  readonly #message: IncomingMessage
  #continued = false
  readonly receivedAt: EpochMs
  readonly requestId: string
  readonly account: Account = {
    route: 'default',
    outcome: 'error',
    reason: '',
    who: '',
    counted: true,
    upstream: undefined,
    saved: undefined,
    compressionSaved: 0,
    fault: undefined,
  }
  readonly #response: ServerResponse
  readonly #around: ExchangeSurroundings
  readonly #started: Milliseconds
  readonly #client: string
  #status = 0
  #headAt: Milliseconds | undefined
  #sent = 0
  #encoding = 'identity'
  #switchedAfter: Milliseconds | undefined
  #finished = false
  #abandoned = false
  #onAbandon: (() => void) | undefined

  constructor(
    message: IncomingMessage,
    response: ServerResponse,
    read: { readonly request: PresentedRequest } & ClientIdentityOnTheWire,
    around: ExchangeSurroundings,
  ) {
    this.request = read.request
    this.#message = message
    this.requestId = read.requestId
    this.#client = read.client
    this.#response = response
    this.#around = around
    this.#started = around.clock.monotonic()
    this.receivedAt = around.clock.now()
    response.on('close', () => this.#closed())
  }

  /** Asking for the content is what makes us say `100 Continue` to a client that waits for it (RFC 9110 §10.1.1). */
  get body(): Readable | null {
    if (!this.request.hasBody) return null
    const asked = this.#message.headers.expect !== undefined && this.#message.httpVersionMinor > 0
    if (!this.#continued && asked) this.#response.writeContinue()
    this.#continued = true
    return this.#message
  }

  get abandoned(): boolean {
    return this.#abandoned
  }

  onAbandon(listener: () => void): void {
    if (this.#abandoned) listener()
    else this.#onAbandon = listener
  }

  interim(status: number, fields: Fields): void {
    if (this.#status !== 0 || this.#abandoned || this.#response.req.httpVersionMinor === 0) return
    if ('writeInformation' in this.#response) this.#response.writeInformation(status, fields)
    else if (status === 103) olderEarlyHints(this.#response, fields)
  }

  respond(head: ResponseHead, body: Buffer | null): void {
    if (this.#abandoned) return
    this.#writeHead(head)
    if (body !== null) this.#sent += body.length
    this.#response.end(body ?? undefined)
    if (!this.#response.writableFinished) this.#watchSend()
  }

  stream(head: ResponseHead, trailer?: string): BodySink {
    if (!this.#abandoned) {
      const announced = trailer !== undefined && this.#mayTrail(head.fields)
      this.#writeHead(announced ? { ...head, fields: [...head.fields, 'Trailer', trailer] } : head)
      // flushHeaders would write octets beyond ASCII as UTF-8.
      this.#response.write('', 'latin1')
    }
    return this.#sink()
  }

  /** Another protocol takes the connection over, and the exchange ends with it; its duration is the time to here. */
  switched(): void {
    this.#status = 101
    this.#sent = this.#message.socket.bytesWritten
    this.#switchedAfter = milliseconds(this.#around.clock.monotonic() - this.#started)
  }

  fail(fault: Fault): void {
    this.account.fault = fault.code
    if (this.#status !== 0) {
      this.#response.destroy()
      return
    }
    const { head, body } = answerFault(fault, this.requestId)
    // Nothing behind a refused request is read: it may be what the refusal was about.
    if (fault.kind.side === 'client' && fault.code !== 'ONLY_IF_CACHED') this.#response.shouldKeepAlive = false
    this.respond(head, this.request.method === 'HEAD' ? null : body)
  }

  /** Only the chunked coding has a place for trailers. */
  #mayTrail(fields: Fields): boolean {
    return this.#message.httpVersionMinor > 0 && !hasField(fields, 'content-length')
  }

  #watchSend(): void {
    watchSend(this.#response, this.#around.sendTimeout)
  }

  #writeHead(head: ResponseHead): void {
    this.#status = head.status
    this.#encoding = fieldValue(head.fields, 'content-encoding') ?? 'identity'
    if (hasField(head.fields, 'date')) this.#response.sendDate = false
    this.#headAt = this.#around.clock.monotonic()
    const fields = this.#around.serverTiming ? [...head.fields, 'Server-Timing', this.#timing()] : head.fields
    this.#response.writeHead(head.status, fields as string[])
  }

  #timing(): string {
    const total = milliseconds(this.#around.clock.monotonic() - this.#started)
    return serverTiming({ ...this.account, total })
  }

  #sink(): BodySink {
    const response = this.#response
    let drained: () => void = () => undefined
    response.on('drain', () => drained())
    return {
      write: chunk => {
        if (this.#abandoned) return true
        this.#sent += chunk.length
        if (response.write(chunk)) return true
        this.#watchSend()
        return false
      },
      end: trailers => {
        if (this.#abandoned) return
        if (trailers.length > 0) response.addTrailers(pairs(trailers))
        response.end()
        if (!response.writableFinished) this.#watchSend()
      },
      abort: () => {
        response.destroy()
      },
      onDrain: listener => {
        drained = listener
      },
    }
  }

  #closed(): void {
    if (this.#finished) return
    this.#finished = true
    if (this.#switchedAfter !== undefined) this.#sent = this.#message.socket.bytesWritten - this.#sent
    else if (!this.#response.writableFinished) {
      this.#abandoned = true
      this.#onAbandon?.()
    }
    this.#report()
  }

  #report(): void {
    const { account, request } = this
    const now = this.#around.clock.monotonic()
    this.#around.telemetry.emit({
      kind: 'request',
      at: this.receivedAt,
      ...account,
      method: request.method,
      path: request.path,
      query: request.query ?? '',
      status: this.#status,
      duration: this.#switchedAfter ?? milliseconds(now - this.#started),
      bodyBytes: bytes(this.#sent),
      encoding: this.#encoding,
      client: this.#client,
      requestId: this.requestId,
      sending: this.#headAt === undefined ? undefined : milliseconds(now - this.#headAt),
    })
  }
}

/** Before Node 26 only 103 with a Link can be sent. */
function olderEarlyHints(response: ServerResponse, fields: Fields): void {
  const link = fieldValue(fields, 'link')
  if (link !== undefined) response.writeEarlyHints({ link })
}

function pairs(fields: Fields): [string, string][] {
  const list: [string, string][] = []
  for (let at = 0; at < fields.length; at += 2) list.push([fields[at] as string, fields[at + 1] as string])
  return list
}
