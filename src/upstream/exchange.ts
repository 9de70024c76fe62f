// What happens to one forward request between `forward` and its end?
//
// Waiting for a place, connecting, sending, the head, the content, done: stages in
// order, never back but for the narrow retry. undici calls the on… methods; the
// deadline of each stage is its own (one timer, re-armed). Whatever ends the exchange
// goes through `#end`, which gives everything back exactly once, and a fault is told
// to the handler last. Faults found while `forward` still runs are told after it.

import type { Dispatcher } from 'undici'
import { asFault, Fault, type FaultCode } from '../base/fault.ts'
import { type Milliseconds, milliseconds } from '../base/units.ts'
import type { Fields } from '../http/fields.ts'
import type { Admission, Waiter } from './admission.ts'
import { breakerFault } from './breaker.ts'
import type { Connection, ConnectionPool } from './connection-pool.ts'
import { ExchangeReport, type Informed } from './exchange-report.ts'
import { exchangeFault, hasPeerLeft } from './foreign-errors.ts'
import { headFault, isEventStream, readFields, readHead, sendableFields } from './response-head.ts'
import type { UpstreamSettings } from './settings.ts'
import { Upload } from './upload.ts'
import type { ForwardControl, ForwardHandler, ForwardRequest } from './upstream.ts'

/** What all exchanges of one upstream share. */
export interface ExchangeSurroundings extends Informed {
  readonly settings: UpstreamSettings
  readonly pool: ConnectionPool
  readonly ordinary: Admission
  readonly streams: Admission
  /** The upstream was just made and has never answered: it may still be starting. */
  isStarting(): boolean
  /** Called once per exchange. */
  onEnd(): void
}

/** What an upstream that is still starting looks like from here. */
const NOT_YET_THERE: ReadonlySet<FaultCode> = new Set(['UPSTREAM_REFUSED', 'UPSTREAM_DNS'])
const ASK_AGAIN_AFTER_MS = 100

/** RFC 9110 §9.2.2: a proxy repeats no other by itself once it may have been processed. */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE', 'QUERY'])

/** Interim responses passed on for one request; what comes beyond is dropped. */
const MOST_INTERIM = 100
/** Beyond that it is no answer any more. */
const INTERIM_FLOOD = 10_000

type Stage = 'waiting' | 'connecting' | 'sent' | 'content' | 'done'

export class ForwardExchange implements ForwardControl, Waiter, Dispatcher.DispatchHandler {
  readonly #around: ExchangeSurroundings
  readonly #request: ForwardRequest
  readonly #handler: ForwardHandler
  readonly #report: ExchangeReport
  readonly #upload: Upload | undefined
  readonly #options: Dispatcher.DispatchOptions
  readonly #timeout: Milliseconds
  #stage: Stage = 'waiting'
  /** Where its place is counted; undefined while it has none. */
  #place: Admission | undefined
  #connection: Connection | undefined
  /** undici's, from the moment the request is written until it reports the end. */
  #controller: Dispatcher.DispatchController | undefined
  #timer: NodeJS.Timeout | undefined
  /** Runs between two looks at an upstream that is still starting. */
  #nextLook: NodeJS.Timeout | undefined
  #placedAt: Milliseconds = milliseconds(0)
  #retriesLeft: number
  #attemptPending = false
  #reused = false
  #answerBegun = false
  #uploaded = false
  #paused = false
  #returned = false
  #interim = 0

  constructor(around: ExchangeSurroundings, request: ForwardRequest, handler: ForwardHandler) {
    this.#around = around
    this.#request = request
    this.#handler = handler
    this.#report = new ExchangeReport(around, request.route)
    this.#retriesLeft = around.settings.retries
    this.#timeout = request.timeout ?? around.settings.timeout
    const { body } = request
    this.#upload = body === null || Buffer.isBuffer(body) ? undefined : new Upload(body, fault => this.abort(fault))
    this.#options = {
      path: request.target,
      method: request.method,
      headers: sendableFields(request.fields) as string[],
      body: this.#upload ?? (body as Buffer | null),
    }
  }

  /** Takes it out of the queue, or past it. Returns once `forward` may. */
  begin(refusal: Fault | undefined): void {
    if (refusal !== undefined) this.#fail(refusal)
    else if (!this.#admission.enter(this))
      this.#fail(this.#fault('UPSTREAM_QUEUE_FULL', `${this.#admission.queued} requests are waiting`))
    this.#returned = true
  }

  get #admission(): Admission {
    return this.#request.pool === 'streams' ? this.#around.streams : this.#around.ordinary
  }

  // Waiter

  onPlace(): void {
    const { breaker, clock, pool } = this.#around
    this.#place = this.#admission
    if (!this.#report.begin()) {
      this.#fail(breakerFault(this.#attempted, breaker))
      return
    }
    this.#stage = 'connecting'
    this.#placedAt = clock.monotonic()
    this.#connection = pool.take()
    this.#timer = setTimeout(onDeadline, this.#timeout, this)
    try {
      this.#handler.onSent?.()
    } catch (error) {
      this.#fail(asFault(error, this.#attempted))
    }
    this.#dispatch()
  }

  onPatienceEnd(): void {
    this.#fail(
      this.#fault('UPSTREAM_QUEUE_TIMEOUT', `no connection became free within ${this.#admission.limits.patience} ms`),
    )
  }

  // ForwardControl

  pause(): void {
    this.#paused = true
    this.#controller?.pause()
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    if (this.#stage === 'content') this.#timer?.refresh()
    this.#controller?.resume()
  }

  abort(fault: Fault): void {
    this.#fail(fault)
  }

  // undici's handler

  onRequestStart(controller: Dispatcher.DispatchController): void {
    const connection = this.#connection as Connection
    this.#reused = connection.exchanges > 0
    connection.exchanges += 1
    connection.awaitsHead = true
    connection.continued = false
    this.#controller = controller
    this.#stage = 'sent'
    if (this.#paused) controller.pause()
  }

  onBodySent(): void {
    if (this.#stage === 'sent') this.#timer?.refresh()
  }

  onRequestSent(): void {
    this.#uploaded = true
  }

  onResponseStarted(): void {
    this.#answerBegun = true
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    const fields = readHead(status, controller.rawHeaders as Buffer[])
    const faulty = headFault(status, fields)
    if (faulty !== undefined) this.#fail(this.#fault(faulty, `status ${status}`))
    else if (status < 200) this.#onInterim(status, fields)
    else this.#onFinalHead(status, fields)
  }

  /** An origin that says 103 over and over may neither fill the client's buffers nor hold us up for good. */
  #onInterim(status: number, fields: Fields): void {
    this.#interim += 1
    if (this.#interim <= MOST_INTERIM) this.#handler.onInterim?.(status, fields)
    else if (this.#interim > INTERIM_FLOOD) {
      this.#fail(this.#fault('UPSTREAM_MALFORMED', `more than ${INTERIM_FLOOD} interim responses`))
    }
  }

  #onFinalHead(status: number, fields: Fields): void {
    this.#stage = 'content'
    if (this.#connection !== undefined) this.#connection.awaitsHead = false
    this.#report.answered(status)
    if (isEventStream(fields) && !this.#moveToStreams()) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(onDeadline, this.#around.settings.idleTimeout, this)
    this.#handler.onHead(status, fields)
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    // Resuming, undici flushes its parser, which tells of a piece without octets.
    if (this.#stage !== 'content' || chunk.length === 0) return
    this.#timer?.refresh()
    if (!this.#handler.onBody(chunk)) this.pause()
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    this.#controller = undefined
    this.#attemptPending = false
    // undici takes a reset for the end of content that only a close delimits.
    const broken = this.#connection?.socket?.errored ?? null
    if (broken !== null) this.#fail(exchangeFault(broken, this.#attempted, this.#progress))
    if (this.#stage !== 'content') return
    const trailers = readFields((controller.rawTrailers ?? []) as Buffer[])
    try {
      this.#handler.onComplete(trailers)
    } catch (error) {
      this.#misbehaved(error)
    }
    this.#end()
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: unknown): void {
    this.#controller = undefined
    this.#attemptPending = false
    if (this.#stage === 'done') return
    const fault = exchangeFault(error, this.#attempted, this.#progress)
    if (this.#mayAwaitStart(fault)) this.#nextLook = setTimeout(() => this.#dispatch(), ASK_AGAIN_AFTER_MS)
    else if (this.#mayRetry(fault)) this.#retry()
    else this.#fail(fault)
  }

  /** The stage's deadline has passed; the stage decides whether that counts. */
  onDeadline(): void {
    const { idleTimeout } = this.#around.settings
    if (this.#stage === 'content') {
      if (!this.#paused) this.#fail(this.#fault('UPSTREAM_BODY_TIMEOUT', `no content for ${idleTimeout} ms`))
    } else if (this.#upload?.waitsForClient === true && !this.#uploaded) {
      this.#timer?.refresh()
    } else this.#fail(this.#fault('UPSTREAM_HEAD_TIMEOUT', `no response head within ${this.#timeout} ms`))
  }

  #dispatch(): void {
    if (this.#stage === 'done') return
    this.#attemptPending = true
    this.#connection?.client.dispatch(this.#options, this)
  }

  /** A sidecar starts before its app: its first requests wait for it, as long as they would in the queue. */
  #mayAwaitStart(fault: Fault): boolean {
    const { clock, settings } = this.#around
    const waiting = this.#stage === 'connecting' && this.#request.awaitStart === true && NOT_YET_THERE.has(fault.code)
    return waiting && this.#around.isStarting() && clock.monotonic() - this.#placedAt < settings.queueTimeout
  }

  #mayRetry(fault: Fault): boolean {
    if (this.#retriesLeft === 0 || fault.kind.retry !== 'unsent') return false
    if (this.#stage === 'connecting') return true
    return this.#upload === undefined && IDEMPOTENT.has(this.#request.method)
  }

  /** On the same Client, whose connection is gone: so on a fresh one. Not before undici has come to rest. */
  #retry(): void {
    this.#retriesLeft -= 1
    this.#stage = 'connecting'
    queueMicrotask(() => this.#dispatch())
  }

  /** An endless response may not sit on one of `connections`; false: no room among the streams either. */
  #moveToStreams(): boolean {
    const { streams, ordinary } = this.#around
    if (this.#place === streams) return true
    if (!streams.takeNow()) {
      this.#fail(this.#fault('UPSTREAM_QUEUE_FULL', `${streams.taken} event streams are open`))
      return false
    }
    this.#place = streams
    ordinary.leave()
    return true
  }

  #fail(fault: Fault): void {
    if (this.#stage === 'done') return
    this.#report.failed(fault.code)
    this.#end(fault)
    if (this.#returned) this.#tell(fault)
    else queueMicrotask(() => this.#tell(fault))
  }

  #tell(fault: Fault): void {
    try {
      this.#handler.onFault(fault)
    } catch (error) {
      this.#misbehaved(error)
    }
  }

  /** Gives timer, upload, connection and place back. `fault` drops the connection if undici is still at it. */
  #end(fault?: Fault): void {
    this.#stage = 'done'
    clearTimeout(this.#timer)
    clearTimeout(this.#nextLook)
    this.#upload?.destroy()
    if (this.#connection !== undefined) this.#letGo(this.#connection, fault)
    if (this.#place === undefined) this.#admission.withdraw(this)
    else this.#place.leave()
    this.#around.onEnd()
  }

  #letGo(connection: Connection, fault: Fault | undefined): void {
    const { pool } = this.#around
    const unstarted = this.#attemptPending && this.#controller === undefined
    if (fault !== undefined) this.#controller?.abort(fault)
    if (unstarted) pool.discard(connection)
    else pool.giveBack(connection)
  }

  get #progress() {
    const { socket, continued = false } = this.#connection ?? {}
    const answerBegun = this.#answerBegun || continued
    return { reused: this.#reused, answerBegun, headSeen: this.#stage === 'content', peerLeft: hasPeerLeft(socket) }
  }

  /** For messages; without the query, which may hold what no log may see. */
  get #attempted(): string {
    const { method, target } = this.#request
    return `${method} ${target.split('?', 1)[0]} at ${this.#around.settings.url.href}`
  }

  #fault(code: FaultCode, detail: string): Fault {
    return new Fault(code, `${this.#attempted}: ${detail}`)
  }

  #misbehaved(error: unknown): void {
    this.#around.telemetry.emit({ kind: 'notice', level: 'error', message: 'forward handler failed', error })
  }
}

function onDeadline(exchange: ForwardExchange): void {
  exchange.onDeadline()
}
