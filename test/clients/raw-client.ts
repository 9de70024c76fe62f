// What does a client see, byte for byte?
//
// An HTTP/1.1 client over a plain socket that adds nothing of its own: it sends the
// bytes it is given and hands back each response with its raw head, the exact bytes of
// its content and whether it was complete. Keep-alive and pipelining are a second
// `send`, half-close and reset are methods, and not reading is back-pressure.
//
//     const client = await RawClient.connect({ port })
//     client.get('/a', ['X-Request-ID', '1'])
//     const { status, body } = await client.response()

import { createConnection, type Socket } from 'node:net'
import { type Framing, framingOf, type WireBody, type WireHead, WireReader, wireField } from '../origin/wire.ts'

export interface RawHead extends WireHead {
  readonly status: number
  /** The first value of a field, by name in any case. */
  field(name: string): string | undefined
  /** All values of a field. */
  all(name: string): string[]
}

export interface RawResponse extends RawHead, Omit<WireBody, 'raw'> {
  /** Content decoded from the chunked coding, as text. */
  readonly body: string
  /** Content as on the wire, chunk framing included. */
  readonly rawBody: Buffer
  /** 1xx heads that came before. */
  readonly interim: readonly RawHead[]
}

export type RawAddress = { readonly port: number; readonly host?: string } | { readonly path: string }

export class RawClient {
  readonly socket: Socket
  /** Resolves when the connection is gone: 'end' by FIN, 'reset' by RST or another error. */
  readonly closed: Promise<'end' | 'reset'>
  readonly #reader: WireReader
  readonly #methods: string[] = []

  constructor(socket: Socket) {
    this.socket = socket
    this.#reader = new WireReader(socket)
    this.closed = new Promise(resolve => {
      socket.once('error', () => resolve('reset')).once('end', () => resolve('end'))
      socket.once('close', () => resolve('end'))
    })
  }

  static connect(address: RawAddress): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = createConnection({ noDelay: true, allowHalfOpen: true, host: '127.0.0.1', ...address })
      socket.once('error', reject).once('connect', () => resolve(new RawClient(socket)))
    })
  }

  /** Bytes as they are; strings as latin1. `method` tells how to read the response (HEAD has no content). */
  send(bytes: string | Buffer, method?: string): void {
    const first = typeof bytes === 'string' ? /^([A-Z]+) \S+ HTTP\/1\.[01]\r\n/.exec(bytes)?.[1] : undefined
    const named = method ?? first
    if (named !== undefined) this.#methods.push(named)
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  }

  get(target: string, fields: readonly string[] = []): void {
    this.request('GET', target, fields)
  }

  /** A well-formed request; Host is added unless given, Content-Length unless framing fields are given. */
  request(method: string, target: string, fields: readonly string[] = [], body?: string | Buffer): void {
    let head = `${method} ${target} HTTP/1.1\r\n`
    if (wireField(fields, 'host') === undefined) head += 'Host: test.example\r\n'
    for (let at = 0; at < fields.length; at += 2) head += `${fields[at]}: ${fields[at + 1]}\r\n`
    const content = Buffer.from(body ?? '')
    if (body !== undefined && framingOf(fields, 'none').kind === 'none') head += `Content-Length: ${content.length}\r\n`
    this.send(Buffer.concat([Buffer.from(`${head}\r\n`, 'latin1'), content]), method)
  }

  /** The next final response, whole. Rejects when the connection ends before its head. */
  async response(): Promise<RawResponse> {
    const method = this.#methods.shift() ?? 'GET'
    const interim: RawHead[] = []
    for (;;) {
      const head = await this.head()
      if (head.status >= 200 || head.status === 101) {
        const { raw: rawBody, ...body } = await this.#reader.body(responseFraming(method, head))
        return { ...head, ...body, rawBody, interim, body: body.content.toString() }
      }
      interim.push(head)
    }
  }

  /** The next head alone, interim or final; the content is then read by `some`. */
  async head(): Promise<RawHead> {
    const head = await this.#reader.head()
    if (head === undefined) {
      throw new Error(`the connection ended before a response head; it had sent ${JSON.stringify(this.rest())}`)
    }
    return rawHead(head)
  }

  /** The next bytes as they come; undefined at the end of the connection. */
  some(most?: number): Promise<Buffer | undefined> {
    return this.#reader.some(most)
  }

  /** Exactly `count` bytes, or fewer when the connection ends before them. */
  exactly(count: number): Promise<Buffer> {
    return this.#reader.exactly(count)
  }

  /** Everything up to the end of the connection, as latin1. */
  async toTheEnd(): Promise<string> {
    return (await this.#reader.body({ kind: 'close' })).content.toString('latin1')
  }

  /** Bytes received and not asked for yet, as latin1. */
  rest(): string {
    return this.#reader.rest().toString('latin1')
  }

  /** FIN: no more requests, responses are still read. */
  halfClose(): void {
    this.socket.end()
  }

  /** RST: the server sees ECONNRESET. */
  abort(): void {
    this.socket.resetAndDestroy()
  }

  close(): void {
    this.socket.destroy()
  }
}

/** One request on a connection of its own, closed afterwards. */
export async function rawRequest(
  address: RawAddress,
  [method, target]: readonly [string, string],
  fields: readonly string[] = [],
  body?: string | Buffer,
): Promise<RawResponse> {
  const client = await RawClient.connect(address)
  client.request(method, target, fields, body)
  return client.response().finally(() => client.close())
}

export function rawGet(address: RawAddress, target: string, fields: readonly string[] = []): Promise<RawResponse> {
  return rawRequest(address, ['GET', target], fields)
}

function rawHead(head: WireHead): RawHead {
  const all = (name: string): string[] =>
    head.fields.filter((_, at) => at % 2 === 1 && head.fields[at - 1]?.toLowerCase() === name.toLowerCase())
  return { ...head, status: Number(head.startLine.split(' ')[1]), field: name => wireField(head.fields, name), all }
}

function responseFraming(method: string, head: RawHead): Framing {
  if (method === 'HEAD' || head.status === 204 || head.status === 304 || head.status === 101) return { kind: 'none' }
  return framingOf(head.fields, 'close')
}
