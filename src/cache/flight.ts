// One forward request, and everybody who rides on its response.
//
// A flight outlives whoever started it: riders board, wait for the result, then either
// read the content from the shared body or leave. Nobody's disconnect fails the others;
// a flight that nobody waits for and that is not nearly stored is given up (contract §3).
// What the head means (storable? shareable? hold it until the content is whole?) is asked
// of its plan; the flight only sees to it that every rider hears exactly one result, that
// only a complete body is committed, and that every path ends (invariants 8 and 10).

import type { Clock } from '../base/clock.ts'
import { Fault } from '../base/fault.ts'
import { type Milliseconds, milliseconds } from '../base/units.ts'
import { responseDirectives } from '../http/cache-control.ts'
import { type Fields, fieldValue } from '../http/fields.ts'
import { endToEndFields, oneClientsFields } from '../http/hop-by-hop.ts'
import type { ResponseHead, ResponseTimes } from '../http/message.ts'
import { announcedTrailers, passedTrailers } from '../http/trailers.ts'
import type { StoredResponse } from '../store/stored-response.ts'
import type { ForwardControl, ForwardHandler, ForwardRequest, Upstream } from '../upstream/upstream.ts'
import type { BodySink } from './exchange.ts'
import type { FoundElsewhere } from './fleet-turn.ts'
import { type BodyReader, SharedBody, type SharedBodyLimits } from './shared-body.ts'

/** What the origin's answer came to. */
export type OriginResult =
  /** Complete: stored, or freshened by a 304. `status` is the origin's. */
  | {
      readonly kind: 'whole'
      readonly response: StoredResponse
      readonly status: number
      readonly kept: boolean
      /** Of a 304: its fields that are the leader's client's alone. */
      readonly leaders?: Fields
    }
  /** The head is here, the content follows in `body`. */
  | { readonly kind: 'streaming'; readonly head: ResponseHead; readonly kept: boolean }
  | { readonly kind: 'fault'; readonly fault: Fault }

/** The origin was not asked: another replica has, and stored what `lookup` found. */
export type FlightResult = OriginResult | ({ readonly kind: 'elsewhere' } & FoundElsewhere)

/** What is to become of a response, once its head is here. */
export type HeadVerdict =
  /** Store it; `hold`: tell nobody before it is whole, so that it carries its tag. */
  | { readonly keep: true; readonly hold: boolean }
  /** Pass it through; `shared`: to all riders (a server error), not to the leader alone. */
  | { readonly keep: false; readonly shared: boolean }
  /** A 304 to our own validator: this is the response. */
  | { readonly freshened: StoredResponse; readonly kept: boolean }

/** What the flight asks of those who know about storing (cache/store-response.ts). */
export interface FlightPlan {
  onInterim?(status: number, fields: Fields): void
  onHead(head: ResponseHead, times: ResponseTimes): HeadVerdict
  /** The whole content of a response to keep; returns it as stored and whether the store took it. */
  onWhole(
    head: ResponseHead,
    times: ResponseTimes,
    body: Buffer,
  ): { readonly response: StoredResponse; readonly kept: boolean }
  /** It can't be kept after all; `reason` for the metrics. */
  onGivenUp(reason: string): void
  /** The exchange with the origin is over, one way or the other. */
  onLanded(flight: Flight): void
}

/** A body of this size is worth finishing for the store alone. */
const NEARLY_STORED = 64 * 1024

export interface FlightSurroundings {
  readonly clock: Clock
  readonly limits: SharedBodyLimits
  /** Larger responses stream through unstored. */
  readonly maxBody: number
  /** The leader's fields: what the response's Vary nominates among. */
  readonly nominating: Fields
}

export class Flight {
  readonly body: SharedBody
  readonly result: Promise<FlightResult>
  readonly #around: FlightSurroundings
  readonly #plan: FlightPlan
  #startedAt: Milliseconds
  #resolve: (result: FlightResult) => void = () => undefined
  #control: ForwardControl | undefined
  #waiting = 0
  #background = false
  #head: ResponseHead | undefined
  #trailer: string | undefined
  #times: ResponseTimes
  #keeping = true
  #held = false
  #shared: boolean | undefined
  #landed = false
  #answered = false
  #originTime = milliseconds(0)
  #queueTime: Milliseconds | undefined
  #committed: StoredResponse | undefined

  constructor(plan: FlightPlan, around: FlightSurroundings) {
    this.#plan = plan
    this.#around = around
    const now = around.clock.now()
    this.#startedAt = around.clock.monotonic()
    this.#times = { requestTime: now, responseTime: now }
    this.body = new SharedBody(around.limits)
    this.result = new Promise(resolve => {
      this.#resolve = resolve
    })
  }

  /** Sends the request. Riders should have boarded before; not to be called once it has `landed`. */
  depart(upstream: Pick<Upstream, 'forward'>, request: ForwardRequest): void {
    const now = this.#around.clock.now()
    this.#startedAt = this.#around.clock.monotonic()
    this.#times = { requestTime: now, responseTime: now }
    this.#control = upstream.forward(request, this.#handler())
    this.body.onResume(() => this.#control?.resume())
  }

  /** Over before it departed: another replica's response serves. */
  arrive(found: FoundElsewhere): void {
    if (this.#landed) return
    this.#landed = true
    this.#keeping = false
    this.#shared = true
    this.#answer({ kind: 'elsewhere', ...found })
    this.#plan.onLanded(this)
  }

  /** Over before it departed, for what nobody foresaw. */
  abandon(fault: Fault): void {
    if (!this.#landed) this.#onFault(fault)
  }

  get landed(): boolean {
    return this.#landed
  }

  /** Goes on to its end although nobody rides. */
  runInBackground(): void {
    this.#background = true
  }

  /** Whether others than the leader may use the result; undefined until the head is here. */
  get shared(): boolean | undefined {
    return this.#shared
  }

  /** True while newcomers may still board: nothing of the response has been let go. */
  get boarding(): boolean {
    return this.#shared !== false && this.#keeping && this.body.whole
  }

  /** The response as the store took it, once it is whole. */
  get committed(): StoredResponse | undefined {
    return this.#committed
  }

  /** The Trailer field for whoever gets the content as it streams. */
  get trailer(): string | undefined {
    return this.#trailer
  }

  get limits(): SharedBodyLimits {
    return this.#around.limits
  }

  get nominating(): Fields {
    return this.#around.nominating
  }

  /** Time until the request left the queue; undefined before that. */
  get queueTime(): Milliseconds | undefined {
    return this.#queueTime
  }

  /** Time to the response head; 0 before it. */
  get originTime(): Milliseconds {
    return this.#originTime
  }

  /** Octets of content that the origin's head announces. */
  get announced(): number | undefined {
    const length = fieldValue(this.#head?.fields ?? [], 'content-length')
    return length === undefined ? undefined : Number(length)
  }

  board(): void {
    this.#waiting += 1
  }

  /** A rider that boarded doesn't want the content. */
  leave(): void {
    this.#waiting -= 1
    this.#settle()
  }

  /** A rider that boarded reads the content from its first octet. */
  ride(sink: BodySink): BodyReader {
    const reader = this.body.attach(sink)
    this.#waiting -= 1
    this.#settle()
    return reader
  }

  /** A reader's client is gone. */
  alight(reader: BodyReader): void {
    reader.detach()
    this.#settle()
  }

  #handler(): ForwardHandler {
    return {
      onSent: () => {
        this.#queueTime = milliseconds(this.#around.clock.monotonic() - this.#startedAt)
      },
      onInterim: (status, fields) => this.#plan.onInterim?.(status, endToEndFields(fields)),
      onHead: (status, fields) => {
        this.#trailer = announcedTrailers(fields)
        this.#onHead({ status, fields: endToEndFields(fields) })
      },
      onBody: chunk => this.#onBody(chunk),
      onComplete: trailers => this.#onComplete(trailers),
      onFault: fault => this.#onFault(fault),
    }
  }

  #onHead(head: ResponseHead): void {
    this.#head = head
    this.#times = { requestTime: this.#times.requestTime, responseTime: this.#around.clock.now() }
    this.#originTime = milliseconds(this.#around.clock.monotonic() - this.#startedAt)
    const verdict = this.#plan.onHead(head, this.#times)
    if ('freshened' in verdict) {
      this.#keeping = false
      this.#shared = true
      const leaders = oneClientsFields(head.fields, responseDirectives(head.fields).directives)
      this.#answer({ kind: 'whole', response: verdict.freshened, status: head.status, kept: verdict.kept, leaders })
      return
    }
    this.#keeping = verdict.keep
    this.#shared = verdict.keep || verdict.shared
    this.#held = verdict.keep && verdict.hold
    if (!this.#held) this.#answer({ kind: 'streaming', head, kept: verdict.keep })
    this.#settle()
  }

  #onBody(chunk: Buffer): boolean {
    const goOn = this.body.append(chunk)
    if (this.#keeping) this.#checkRoom()
    return goOn
  }

  #checkRoom(): void {
    const { maxBody, limits } = this.#around
    if (this.body.received > maxBody) this.#giveUpKeeping('body-too-large')
    else if (limits.budget.taken > limits.budget.limit) this.#giveUpKeeping('buffers-full')
  }

  #giveUpKeeping(reason: string): void {
    this.#keeping = false
    this.#plan.onGivenUp(reason)
    if (this.#held && this.#head !== undefined) this.#answer({ kind: 'streaming', head: this.#head, kept: false })
    this.#settle()
  }

  #onComplete(trailers: Fields): void {
    this.#landed = true
    if (this.#keeping && this.#head !== undefined) {
      const { response, kept } = this.#plan.onWhole(this.#head, this.#times, this.body.collect())
      if (kept) this.#committed = response
      if (this.#held) this.#answer({ kind: 'whole', response, status: this.#head.status, kept })
    }
    this.#keeping = false
    this.body.finish(passedTrailers(trailers))
    this.#plan.onLanded(this)
    this.#settle()
  }

  #onFault(fault: Fault): void {
    this.#landed = true
    this.#keeping = false
    this.#shared ??= true
    this.#answer({ kind: 'fault', fault })
    this.body.fail(fault)
    this.#plan.onLanded(this)
  }

  #answer(result: FlightResult): void {
    if (this.#answered) return
    this.#answered = true
    this.#resolve(result)
  }

  /** Somebody came or went: let content go that nobody needs, and the origin too. */
  #settle(): void {
    if (this.#waiting > 0) return
    if (!this.#keeping) this.body.stopKeeping()
    const unwanted = this.body.readers === 0 && !this.#background && !this.#landed
    if (!unwanted || (this.#answered && this.#isNearlyDone())) return
    const gone = new Fault('CLIENT_GONE', 'the forward request was given up: nobody waits for it any more')
    if (this.#control === undefined) this.#onFault(gone)
    else this.#control.abort(gone)
  }

  #isNearlyDone(): boolean {
    const left = (this.announced ?? Number.POSITIVE_INFINITY) - this.body.received
    return left <= NEARLY_STORED || (this.#keeping && left <= this.body.received)
  }
}
