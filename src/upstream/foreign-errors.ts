// Which Fault is this error of undici, node or TLS?
//
// The only place that knows foreign errors; by class and code, never by message. What
// an error means depends on when it came: connecting, before a byte of the answer,
// before its head was whole, or after. undici reports its own complaints about a
// response and the peer's close with one class, so whether the peer had closed is
// read off the socket. What nobody foresaw is INTERNAL, with its cause.

import { AssertionError } from 'node:assert'
import type { Socket } from 'node:net'
import { errors } from 'undici'
import { Fault, type FaultCode } from '../base/fault.ts'

/** How far an exchange had come when its error arrived. */
export interface ExchangeProgress {
  /** Sent on a connection that had carried an exchange before. */
  readonly reused: boolean
  /** A byte of the answer had come. */
  readonly answerBegun: boolean
  readonly headSeen: boolean
  /** The peer had closed its side or reset the connection (`hasPeerLeft`). */
  readonly peerLeft: boolean
}

const CONNECT_CODES: Readonly<Record<string, FaultCode>> = {
  ECONNREFUSED: 'UPSTREAM_REFUSED',
  // A unix socket that its owner has not made yet.
  ENOENT: 'UPSTREAM_REFUSED',
  ETIMEDOUT: 'UPSTREAM_CONNECT_TIMEOUT',
  ENOTFOUND: 'UPSTREAM_DNS',
  EAI_AGAIN: 'UPSTREAM_DNS',
  EAI_FAIL: 'UPSTREAM_DNS',
  EAI_NODATA: 'UPSTREAM_DNS',
  EAI_NONAME: 'UPSTREAM_DNS',
  // Not the upstream's doing: out of descriptors, ports or memory here.
  EMFILE: 'INTERNAL',
  ENFILE: 'INTERNAL',
  ENOBUFS: 'INTERNAL',
  ENOMEM: 'INTERNAL',
  EADDRNOTAVAIL: 'INTERNAL',
}

/** No connection came about. `handshaking`: TCP stood already, so TLS is to blame. */
export function connectFault(error: unknown, attempted: string, handshaking: boolean): Fault {
  if (error instanceof Fault) return error
  const code = handshaking ? 'UPSTREAM_TLS' : (CONNECT_CODES[codeOf(error)] ?? 'UPSTREAM_UNREACHABLE')
  return new Fault(code, `${attempted}: ${FAILURES[code] ?? 'no connection'} (${codeOf(error)})`, { cause: error })
}

/** An exchange on an established connection failed. */
export function exchangeFault(error: unknown, attempted: string, progress: ExchangeProgress): Fault {
  if (error instanceof Fault) return error
  const code = exchangeCode(error, progress)
  return new Fault(code, `${attempted}: ${FAILURES[code] ?? 'failed'} (${codeOf(error)})`, { cause: error })
}

const FAILURES: Partial<Record<FaultCode, string>> = {
  UPSTREAM_REFUSED: 'connection refused',
  UPSTREAM_DNS: 'name not resolved',
  UPSTREAM_TLS: 'TLS failed',
  UPSTREAM_CONNECT_TIMEOUT: 'no connection in time',
  UPSTREAM_RESET: 'connection closed before the response head',
  UPSTREAM_REUSED_CLOSED: 'reused connection closed before any byte of the response',
  UPSTREAM_MALFORMED: 'malformed response',
  UPSTREAM_HEAD_SIZE: 'response head too large',
  UPSTREAM_BODY_INCOMPLETE: 'response content ended early',
  REQUEST_MALFORMED: 'request can not be sent as it is',
  UPSTREAM_ABORTED: 'given up',
}

/** Who closed a connection, by node's codes. */
const CLOSED_CODES = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ETIMEDOUT', 'ENOTCONN', 'EHOSTUNREACH'])

/** Whether the connection ended from the other side, whatever undici made of it. */
export function hasPeerLeft(socket: Socket | undefined): boolean {
  return socket !== undefined && (socket.readableEnded || CLOSED_CODES.has(codeOf(socket.errored)))
}

function exchangeCode(error: unknown, progress: ExchangeProgress): FaultCode {
  const { headSeen, answerBegun, peerLeft } = progress
  if (error instanceof errors.SocketError) {
    return answerBegun && !peerLeft && !headSeen ? 'UPSTREAM_MALFORMED' : closedCode(progress)
  }
  if (error instanceof errors.HTTPParserError || error instanceof errors.ResponseContentLengthMismatchError) {
    return headSeen && (peerLeft || !(error instanceof errors.HTTPParserError))
      ? 'UPSTREAM_BODY_INCOMPLETE'
      : 'UPSTREAM_MALFORMED'
  }
  if (error instanceof errors.HeadersOverflowError) return headSeen ? 'UPSTREAM_MALFORMED' : 'UPSTREAM_HEAD_SIZE'
  // undici asserts what it believes of a status line.
  if (error instanceof AssertionError && answerBegun) return 'UPSTREAM_MALFORMED'
  if (isOurRequest(error)) return 'REQUEST_MALFORMED'
  if (error instanceof errors.ClientDestroyedError || error instanceof errors.ClientClosedError)
    return 'UPSTREAM_ABORTED'
  const code = codeOf(error)
  if (CLOSED_CODES.has(code)) return closedCode(progress)
  // node's own parser, which reads the answers to upgrades.
  if (code === 'HPE_HEADER_OVERFLOW') return 'UPSTREAM_HEAD_SIZE'
  if (code.startsWith('HPE_')) return 'UPSTREAM_MALFORMED'
  // With TLS 1.3 a refused client certificate shows only now.
  if (/^ERR_(SSL|TLS)_/.test(code)) return headSeen ? 'UPSTREAM_BODY_INCOMPLETE' : 'UPSTREAM_TLS'
  return 'INTERNAL'
}

function closedCode({ headSeen, answerBegun, reused }: ExchangeProgress): FaultCode {
  if (headSeen) return 'UPSTREAM_BODY_INCOMPLETE'
  return reused && !answerBegun ? 'UPSTREAM_REUSED_CLOSED' : 'UPSTREAM_RESET'
}

/** What node throws for a field or target that it won't send. */
const UNSENDABLE_CODES = new Set(['ERR_INVALID_CHAR', 'ERR_INVALID_HTTP_TOKEN', 'ERR_UNESCAPED_CHARACTERS'])

function isOurRequest(error: unknown): boolean {
  return (
    UNSENDABLE_CODES.has(codeOf(error)) ||
    error instanceof errors.InvalidArgumentError ||
    error instanceof errors.NotSupportedError ||
    error instanceof errors.RequestContentLengthMismatchError
  )
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
