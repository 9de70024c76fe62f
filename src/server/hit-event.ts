// What does telemetry learn of an answer of the hit path?
//
// The same RequestEvent as of any other, but whoever asks for what costs something (the
// caller's digest, the request's id, the client behind a proxy) has it made then: metrics
// and statistics count every hit and ask for none of it, the access log asks seldom.

import { randomUUID } from 'node:crypto'
import type { RequestEvent } from '../base/events.ts'
import { bytes, type Milliseconds } from '../base/units.ts'
import { fieldLines } from '../http/fields.ts'
import type { Identification } from '../routing/identity.ts'
import type { AnsweredHit } from './hit-path.ts'
import type { PlainHead } from './plain-head.ts'

const REQUEST_ID = /^[\x21-\x7e]{1,128}$/

/** The client's own X-Request-ID where it is one plain token, else a new one. */
export function requestIdFrom(own: string | undefined): string {
  return own !== undefined && REQUEST_ID.test(own) ? own : randomUUID()
}

export interface HitContext {
  readonly identification: Identification
  /** The client's address, behind trusted proxies. */
  readonly clientOf: (request: PlainHead, hit: AnsweredHit) => string
}

export class HitEvent implements RequestEvent {
  readonly kind = 'request'
  readonly outcome = 'hit'
  readonly reason = 'fresh'
  readonly upstream = undefined
  readonly counted = true
  readonly fault = undefined
  readonly duration: Milliseconds
  readonly #hit: AnsweredHit
  readonly #context: HitContext

  constructor(hit: AnsweredHit, duration: Milliseconds, context: HitContext) {
    this.#hit = hit
    this.duration = duration
    this.#context = context
  }

  get at() {
    return this.#hit.at
  }

  get route() {
    return this.#hit.answer.route.name
  }

  get method() {
    return this.#hit.request.method
  }

  get path() {
    return this.#hit.request.path
  }

  get query() {
    return this.#hit.request.query ?? ''
  }

  get status() {
    return this.#hit.answer.status
  }

  get bodyBytes() {
    const { answer, request } = this.#hit
    return bytes(request.method === 'HEAD' ? 0 : (answer.body?.length ?? 0))
  }

  get encoding() {
    return this.#hit.answer.encoding
  }

  get saved() {
    return this.#hit.answer.saved
  }

  get compressionSaved() {
    const { answer, request } = this.#hit
    return request.method === 'HEAD' ? 0 : answer.compressionSaved
  }

  get client() {
    return this.#context.clientOf(this.#hit.request, this.#hit)
  }

  get who() {
    return this.#context.identification.who(this.#hit.request)
  }

  get requestId() {
    const [own, ...more] = fieldLines(this.#hit.request.fields, 'x-request-id')
    return requestIdFrom(more.length > 0 ? undefined : own)
  }
}
