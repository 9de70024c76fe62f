// What can a scripted origin do with one request?
//
// Anything a TCP peer can: `respond` writes a well-formed response; `write` any bytes;
// `drip` many small writes; `end` and `reset` close politely and rudely. The request's
// content is read only when `body()`, `nextOfBody()` or the end of the handler asks for
// it, so a handler that doesn't ask exerts back-pressure on the upload.

import type { Socket } from 'node:net'
import type { Framing, WireBody, WireHead, WireReader } from './wire.ts'

export interface OriginRequest extends WireHead {
  readonly method: string
  readonly target: string
  /** Number of the connection it came on, from 1: equal numbers mean a reused connection. */
  readonly connection: number
  /** Number among all requests of this origin, from 1. */
  readonly number: number
  readonly framing: Framing
}

export interface Answer {
  readonly status?: number
  readonly reason?: string
  /** name, value, name, value …; Content-Length is added unless one of the framing fields is here. */
  readonly fields?: readonly string[]
  readonly body?: string | Buffer
}

export class OriginExchange {
  readonly request: OriginRequest
  readonly socket: Socket
  /** Resolves once the peer has closed or reset the connection (with a FIN: once what it sent before was read). */
  readonly closed: Promise<void>
  detached = false
  readonly #reader: WireReader
  #body: Promise<WireBody> | undefined

  constructor(request: OriginRequest, socket: Socket, reader: WireReader) {
    this.request = request
    this.socket = socket
    this.#reader = reader
    this.closed = new Promise(resolve => {
      if (socket.destroyed || socket.readableEnded) resolve()
      socket.once('end', resolve).once('close', () => resolve())
    })
  }

  /** A well-formed response; answers to HEAD carry the head alone. */
  respond(answer: Answer = {}): void {
    const { status = 200, reason = 'OK', fields = [], body = '' } = answer
    const content = Buffer.from(body)
    const framed = fields.some((name, at) => at % 2 === 0 && /^(content-length|transfer-encoding)$/i.test(name))
    let head = `HTTP/1.1 ${status} ${reason}\r\n`
    for (let at = 0; at < fields.length; at += 2) head += `${fields[at]}: ${fields[at + 1]}\r\n`
    if (!framed && status !== 204 && status !== 304) head += `Content-Length: ${content.length}\r\n`
    const bodiless = this.request.method === 'HEAD' || status === 204 || status === 304
    this.write(bodiless ? `${head}\r\n` : Buffer.concat([Buffer.from(`${head}\r\n`, 'latin1'), content]))
  }

  /** Bytes as they are (strings as latin1); false when the socket's buffer is full. */
  write(bytes: string | Buffer): boolean {
    if (this.socket.destroyed) return false
    return this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  }

  /** As `write`, and waits until the kernel has taken all. */
  async send(bytes: string | Buffer): Promise<void> {
    if (!this.write(bytes))
      await Promise.race([new Promise(resolve => this.socket.once('drain', resolve)), this.closed])
  }

  /** One chunk of the chunked coding; an empty one ends the content (without trailers). */
  chunk(content: string | Buffer): boolean {
    const bytes = Buffer.from(content)
    return this.write(Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]))
  }

  /** `bytes` in pieces of `size`, a turn of the event loop apart. */
  async drip(bytes: string | Buffer, size = 1): Promise<void> {
    const all = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
    for (let at = 0; at < all.length; at += size) {
      this.write(all.subarray(at, at + size))
      await new Promise(resolve => setImmediate(resolve))
    }
  }

  /** The request's whole content. */
  body(): Promise<WireBody> {
    this.#body ??= this.#reader.body(this.request.framing)
    return this.#body
  }

  /** The next bytes of the request's content as they are on the wire, not to be mixed with `body()`; undefined at the end of the connection. */
  nextOfBody(most?: number): Promise<Buffer | undefined> {
    this.#body ??= Promise.resolve({ content: Buffer.alloc(0), raw: Buffer.alloc(0), trailers: [], complete: true })
    return this.#reader.some(most)
  }

  /** Takes the connection over (upgrades): no further request is read from it. The reader goes on by demand. */
  detach(): WireReader {
    this.detached = true
    return this.#reader
  }

  /** FIN after what was written. */
  end(): void {
    this.socket.end()
  }

  /** RST: the peer sees ECONNRESET. */
  reset(): void {
    this.socket.resetAndDestroy()
  }
}
