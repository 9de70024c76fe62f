// What if the upstream says 100 (Continue) though nobody asked?
//
// RFC 9110 §15.2 wants an unasked interim response read and dropped; undici takes a 100
// for a breach and closes the connection. So where a head is awaited, a 100 at the
// start of what the socket reads is taken out before undici sees it. One that arrives
// in pieces is left alone, and is a malformed response then.

import type { Socket } from 'node:net'

export interface HeadWait {
  /** A request was written and its final head has not come. */
  awaitsHead: boolean
  /** A 100 came for it. */
  continued: boolean
}

const START = Buffer.from('HTTP/1.1 100 ')
const END = '\r\n\r\n'

/** Replaces the socket's `read`, which is how undici takes bytes from it. */
export function skipContinue(socket: Socket, wait: HeadWait): void {
  const read = socket.read.bind(socket)
  socket.read = (size?: number): Buffer | null => {
    let chunk = read(size) as Buffer | null
    while (wait.awaitsHead && chunk !== null && isContinue(chunk)) {
      const end = chunk.indexOf(END)
      if (end < 0) return chunk
      wait.continued = true
      const rest = chunk.subarray(end + END.length)
      chunk = rest.length > 0 ? rest : (read(size) as Buffer | null)
    }
    return chunk
  }
}

function isContinue(chunk: Buffer): boolean {
  return (
    chunk[9] === START[9] && chunk.length > START.length && chunk.compare(START, 0, START.length, 0, START.length) === 0
  )
}
