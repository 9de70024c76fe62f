// What becomes of a connection on which node's parser met something it can't read?
//
// A refusal is written where it can only be taken for the answer to that something: if
// earlier requests still wait for theirs, after them; if the head of an answer is out
// already, not at all. Then the connection is closed, after a moment in which what the
// client still sends is ignored, because closing on unread octets would take the refusal
// away from it (RFC 9112 §9.6). What follows a request that was its connection's last
// is ignored likewise.

import type { Socket } from 'node:net'
import { Fault } from '../base/fault.ts'
import type { Conversation, Conversations } from './conversations.ts'
import { rawFaultAnswer } from './fault-answer.ts'
import type { ListenerLimits } from './listener.ts'

/** node's, with what had been read. */
export type ParseError = NodeJS.ErrnoException & { readonly rawPacket?: Buffer; readonly bytesParsed?: number }

/** How long a client may go on sending after it was refused. */
const LINGER_MS = 1_000

/** Sends the refusal and closes the connection soon, whatever the client does. */
export function refuseConnection(socket: Socket, fault: Fault): void {
  if (!socket.writable) return
  socket.end(rawFaultAnswer(fault, ''))
  const timer = setTimeout(() => socket.destroy(), LINGER_MS)
  socket.once('close', () => clearTimeout(timer))
}

export function onParseError(
  error: ParseError,
  socket: Socket,
  around: {
    readonly conversations: Conversations
    readonly limits: ListenerLimits
    /** Hears of every refusal that is no request's own. */
    readonly refused: (fault: Fault, socket: Socket) => void
  },
): void {
  const current = around.conversations.on(socket)
  const fault = parseFault(error, around.limits)
  if (fault === undefined) {
    socket.destroy()
    return
  }
  if (!socket.writable || error.code === 'HPE_CLOSED_CONNECTION') return
  const refuse = () => {
    refuseConnection(socket, fault)
    around.refused(fault, socket)
  }
  if (current === undefined) refuse()
  else if (current.message.complete) afterAnswer(current, refuse)
  else if (current.underWay > 1 || current.response.headersSent) socket.destroy()
  else {
    // The request under way is the malformed one: its exchange ends with its content.
    refuseConnection(socket, fault)
    setImmediate(() => current.message.destroy(fault))
  }
}

/** Once the newest request is answered, so are all before it. More garbage is more of the same: one refusal is enough. */
function afterAnswer(current: Conversation, refuse: () => void): void {
  if (current.refused) return
  current.refused = true
  current.response.once('close', refuse)
}

/** What node's parser objected to, in our catalogue; undefined: the connection broke, there is nobody to tell. */
function parseFault(error: ParseError, limits: ListenerLimits): Fault | undefined {
  switch (error.code) {
    case 'ECONNRESET':
    case 'EPIPE':
      return undefined
    case 'HPE_HEADER_OVERFLOW':
      return overflowFault(error, limits)
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new Fault('REQUEST_HEAD_TIMEOUT', `no complete head within ${limits.headTimeout} ms`, { cause: error })
    case 'HPE_INVALID_METHOD':
      if (startsWithToken(error)) return new Fault('REQUEST_METHOD', 'an unknown method', { cause: error })
      break
    default:
  }
  return new Fault('REQUEST_MALFORMED', 'the bytes received are no HTTP/1.1 request', { cause: error })
}

function overflowFault(error: ParseError, limits: ListenerLimits): Fault {
  const line = error.rawPacket?.indexOf('\n') ?? -1
  const targetTooLong = error.rawPacket !== undefined && (line < 0 || line > limits.uri)
  return targetTooLong
    ? new Fault('REQUEST_URI_LENGTH', `the target is longer than limits.uri (${limits.uri} octets)`, { cause: error })
    : new Fault('REQUEST_HEAD_SIZE', `the head is larger than limits.head (${limits.head} octets)`, { cause: error })
}

/** A method that HTTP would allow, but the parser has never heard of (RFC 9110 §9.1: 501). */
function startsWithToken({ rawPacket, bytesParsed = 0 }: ParseError): boolean {
  if (rawPacket === undefined) return false
  const start = rawPacket.lastIndexOf('\n', bytesParsed) + 1
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32} [/*h]/.test(rawPacket.toString('latin1', start, start + 34))
}
