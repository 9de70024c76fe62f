// Who may speak to us, and how are bad speakers turned away?
//
// One node:http server on one address. Its parser is strict, its limits are the
// configuration's, and what it can't parse is answered with the same problem documents
// as everything else. Everything it accepts is handed over as one exchange. An upgrade that
// nobody takes is handled as an ordinary request (contract §3).

import cluster from 'node:cluster'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { Fault } from '../base/fault.ts'
import { removeStaleSocket } from '../base/stale-socket.ts'
import type { Bytes, Milliseconds } from '../base/units.ts'
import { type Address, formatAddress } from '../config/addresses.ts'
import { type ParseError, refuseConnection } from './unparsed.ts'

export interface ListenerLimits {
  readonly head: Bytes
  readonly uri: Bytes
  readonly headTimeout: Milliseconds
  readonly idle: Milliseconds
  readonly connections: number
}

/** What becomes of what the listener took. */
export interface ListenerHandlers {
  readonly request: (message: IncomingMessage, response: ServerResponse) => void
  /** Whether this request that asks for another protocol may have it; false: it is a request like any other. */
  readonly mayUpgrade: (message: IncomingMessage) => boolean
  /** `head`: octets read beyond the request. Nobody else reads the connection or hears its errors any more. */
  readonly upgrade: (message: IncomingMessage, socket: Socket, head: Buffer) => void
  /** node's parser met something it can't read. */
  readonly unparsed: (error: ParseError, socket: Socket) => void
  /** A connection was turned away with this fault, before there was a request. */
  readonly refused: (fault: Fault, socket: Socket) => void
}

/** How often node looks for heads that are overdue. */
const CHECK_EVERY_MS = 500

/** A server with `limits` that is not listening yet; the caller closes it. */
export function createListener(limits: ListenerLimits, handlers: ListenerHandlers): Server {
  const server = createServer({
    requestTimeout: 0,
    connectionsCheckingInterval: CHECK_EVERY_MS,
    insecureHTTPParser: false,
    requireHostHeader: false,
    noDelay: true,
    shouldUpgradeCallback: message => handlers.mayUpgrade(message),
  })
  server.maxHeadersCount = 0
  server.timeout = 0
  setLimits(server, limits)
  server.on('request', handlers.request)
  server.on('checkContinue', handlers.request)
  server.on('checkExpectation', handlers.request)
  server.on('upgrade', handlers.upgrade)
  server.on('connect', (_message: IncomingMessage, socket: Socket) => {
    socket.on('error', () => undefined)
    const fault = new Fault('REQUEST_METHOD', 'CONNECT was asked for')
    refuseConnection(socket, fault)
    handlers.refused(fault, socket)
  })
  server.on('clientError', handlers.unparsed)
  return server
}

/** Takes limits over; that on a head's size holds for connections made from now on. */
export function setLimits(server: Server, limits: ListenerLimits): void {
  // Both sizes are checked exactly by read-request; node's must only not be in the way of the right answer.
  Object.assign(server, { maxHeaderSize: limits.head + limits.uri })
  server.headersTimeout = limits.headTimeout
  server.keepAliveTimeout = limits.idle
  server.maxConnections = limits.connections
}

/** Starts listening; rejects with the system's error (address in use, no permission). Resolves to the address really bound, as in contract §1. */
export async function listen(server: Server, address: Address): Promise<string> {
  // Of several workers the process that holds the socket has seen to it.
  if (address.kind === 'unix' && cluster.isPrimary) await removeStaleSocket(address.path)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    const done = () => {
      server.off('error', reject)
      resolve()
    }
    if (address.kind === 'unix') server.listen(address.path, done)
    else if (address.host === undefined) server.listen(address.port, done)
    else server.listen(address.port, address.host, done)
  })
  return boundAddress(server)
}

function boundAddress(server: Server): string {
  const bound = server.address() as AddressInfo | string
  if (typeof bound === 'string') return formatAddress({ kind: 'unix', path: bound })
  return formatAddress({ kind: 'tcp', host: bound.address, port: bound.port })
}
