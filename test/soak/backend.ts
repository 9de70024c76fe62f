// What does the soak ask, and how would it know a wrong answer?
//
// A backend whose every answer names the URL, the caller and a version that a write
// raises. So a client can tell an answer meant for somebody else, or one from before a
// write that was already answered. WebSockets are echoed.

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Marked {
  readonly path: string
  readonly caller: string
  readonly version: number
}

const FILLING = 'x'.repeat(1500)
const ACCEPT_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

export class SoakBackend {
  readonly #server: Server
  readonly #versions = new Map<string, number>()
  requests = 0

  private constructor() {
    this.#server = createServer((message, response) => this.#answer(message, response))
    this.#server.keepAliveTimeout = 60_000
    this.#server.on('upgrade', (message, socket) => {
      const key = message.headers['sec-websocket-key'] ?? ''
      const accept = createHash('sha1').update(`${key}${ACCEPT_SUFFIX}`).digest('base64')
      socket.on('error', () => socket.destroy())
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      )
      socket.pipe(socket)
    })
  }

  static async start(): Promise<SoakBackend> {
    const backend = new SoakBackend()
    backend.#server.listen(0, '127.0.0.1')
    await once(backend.#server, 'listening')
    return backend
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  #answer(message: IncomingMessage, response: ServerResponse): void {
    this.requests += 1
    const path = (message.url ?? '').split('?')[0] ?? ''
    const group = path.split('/')[2] ?? ''
    const version = this.#versions.get(group) ?? 0
    message.resume()
    message.on('end', () => {
      if (message.method === 'POST') this.#versions.set(group, version + 1)
      const caller = message.headers.authorization ?? ''
      const marked: Marked = { path, caller, version: this.#versions.get(group) ?? 0 }
      response.setHeader('Content-Type', 'application/json')
      response.end(JSON.stringify({ ...marked, filling: FILLING }))
    })
  }
}
