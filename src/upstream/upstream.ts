// How does the rest of Pillion speak to the backend?
//
// One call, `forward`, with a handler that hears the exchange as it happens. Everything
// foreign (undici, sockets, TLS) stays behind it, and everything that goes wrong
// arrives as one Fault, exactly once, and nothing after it. Admission (connections,
// queue, queueTimeout), timeouts, the narrow retry and the breaker live behind it too,
// so that probes, refreshes and verifications can't go round them.
// test/contract/upstream.test.ts holds implementations to this.

import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { Fault } from '../base/fault.ts'
import type { Milliseconds } from '../base/units.ts'
import type { Fields } from '../http/fields.ts'

export interface ForwardRequest {
  readonly method: string
  /** Path and query as they go on the wire. */
  readonly target: string
  /** End-to-end fields, Host included; hop-by-hop fields already removed. */
  readonly fields: Fields
  /**
   * Content: none, whole (repeatable), or a stream (not repeatable). A stream is read by
   * demand, chunked unless `fields` announce its length, and never destroyed here: what an
   * origin that answered early didn't take is left in it. If it fails or closes before its
   * end, the exchange ends with the Fault it failed with, else with CLIENT_GONE.
   */
  readonly body: Buffer | Readable | null
  /**
   * Longest wait for the response head, from the moment the request leaves the queue; default:
   * the upstream's. While content is being sent, from its last progress, and waiting for the
   * client's content doesn't count.
   */
  readonly timeout?: Milliseconds
  /**
   * Event streams have connections of their own. A `text/event-stream` response on the ordinary
   * ones is counted among the streams from its head on (UPSTREAM_QUEUE_FULL if they are all in use).
   */
  readonly pool: 'ordinary' | 'streams'
  /** Name of the route, for events. */
  readonly route: string
  /**
   * Whether it waits for an upstream that has never answered and refuses connections: in the
   * first minute, `queueTimeout` long. Default false.
   */
  readonly awaitStart?: boolean
}

/** Nothing but `onSent` is called before `forward` has returned; nothing at all after `onComplete` or `onFault`. */
export interface ForwardHandler {
  /** The request has left the queue and is about to be sent. Not called again for the retry. */
  onSent?(): void
  /** 1xx other than 101 (RFC 9110 §15.2). */
  onInterim?(status: number, fields: Fields): void
  onHead(status: number, fields: Fields): void
  /** False asks for a pause until `resume()`; what was read already (at most the socket's buffer) may still come. */
  onBody(chunk: Buffer): boolean
  /** Clean end: all announced octets arrived. */
  onComplete(trailers: Fields): void
  /** The only report of failure; at most one, and last. Also for `abort`, with its fault, before `abort` returns. */
  onFault(fault: Fault): void
}

export interface ForwardControl {
  pause(): void
  resume(): void
  /** Gives the exchange up; its connection is closed, or the queue place freed. */
  abort(fault: Fault): void
}

/** A WebSocket handshake (`websocketKey` found one) with the client's connection, which is no longer read by anybody else. */
export interface UpgradeRequest {
  readonly target: string
  /** Host and Sec-WebSocket-… included; Connection and Upgrade are written here. */
  readonly fields: Fields
  /** What its 101 must answer. */
  readonly key: string
  readonly route: string
  readonly timeout?: Milliseconds
  readonly client: Socket
  /** Octets read beyond the request; sent on after the 101 alone. */
  readonly head: Buffer
}

/** One of the first three, never before `upgrade` has returned; `onClose` after `onSwitch` alone. */
export interface UpgradeHandler {
  /** A matching 101: what of its end-to-end fields the client is to have. Octets flow from now on, without any limit on idle time. */
  onSwitch(fields: Fields): Fields
  /** Any other final response; the handler writes it to the client and closes that connection. */
  onResponse(status: number, fields: Fields, content: Readable): void
  /** The handler writes the answer before it returns; the connection is closed once that is out. */
  onFault(fault: Fault): void
  /** Both connections are closed. */
  onClose(): void
}

export interface UpstreamState {
  readonly connected: number
  readonly free: number
  readonly running: number
  readonly pending: number
  readonly queued: number
  /** running / connections, 0 to 1. */
  readonly utilization: number
  readonly breaker: 'closed' | 'open' | 'half-open'
  /** Whether the last exchange got any answer; undefined before the first. */
  readonly reachable: boolean | undefined
}

export interface Upstream {
  forward(request: ForwardRequest, handler: ForwardHandler): ForwardControl
  /** Joins client and upstream if that agrees. */
  upgrade(request: UpgradeRequest, handler: UpgradeHandler): void
  state(): UpstreamState
  /** Lets running and queued exchanges end, refuses new ones (SHUTTING_DOWN), then closes all connections. */
  close(): Promise<void>
}
