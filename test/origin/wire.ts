// What exactly went over the wire?
//
// The test's own reading of HTTP/1.1 messages, apart from any parser under test: heads
// are kept as the very bytes received, content both as received (chunk framing and
// all) and decoded. Reading is by demand: what nobody asks for stays in the socket,
// so that not reading is back-pressure and needs no further device.

import type { Socket } from 'node:net'

export interface WireHead {
  /** The bytes received, start line to the empty line, as latin1. */
  readonly raw: string
  /** Start line without CRLF. */
  readonly startLine: string
  /** name, value, name, value … in the sender's spelling. */
  readonly fields: readonly string[]
}

export interface WireBody {
  /** Decoded content, as far as it came. */
  readonly content: Buffer
  /** The bytes received, framing included. */
  readonly raw: Buffer
  readonly trailers: readonly string[]
  /** False where the connection ended before the framing said so. */
  readonly complete: boolean
}

export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'close' }

const CRLF = Buffer.from('\r\n')
const HEAD_END = Buffer.from('\r\n\r\n')

export class WireReader {
  readonly #socket: Socket
  #held: Buffer = Buffer.alloc(0)
  #ended = false
  #wake: (() => void) | undefined

  constructor(socket: Socket) {
    this.#socket = socket
    // With nothing buffered a read of nothing lets 'end' come even where nobody asks for bytes.
    const wake = (): void => {
      if (socket.readableLength === 0) socket.read(0)
      this.#wake?.()
    }
    const end = (): void => {
      this.#ended = true
      wake()
    }
    socket.on('readable', wake).on('end', end).on('error', end).on('close', end)
  }

  /** Up to and with `delimiter`; undefined when the connection ends before it (what came stays held). */
  async until(delimiter: Buffer): Promise<Buffer | undefined> {
    for (;;) {
      const at = this.#held.indexOf(delimiter)
      if (at >= 0) return this.#take(at + delimiter.length)
      if (!(await this.#more())) return undefined
    }
  }

  /** `count` bytes, or fewer when the connection ends before them. */
  async exactly(count: number): Promise<Buffer> {
    while (this.#held.length < count && (await this.#more()));
    return this.#take(Math.min(count, this.#held.length))
  }

  /** Whatever comes next, at most `most` bytes; undefined at the end of the connection. */
  async some(most = Number.POSITIVE_INFINITY): Promise<Buffer | undefined> {
    while (this.#held.length === 0) if (!(await this.#more())) return undefined
    return this.#take(Math.min(most, this.#held.length))
  }

  /** What was read from the socket and not asked for yet. */
  rest(): Buffer {
    return this.#take(this.#held.length)
  }

  async head(): Promise<WireHead | undefined> {
    const raw = await this.until(HEAD_END)
    return raw === undefined ? undefined : parseHead(raw.toString('latin1'))
  }

  async body(framing: Framing): Promise<WireBody> {
    if (framing.kind === 'none') return wireBody(Buffer.alloc(0), true)
    if (framing.kind === 'chunked') return this.#chunked()
    if (framing.kind === 'close') return this.#toTheEnd()
    const content = await this.exactly(framing.length)
    return wireBody(content, content.length === framing.length)
  }

  async #toTheEnd(): Promise<WireBody> {
    const chunks: Buffer[] = []
    for (let chunk = await this.some(); chunk !== undefined; chunk = await this.some()) chunks.push(chunk)
    return wireBody(Buffer.concat(chunks), this.#socket.errored === null)
  }

  async #chunked(): Promise<WireBody> {
    const raw: Buffer[] = []
    const content: Buffer[] = []
    const made = (complete: boolean, trailers: readonly string[] = []): WireBody => {
      if (!complete) raw.push(this.rest())
      return { content: Buffer.concat(content), raw: Buffer.concat(raw), trailers, complete }
    }
    for (;;) {
      const line = await this.until(CRLF)
      if (line === undefined) return made(false)
      raw.push(line)
      const size = Number.parseInt(line.toString('latin1'), 16)
      if (Number.isNaN(size)) return made(false)
      if (size === 0) break
      const chunk = await this.exactly(size)
      raw.push(chunk)
      content.push(chunk)
      const end = await this.exactly(2)
      raw.push(end)
      if (end.length < 2) return made(false)
    }
    const trailers: string[] = []
    for (;;) {
      const line = await this.until(CRLF)
      if (line === undefined) return made(false, trailers)
      raw.push(line)
      if (line.length === 2) return made(true, trailers)
      trailers.push(...parseFieldLine(line.toString('latin1')))
    }
  }

  #take(count: number): Buffer {
    const taken = this.#held.subarray(0, count)
    this.#held = this.#held.subarray(count)
    return taken
  }

  async #more(): Promise<boolean> {
    for (;;) {
      const chunk = this.#socket.read() as Buffer | null
      if (chunk !== null) {
        this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
        return true
      }
      if (this.#ended) return false
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }
}

function parseHead(raw: string): WireHead {
  const lines = raw.split('\r\n')
  const fields: string[] = []
  for (const line of lines.slice(1)) if (line !== '') fields.push(...parseFieldLine(line))
  return { raw, startLine: lines[0] ?? '', fields }
}

function parseFieldLine(line: string): [string, string] {
  const colon = line.indexOf(':')
  return colon < 0 ? [line.trim(), ''] : [line.slice(0, colon), line.slice(colon + 1).trim()]
}

/** The first value of `name`, or undefined. */
export function wireField(fields: readonly string[], name: string): string | undefined {
  for (let at = 0; at < fields.length; at += 2) {
    if (fields[at]?.toLowerCase() === name.toLowerCase()) return fields[at + 1]
  }
  return undefined
}

/** Framing by the fields alone (RFC 9112 §6.3), `otherwise` where they say nothing. */
export function framingOf(fields: readonly string[], otherwise: 'none' | 'close'): Framing {
  if (/chunked/i.test(wireField(fields, 'transfer-encoding') ?? '')) return { kind: 'chunked' }
  const length = wireField(fields, 'content-length')
  return length === undefined ? { kind: otherwise } : { kind: 'length', length: Number(length) }
}

function wireBody(content: Buffer, complete: boolean): WireBody {
  return { content, raw: content, trailers: [], complete }
}
