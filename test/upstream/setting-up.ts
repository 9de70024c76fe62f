// What do the tests of the upstream have in common?
//
// Settings with small limits, a recorder that takes down every call a handler gets in
// order, and a telemetry that keeps its events. Recorders resolve instead of being
// polled: `head()` and `ended()` are promises.

import { systemClock } from '../../src/base/clock.ts'
import type { TelemetryEvent } from '../../src/base/events.ts'
import type { Fault, FaultCode } from '../../src/base/fault.ts'
import { milliseconds } from '../../src/base/units.ts'
import type { Fields } from '../../src/http/fields.ts'
import { createHttpUpstream } from '../../src/upstream/http-upstream.ts'
import type { UpstreamAddress, UpstreamSettings } from '../../src/upstream/settings.ts'
import type { ForwardControl, ForwardHandler, ForwardRequest, Upstream } from '../../src/upstream/upstream.ts'

function addressOf(url: string): UpstreamAddress {
  if (url.startsWith('http+unix://')) {
    return {
      protocol: 'http',
      hostname: 'localhost',
      port: 80,
      socketPath: url.slice('http+unix://'.length),
      href: url,
    }
  }
  const { protocol, hostname, port } = new URL(url)
  const scheme = protocol === 'https:' ? 'https' : 'http'
  return { protocol: scheme, hostname, port: Number(port), socketPath: undefined, href: url }
}

function settingsFor(url: string, changes: Partial<UpstreamSettings> = {}): UpstreamSettings {
  return {
    url: addressOf(url),
    connections: 4,
    queue: 4,
    queueTimeout: milliseconds(5_000),
    connectTimeout: milliseconds(2_000),
    timeout: milliseconds(5_000),
    idleTimeout: milliseconds(5_000),
    streams: 2,
    recycle: milliseconds(7_200_000),
    retries: 1,
    breaker: { failures: 100, open: milliseconds(10_000) },
    ...changes,
  }
}

export interface Subject {
  readonly upstream: Upstream
  readonly events: TelemetryEvent[]
  readonly get: (target: string, changes?: Partial<ForwardRequest>) => Recorder
}

export function upstreamTo(url: string, changes: Partial<UpstreamSettings> = {}): Subject {
  const events: TelemetryEvent[] = []
  const telemetry = { emit: (event: TelemetryEvent) => void events.push(event) }
  const upstream = createHttpUpstream(settingsFor(url, changes), { clock: systemClock, telemetry })
  return { upstream, events, get: (target, request) => new Recorder(upstream, aForwardRequest({ target, ...request })) }
}

export function aForwardRequest(changes: Partial<ForwardRequest> = {}): ForwardRequest {
  const fields = ['Host', 'app.example', 'Accept', '*/*']
  return { method: 'GET', target: '/', fields, body: null, pool: 'ordinary', route: 'test', ...changes }
}

/** Forwards at once and takes down what the handler is told. */
export class Recorder implements ForwardHandler {
  /** Names of the calls in order; content is one entry however many pieces it came in. */
  readonly calls: string[] = []
  readonly interim: { status: number; fields: Fields }[] = []
  readonly chunks: Buffer[] = []
  status = 0
  fields: Fields = []
  trailers: Fields = []
  fault: Fault | undefined
  /** Replace it to push back. */
  takes: (chunk: Buffer) => boolean = () => true
  readonly control: ForwardControl
  /** Calls that came before `forward` returned. */
  readonly early: string[]
  readonly #head = Promise.withResolvers<this>()
  readonly #ended = Promise.withResolvers<this>()
  readonly #sent = Promise.withResolvers<this>()

  constructor(upstream: Upstream, request: ForwardRequest) {
    this.control = upstream.forward(request, this)
    this.early = [...this.calls]
  }

  get body(): string {
    return Buffer.concat(this.chunks).toString()
  }

  get code(): FaultCode | undefined {
    return this.fault?.code
  }

  /** Once the request has left the queue. */
  sent(): Promise<this> {
    return this.#sent.promise
  }

  /** Once the head is here, or the end without one. */
  head(): Promise<this> {
    return this.#head.promise
  }

  /** Once it is complete or has failed. */
  ended(): Promise<this> {
    return this.#ended.promise
  }

  onSent(): void {
    this.calls.push('sent')
    this.#sent.resolve(this)
  }

  onInterim(status: number, fields: Fields): void {
    this.calls.push('interim')
    this.interim.push({ status, fields })
  }

  onHead(status: number, fields: Fields): void {
    this.calls.push('head')
    this.status = status
    this.fields = fields
    this.#head.resolve(this)
  }

  onBody(chunk: Buffer): boolean {
    if (this.calls.at(-1) !== 'body') this.calls.push('body')
    this.chunks.push(chunk)
    return this.takes(chunk)
  }

  onComplete(trailers: Fields): void {
    this.calls.push('complete')
    this.trailers = trailers
    this.#ended.resolve(this)
  }

  onFault(fault: Fault): void {
    this.calls.push('fault')
    this.fault = fault
    this.#sent.resolve(this)
    this.#head.resolve(this)
    this.#ended.resolve(this)
  }
}
