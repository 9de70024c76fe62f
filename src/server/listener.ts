// Who may speak to us, and how are bad speakers turned away?
//
// One node:http server on one address. Its parser is strict, its limits are the
// configuration's, and what it can't parse is answered with the same problem documents
// as everything else. Everything it accepts is handed over as one exchange. An upgrade that
// nobody takes is handled as an ordinary request (contract §3).

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { Fault } from '../base/fault.ts'
import type { Bytes, Milliseconds } from '../base/units.ts'
import { type Address, formatAddress } from '../config/addresses.ts'
import { rawFaultAnswer } from './fault-answer.ts'

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
}

/** How often node looks for heads that are overdue. */
const CHECK_EVERY_MS = 500

/** A server with `limits` that is not listening yet; the caller closes it. */
export function createListener(limits: ListenerLimits, handlers: ListenerHandlers): Server {
  const server = createServer({
    // Both limits are checked exactly by read-request; node's must only not be in the way of the right answer.
    maxHeaderSize: limits.head + limits.uri,
    headersTimeout: limits.headTimeout,
    requestTimeout: 0,
    keepAliveTimeout: limits.idle,
    connectionsCheckingInterval: CHECK_EVERY_MS,
    insecureHTTPParser: false,
    requireHostHeader: false,
    noDelay: true,
    shouldUpgradeCallback: message => handlers.mayUpgrade(message),
  })
  server.maxHeadersCount = 0
  server.maxConnections = limits.connections
  server.timeout = 0
  server.on('request', handlers.request)
  server.on('checkContinue', handlers.request)
  server.on('upgrade', handlers.upgrade)
  server.on('connect', (_message: IncomingMessage, socket: Socket) => {
    refuse(socket, new Fault('REQUEST_METHOD', 'CONNECT was asked for'))
  })
  server.on('clientError', (error: NodeJS.ErrnoException & { rawPacket?: Buffer }, socket: Socket) => {
    const fault = parseFault(error, limits)
    if (fault === undefined || !socket.writable) socket.destroy()
    else refuse(socket, fault)
  })
  return server
}

/** A whole request line whose method node's parser doesn't know; other bytes are no HTTP at all. */
const UNKNOWN_METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+ \S+ HTTP\/1\.[01]\r\n/

function refuse(socket: Socket, fault: Fault): void {
  socket.end(rawFaultAnswer(fault, ''))
}

/** What node's parser objected to, in our catalogue; undefined: the connection broke, there is nobody to tell. */
function parseFault(error: NodeJS.ErrnoException & { rawPacket?: Buffer }, limits: ListenerLimits): Fault | undefined {
  switch (error.code) {
    case 'ECONNRESET':
    case 'EPIPE':
      return undefined
    case 'HPE_HEADER_OVERFLOW': {
      const line = error.rawPacket?.indexOf('\n') ?? -1
      const targetTooLong = error.rawPacket !== undefined && (line < 0 || line > limits.uri)
      return targetTooLong
        ? new Fault('REQUEST_URI_LENGTH', `the target is longer than limits.uri (${limits.uri} octets)`, {
            cause: error,
          })
        : new Fault('REQUEST_HEAD_SIZE', `the head is larger than limits.head (${limits.head} octets)`, {
            cause: error,
          })
    }
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new Fault('REQUEST_HEAD_TIMEOUT', `no complete head within ${limits.headTimeout} ms`, { cause: error })
    case 'HPE_INVALID_METHOD':
      if (UNKNOWN_METHOD.test(error.rawPacket?.toString('latin1', 0, limits.uri) ?? '')) {
        return new Fault('REQUEST_METHOD', "the method is none that node's parser knows", { cause: error })
      }
      return malformed(error)
    default:
      return malformed(error)
  }
}

function malformed(cause: Error): Fault {
  return new Fault('REQUEST_MALFORMED', 'the bytes received are no HTTP/1.1 request', { cause })
}

/** Starts listening; rejects with the system's error (address in use, no permission). Resolves to the address really bound, as in contract §1. */
export function listen(server: Server, address: Address): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    const done = () => {
      server.off('error', reject)
      resolve(boundAddress(server))
    }
    if (address.kind === 'unix') server.listen(address.path, done)
    else if (address.host === undefined) server.listen(address.port, done)
    else server.listen(address.port, address.host, done)
  })
}

function boundAddress(server: Server): string {
  const bound = server.address() as AddressInfo | string
  if (typeof bound === 'string') return formatAddress({ kind: 'unix', path: bound })
  return formatAddress({ kind: 'tcp', host: bound.address, port: bound.port })
}
