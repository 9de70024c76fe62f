// Is a client still reading what it asked for?
//
// A client has `limits.send` to take more of what stands in its socket; each octet that
// it takes counts, as in nginx's send_timeout. Who takes none loses its connection, so
// that nobody pins answers in memory. Waiting for the origin is not the client's fault:
// only what is written and not taken counts. node's socket timeout does the measuring:
// it knows how much of a write the kernel has taken.

import type { ServerResponse } from 'node:http'
import type { Milliseconds } from '../base/units.ts'

const watched = new WeakSet<ServerResponse>()

/** To be called when a write did not go through at once; watches until the response is over. */
export function watchSend(response: ServerResponse, limit: Milliseconds): void {
  if (watched.has(response)) return
  watched.add(response)
  response.setTimeout(limit, () => {
    if ((response.socket?.writableLength ?? 0) > 0) response.destroy()
  })
  // Before node sets the time an idle connection may stay.
  response.prependListener('finish', () => response.socket?.setTimeout(0))
}
