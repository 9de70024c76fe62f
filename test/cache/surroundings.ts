// What do the tests of the engine's parts share?
//
// A route compiled from YAML, the facts of a decision with what doesn't matter left out,
// a sink that takes down what it is given and can be full, and an upstream that a test
// plays by hand.

import type { DecisionFacts } from '../../src/cache/decide.ts'
import type { BodySink } from '../../src/cache/exchange.ts'
import { requestDirectives } from '../../src/http/cache-control.ts'
import type { Fields } from '../../src/http/fields.ts'
import type { ForwardControl, ForwardHandler, Upstream } from '../../src/upstream/upstream.ts'
import { aRequest, noon, type RequestParts } from '../builders/messages.ts'
import { aRoute } from '../routing/builders.ts'

export interface FactParts extends Partial<Omit<DecisionFacts, 'request' | 'directives' | 'route'>> {
  readonly request?: RequestParts & { readonly hasBody?: boolean; readonly bodyDigest?: string }
  /** Keys of the route in YAML flow form. */
  readonly route?: string
}

/** A GET of `/` without credentials at noon, on a route with a minute's `ttl`, with nothing stored. */
export function someFacts({ request = {}, route = 'ttl: 1m', ...rest }: FactParts = {}): DecisionFacts {
  const { hasBody = false, bodyDigest } = request
  const presented = { ...aRequest(request), hasBody, ...(bodyDigest === undefined ? {} : { bodyDigest }) }
  return {
    request: presented,
    directives: requestDirectives(presented.fields),
    route: aRoute(route),
    sharing: { refusal: undefined, credentials: 'none' },
    stored: undefined,
    standing: 'kept',
    otherVariants: false,
    now: noon,
    ...rest,
  }
}

/** Takes down what it is given; full while `room` is false. */
export class RecordingSink implements BodySink {
  text = ''
  room = true
  trailers: Fields | undefined
  aborted = false
  #drained: () => void = () => undefined

  write(chunk: Buffer): boolean {
    this.text += chunk.toString()
    return this.room
  }

  end(trailers: Fields): void {
    if (this.trailers !== undefined) throw new Error('ended twice')
    this.trailers = trailers
  }

  abort(): void {
    this.aborted = true
  }

  onDrain(listener: () => void): void {
    this.#drained = listener
  }

  drain(): void {
    this.room = true
    this.#drained()
  }

  get ended(): boolean {
    return this.trailers !== undefined
  }
}

/** One forward request whose answer the test gives through `handler`. */
export class PlayedUpstream implements Pick<Upstream, 'forward'> {
  aborts = 0
  resumes = 0
  #handler: ForwardHandler | undefined

  get handler(): ForwardHandler {
    if (this.#handler === undefined) throw new Error('nothing was forwarded yet')
    return this.#handler
  }

  forward(_request: unknown, handler: ForwardHandler): ForwardControl {
    this.#handler = handler
    return {
      pause: () => undefined,
      resume: () => void (this.resumes += 1),
      abort: fault => {
        this.aborts += 1
        handler.onFault(fault)
      },
    }
  }
}
