// Which connection carries the next exchange?
//
// One undici Client per connection, each with one request at a time. undici's own Pool
// is not used: it has an unbounded queue, and it hides which connection carries what,
// which the retry rule (was it reused?), `recycle` and the event streams need to know.
// The most recently used connection is taken first, so that surplus ones fall idle and
// close by undici's keep-alive timer. How many exist is the admission's business.

import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { Client } from 'undici'
import type { Clock } from '../base/clock.ts'
import type { Telemetry } from '../base/events.ts'
import { type Bytes, bytes, type Milliseconds, milliseconds } from '../base/units.ts'
import type { Connected, Connector } from './connector.ts'
import type { UpstreamEnvironment, UpstreamSettings } from './settings.ts'
import { type HeadWait, skipContinue } from './skip-continue.ts'

/** Below what common backends allow an idle connection (5 s and more); a Keep-Alive field says better. */
const IDLE_TIMEOUT: Milliseconds = milliseconds(4_000)
/** How much earlier than a Keep-Alive field allows. */
const IDLE_MARGIN: Milliseconds = milliseconds(1_000)
/** Names and values of a response head, or of its trailers. */
const HEAD_LIMIT: Bytes = bytes(64 * 1024)

/** One undici Client and the socket that it has at the moment. */
export class Connection implements HeadWait {
  readonly client: Client
  socket: Socket | undefined
  /** Exchanges begun on this socket. */
  exchanges = 0
  connectedAt: Milliseconds = milliseconds(0)
  connected = false
  awaitsHead = false
  continued = false

  /** `authority` is undici's Host where a request has none; TLS is the connector's business. */
  constructor(authority: string, connect: (connection: Connection, done: Connected) => void) {
    this.client = new Client(`http://${authority}`, {
      allowH2: false,
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: IDLE_TIMEOUT,
      keepAliveTimeoutThreshold: IDLE_MARGIN,
      maxHeaderSize: HEAD_LIMIT,
      connect: (_options, done) => connect(this, done),
    })
  }

  get open(): boolean {
    return this.connected && this.socket?.destroyed === false
  }
}

export class ConnectionPool {
  readonly #settings: UpstreamSettings
  readonly #clock: Clock
  readonly #telemetry: Telemetry
  readonly #connector: Connector
  readonly #all = new Set<Connection>()
  /** Free ones, the most recently used last; those without a socket connect when used. */
  readonly #free: Connection[] = []

  constructor(settings: UpstreamSettings, connector: Connector, { clock, telemetry }: UpstreamEnvironment) {
    this.#settings = settings
    this.#clock = clock
    this.#telemetry = telemetry
    this.#connector = connector
  }

  /** Sockets that stand, and how many of them are free. */
  count(): { connected: number; free: number } {
    let connected = 0
    let free = 0
    for (const connection of this.#all) if (connection.open) connected += 1
    for (const connection of this.#free) if (connection.open) free += 1
    return { connected, free }
  }

  take(): Connection {
    const eldest = this.#clock.monotonic() - this.#settings.recycle
    for (let at = this.#free.length - 1; at >= 0; at -= 1) {
      const connection = this.#free[at] as Connection
      if (!connection.open) continue
      this.#free.splice(at, 1)
      if (connection.connectedAt > eldest) return connection
      this.discard(connection)
    }
    return this.#free.pop() ?? this.#make()
  }

  giveBack(connection: Connection): void {
    if (this.#all.has(connection)) this.#free.push(connection)
  }

  /** Closes a connection at once, whatever it is doing. */
  discard(connection: Connection): void {
    this.#all.delete(connection)
    connection.socket?.destroy()
    connection.client.destroy().catch((error: unknown) => this.#report(error))
  }

  async close(): Promise<void> {
    const closing = [...this.#all].map(connection => connection.client.destroy())
    for (const connection of this.#all) connection.socket?.destroy()
    this.#all.clear()
    this.#free.length = 0
    await Promise.all(closing)
  }

  #make(): Connection {
    const { hostname, port } = this.#settings.url
    const authority = `${hostname.includes(':') ? `[${hostname}]` : hostname}:${port}`
    const connection = new Connection(authority, (self, done) => {
      self.connected = false
      self.socket = this.#connector.connect((...outcome) => {
        self.connected = outcome[1] !== null
        self.exchanges = 0
        self.connectedAt = this.#clock.monotonic()
        if (outcome[1] !== null) skipContinue(outcome[1], self)
        done(...outcome)
      })
    })
    // Only what a handler threw comes this way; without a listener it would end the process.
    const emitter: EventEmitter = connection.client
    emitter.on('error', (error: unknown) => this.#report(error))
    this.#all.add(connection)
    return connection
  }

  #report(error: unknown): void {
    this.#telemetry.emit({ kind: 'notice', level: 'error', message: 'upstream connection misbehaved', error })
  }
}
