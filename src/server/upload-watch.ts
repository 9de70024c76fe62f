// Is a client that uploads still sending?
//
// A client has `limits.body` between two pieces of its content. Only its own silence
// counts: while we hold content that the origin hasn't taken yet, or the upload has
// ended, the watch has nothing to say. A silent client is told 408 if nothing was
// answered yet, and its connection is closed. An answer before the end of the content
// ends neither the upload nor the watch: what still comes is read and thrown away, so
// that the client sees its answer (RFC 9112 §9.6), but not for longer than `limits.body`
// in all.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Fault } from '../base/fault.ts'
import type { Milliseconds } from '../base/units.ts'
import { rawFaultAnswer } from './fault-answer.ts'

/** Looks at the upload four times per `limit`, until the message has ended. */
export function watchUpload(message: IncomingMessage, response: ServerResponse, limit: Milliseconds): void {
  const socket = message.socket
  let seen = -1
  let silentChecks = 0
  let checksSinceAnswer = 0
  const timer = setInterval(() => {
    const answered = response.closed
    const waitingForClient = message.readableLength === 0 && !message.complete
    const moved = socket.bytesRead !== seen
    seen = socket.bytesRead
    silentChecks = moved || !waitingForClient ? 0 : silentChecks + 1
    checksSinceAnswer += answered ? 1 : 0
    if (silentChecks < 4 && checksSinceAnswer < 4) return
    clearInterval(timer)
    if (answered) socket.destroy()
    else giveUp(message, response, limit)
  }, limit / 4)
  timer.unref()
  const stop = () => {
    clearInterval(timer)
    // A connection may bring uploads without end.
    socket.off('close', stop)
  }
  message.on('close', stop)
  message.on('end', stop)
  socket.on('close', stop)
  response.on('close', () => discardRest(message, socket))
}

function giveUp(message: IncomingMessage, response: ServerResponse, limit: Milliseconds): void {
  const fault = new Fault('REQUEST_BODY_TIMEOUT', `no content for ${limit} ms`)
  if (!response.headersSent) message.socket.end(rawFaultAnswer(fault, ''))
  message.destroy(fault)
}

/** node does this for content that nobody began to read, but not for the rest of what the origin had some of. */
function discardRest(message: IncomingMessage, socket: Socket): void {
  if (!message.complete && !socket.destroyed) message.resume()
}
