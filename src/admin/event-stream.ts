// How does the dashboard stay live?
//
// One event a tick with the same document as /api/stats, made once for all who listen
// and not at all when nobody does. Server-sent events over fetch, because EventSource
// can't send a token. At most 16 listeners; one that doesn't read misses events instead
// of making them pile up. close() ends every stream, so that a drain isn't held up.

import type { ServerResponse } from 'node:http'
import type { Milliseconds } from '../base/units.ts'
import { type Answer, problem } from './answer.ts'

const LISTENER_LIMIT = 16

export interface EventStream {
  /** The answer to a request for the stream. */
  subscribe(): Answer
  close(): void
}

/** Calls `tick` every `every`, listeners or not, and `report` when there are some. */
export function createEventStream(every: Milliseconds, tick: () => void, report: () => object): EventStream {
  const listeners = new Set<ServerResponse>()
  const message = () => `event: stats\ndata: ${JSON.stringify(report())}\n\n`
  const timer = setInterval(() => {
    tick()
    const ready = [...listeners].filter(listener => !listener.writableNeedDrain)
    if (ready.length === 0) return
    const text = message()
    for (const listener of ready) listener.write(text)
  }, every)
  timer.unref()

  const stream = (response: ServerResponse) => {
    listeners.add(response)
    response.on('close', () => listeners.delete(response))
    response.write(message())
  }
  return {
    subscribe() {
      if (listeners.size >= LISTENER_LIMIT) {
        return problem(503, `${LISTENER_LIMIT} dashboards are open already; close one.`, {
          fields: { 'Retry-After': '5' },
        })
      }
      return { status: 200, fields: { 'Content-Type': 'text/event-stream' }, stream }
    },
    close() {
      clearInterval(timer)
      for (const listener of listeners) listener.end()
    },
  }
}
