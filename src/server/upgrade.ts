// Which requests may become a WebSocket, and how is one answered that doesn't?
//
// A GET over HTTP/1.1 with a valid key and no content (contract §3). node has let go of
// the connection by then, so an answer other than 101 is written by a ServerResponse of
// our own, after which the connection is closed: what the client sent behind its opening
// request was never meant as HTTP.

import { type IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { UpgradeExchange } from '../cache/upgrade.ts'
import { hasField } from '../http/fields.ts'
import type { PresentedRequest } from '../http/message.ts'
import { websocketKey } from '../upstream/websocket-handshake.ts'
import { ClientExchange, type ClientIdentityOnTheWire, type ExchangeSurroundings } from './client-exchange.ts'

/** An opening request and the connection that node has let go of. */
export interface Handshake {
  readonly key: string
  readonly socket: Socket
  readonly head: Buffer
}

/** The key that a 101 must answer; undefined: Upgrade is ignored. */
export function handshakeOf(message: IncomingMessage): Pick<Handshake, 'key'> | undefined {
  const fields = message.rawHeaders
  if (message.httpVersion !== '1.1') return undefined
  if (hasField(fields, 'content-length') || hasField(fields, 'transfer-encoding')) return undefined
  const key = websocketKey(message.method ?? '', fields)
  return key === undefined ? undefined : { key }
}

/** What answers on a connection that node no longer serves; its answer is the connection's last. */
export function upgradeResponse(message: IncomingMessage, socket: Socket): ServerResponse {
  const response = new ServerResponse(message)
  // A client that breaks off is told of by 'close'; without a listener its error would end the process.
  socket.on('error', () => undefined)
  socket.setTimeout(0)
  response.assignSocket(socket)
  response.shouldKeepAlive = false
  response.on('finish', () => socket.destroySoon())
  return response
}

export interface ReadHandshake extends ClientIdentityOnTheWire {
  readonly request: PresentedRequest
  readonly handshake: Handshake
  readonly joined: () => void
}

export class UpgradingExchange extends ClientExchange implements UpgradeExchange {
  readonly key: string
  readonly client: Socket
  readonly head: Buffer
  readonly #joined: () => void

  constructor(message: IncomingMessage, response: ServerResponse, read: ReadHandshake, around: ExchangeSurroundings) {
    super(message, response, read, around)
    this.key = read.handshake.key
    this.client = read.handshake.socket
    this.head = read.handshake.head
    this.#joined = read.joined
  }

  override switched(): void {
    super.switched()
    this.#joined()
  }
}
