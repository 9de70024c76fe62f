// How does node's server get a connection whose bytes the hit path reads first?
//
// A Duplex that stands for the socket: what the hit path doesn't answer is pushed in,
// what node writes goes out, back-pressure works both ways, and what node asks of a
// socket (timeouts, addresses, delay) is asked of the real one. It knows how many of
// its requests are unanswered, because the hit path must keep silent until none is.

import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

export class Relay extends Duplex {
  readonly #socket: Socket
  #unanswered = 0
  #detached = false

  constructor(socket: Socket) {
    super({ allowHalfOpen: true, autoDestroy: true, emitClose: true })
    this.#socket = socket
  }

  /** Hands bytes to node; stops reading from the client while node has enough. */
  hand(chunk: Buffer): void {
    if (!this.push(chunk)) this.#socket.pause()
  }

  /** One more request is on its way to node. */
  expect(): void {
    this.#unanswered += 1
  }

  /** A response is over. */
  answered(): void {
    this.#unanswered -= 1
  }

  /** Everything that was handed over has been answered and written. */
  get idle(): boolean {
    return this.#unanswered === 0 && this.writableLength === 0 && this.readableLength === 0
  }

  /** Ends the relay and leaves the socket as it is. */
  detach(): void {
    this.#detached = true
    this.destroy()
  }

  override _read(): void {
    if (!this.#detached) this.#socket.resume()
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, encoding, done)
  }

  override _writev(
    chunks: { readonly chunk: Buffer; readonly encoding: BufferEncoding }[],
    done: (error?: Error | null) => void,
  ): void {
    const last = chunks.length - 1
    this.#socket.cork()
    for (const [at, { chunk, encoding }] of chunks.entries()) {
      if (at === last) this.#socket.write(chunk, encoding, done)
      else this.#socket.write(chunk, encoding)
    }
    this.#socket.uncork()
  }

  override _final(done: (error?: Error | null) => void): void {
    if (!this.#detached) this.#socket.end()
    done()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.#detached) this.#socket.destroy()
    done(error)
  }

  /** As net.Socket has it: lets what is written leave, then ends both directions. */
  destroySoon(): void {
    if (this.writable) this.end()
    if (this.writableFinished) this.#socket.destroySoon()
    else this.once('finish', () => this.#socket.destroySoon())
  }

  setTimeout(duration: number, listener?: () => void): this {
    this.#socket.setTimeout(duration)
    if (listener !== undefined) this.once('timeout', listener)
    return this
  }

  setNoDelay(on?: boolean): this {
    this.#socket.setNoDelay(on)
    return this
  }

  setKeepAlive(on?: boolean, delay?: number): this {
    this.#socket.setKeepAlive(on, delay)
    return this
  }

  ref(): this {
    this.#socket.ref()
    return this
  }

  unref(): this {
    this.#socket.unref()
    return this
  }

  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress
  }

  get remotePort(): number | undefined {
    return this.#socket.remotePort
  }

  get localAddress(): string | undefined {
    return this.#socket.localAddress
  }

  get localPort(): number | undefined {
    return this.#socket.localPort
  }

  get bytesRead(): number {
    return this.#socket.bytesRead
  }

  get bytesWritten(): number {
    return this.#socket.bytesWritten
  }
}
