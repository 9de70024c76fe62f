// Is a client that uploads still sending?
//
// A client has `limits.body` between two pieces of its content. Only its own silence
// counts: while we hold content that the origin hasn't taken yet, or the upload has
// ended, the watch has nothing to say. A silent client is told 408 if nothing was
// answered yet, and its connection is closed.

import type { IncomingMessage, ServerResponse } from 'node:http'
import { Fault } from '../base/fault.ts'
import type { Milliseconds } from '../base/units.ts'
import { rawFaultAnswer } from './fault-answer.ts'

/** Looks at the upload four times per `limit`, until message or response has ended. */
export function watchUpload(message: IncomingMessage, response: ServerResponse, limit: Milliseconds): void {
  const socket = message.socket
  let seen = -1
  let silentChecks = 0
  const timer = setInterval(() => {
    const waitingForClient = message.readableLength === 0 && !message.complete
    const moved = socket.bytesRead !== seen
    seen = socket.bytesRead
    silentChecks = moved || !waitingForClient ? 0 : silentChecks + 1
    if (silentChecks < 4) return
    clearInterval(timer)
    const fault = new Fault('REQUEST_BODY_TIMEOUT', `no content for ${limit} ms`)
    if (!response.headersSent) socket.end(rawFaultAnswer(fault, ''))
    message.destroy(fault)
  }, limit / 4)
  timer.unref()
  const stop = () => clearInterval(timer)
  message.on('close', stop)
  message.on('end', stop)
  response.on('close', stop)
}
