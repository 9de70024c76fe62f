// A Redis that lies: a TCP relay before a real one, on a free port, that can be told to
// be slow, silent, deaf, or to answer rubbish.

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

export type Behaviour =
  | { readonly kind: 'honest' }
  /** Every piece of a reply comes so much later. */
  | { readonly kind: 'slow'; readonly ms: number }
  /** Connections are accepted and nothing is ever said. */
  | { readonly kind: 'silent' }
  /** Replies are replaced by bytes that are no reply. */
  | { readonly kind: 'garbage' }
  /** Connections are closed as soon as something is asked. */
  | { readonly kind: 'closing' }

const GARBAGE = Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n\u0000\u0001$-7\r\n*99999999999\r\n')

export class RedisProxy {
  behaviour: Behaviour = { kind: 'honest' }
  readonly #server: Server
  readonly #upstreamPort: number
  readonly #sockets = new Set<Socket>()

  private constructor(upstreamPort: number) {
    this.#upstreamPort = upstreamPort
    this.#server = createServer(client => this.#relay(client))
  }

  static async start(upstreamPort: number): Promise<RedisProxy> {
    const proxy = new RedisProxy(upstreamPort)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    this.cut()
    this.#server.close()
    await once(this.#server, 'close')
  }

  /** Breaks all connections; new ones are accepted. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  #relay(client: Socket): void {
    const upstream = connect(this.#upstreamPort, '127.0.0.1')
    for (const socket of [client, upstream]) {
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        this.#sockets.delete(socket)
        client.destroy()
        upstream.destroy()
      })
    }
    client.on('data', asked => {
      if (this.behaviour.kind === 'closing') client.destroy()
      else if (this.behaviour.kind === 'garbage') client.write(GARBAGE)
      else if (this.behaviour.kind !== 'silent') upstream.write(asked)
    })
    upstream.on('data', (said: Buffer) => this.#answer(client, said))
  }

  #answer(client: Socket, said: Buffer): void {
    if (this.behaviour.kind === 'slow') setTimeout(() => client.write(said), this.behaviour.ms)
    else if (this.behaviour.kind === 'honest') client.write(said)
  }
}
