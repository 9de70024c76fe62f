// What if the origin did exactly this?
//
// A scripted origin over raw sockets: the handler is given each request's head the
// moment it is complete and has the connection's bytes in its hand: respond well,
// drip, stall behind a barrier at any stage, lie about lengths, send garbage, close
// (FIN) or reset (RST). Every request is recorded with its raw head. One connection's
// requests are handled one after another, several connections side by side.
//
//     const origin = await startOrigin(exchange => exchange.respond({ body: 'hello' }))
//     …
//     assert.equal(origin.requests.length, 1)
//     await origin.close()

import { rm } from 'node:fs/promises'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { Barrier } from './barrier.ts'
import { OriginExchange, type OriginRequest } from './exchange.ts'
import { framingOf, WireReader } from './wire.ts'

export type OriginHandler = (exchange: OriginExchange) => void | Promise<void>

export interface OriginOptions {
  /** 0 (default) picks a free port; a number starts again where an earlier origin was. */
  readonly port?: number
  /** Path of a unix socket, instead of a port. */
  readonly path?: string
  /** Certificate and key: the origin speaks TLS then. */
  readonly tls?: TlsOptions
}

export class Origin {
  /** Every request in the order their heads came. */
  readonly requests: OriginRequest[] = []
  /** How many connections were ever accepted. */
  connections = 0
  /** Replace it to change what the origin does from the next request on. */
  handler: OriginHandler
  /** What a handler threw; a test that expects none asserts this is empty. */
  readonly errors: unknown[] = []
  readonly #server: Server
  readonly #options: OriginOptions
  readonly #sockets = new Set<Socket>()
  readonly #accepted = new Set<Socket>()
  readonly #awaited: { readonly count: number; readonly barrier: Barrier }[] = []

  constructor(handler: OriginHandler, options: OriginOptions) {
    this.handler = handler
    this.#options = options
    const accept = (socket: Socket): void => this.#accept(socket)
    this.#server =
      options.tls === undefined
        ? createTcpServer({ allowHalfOpen: true, noDelay: true }, accept)
        : createTlsServer({ allowHalfOpen: true, noDelay: true, ...options.tls }, accept)
    // Under TLS these are the connections beneath, of which some never finish a handshake.
    this.#server.on('connection', (socket: Socket) => {
      this.#accepted.add(socket)
      socket.on('close', () => this.#accepted.delete(socket))
    })
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** As `upstream.url` wants it: `http://127.0.0.1:PORT`, `https://localhost:PORT` or `http+unix:///PATH`. */
  get url(): string {
    if (this.#options.path !== undefined) return `http+unix://${this.#options.path}`
    return this.#options.tls === undefined ? `http://127.0.0.1:${this.port}` : `https://localhost:${this.port}`
  }

  /** Connections open right now. */
  get open(): number {
    return this.#sockets.size
  }

  /** Resolves with the request number `count` (from 1) once its head has come. */
  async received(count: number): Promise<OriginRequest> {
    if (this.requests.length < count) {
      const barrier = new Barrier()
      this.#awaited.push({ count, barrier })
      await barrier.passed
    }
    return this.requests[count - 1] as OriginRequest
  }

  listen(): Promise<this> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      const { path, port = 0 } = this.#options
      const listening = (): void => resolve(this)
      if (path === undefined) this.#server.listen(port, '127.0.0.1', listening)
      else this.#server.listen(path, listening)
    })
  }

  /** Resets every open connection, keeps listening. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  /** Closes (FIN) every open connection, keeps listening. */
  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Stops listening and drops every connection. */
  async close(): Promise<void> {
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()))
    for (const socket of this.#accepted) socket.destroy()
    await closed
    if (this.#options.path !== undefined) await rm(this.#options.path, { force: true })
  }

  #accept(socket: Socket): void {
    this.connections += 1
    this.#sockets.add(socket)
    const connection = this.connections
    // Each exchange of a kept connection listens for its end.
    socket.setMaxListeners(0)
    // A peer that goes away is part of most scripts; the exchange's `closed` tells of it.
    socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket))
    this.#serve(socket, connection).catch((error: unknown) => {
      this.errors.push(error)
      socket.destroy()
    })
  }

  async #serve(socket: Socket, connection: number): Promise<void> {
    const reader = new WireReader(socket)
    for (let head = await reader.head(); head !== undefined; head = await reader.head()) {
      const [method = '', target = ''] = head.startLine.split(' ')
      const number = this.requests.length + 1
      const framing = framingOf(head.fields, 'none')
      const request: OriginRequest = { ...head, method, target, connection, number, framing }
      this.requests.push(request)
      this.#announce()
      const exchange = new OriginExchange(request, socket, reader)
      await this.handler(exchange)
      if (exchange.detached) return
      await exchange.body()
    }
    if (!socket.destroyed) socket.end()
  }

  #announce(): void {
    for (const { count, barrier } of this.#awaited) if (this.requests.length >= count) barrier.open()
  }
}

export function startOrigin(handler: OriginHandler, options: OriginOptions = {}): Promise<Origin> {
  return new Origin(handler, options).listen()
}
