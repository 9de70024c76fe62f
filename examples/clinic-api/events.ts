// Who is told when something changes?
//
// One server-sent-event stream per open screen, fed with what happens in the listener's
// own clinic. A comment line every few seconds keeps idle connections known to be alive.

import type { ServerResponse } from 'node:http'

const HEARTBEAT_MILLISECONDS = 10_000

export class EventStreams {
  readonly #listeners = new Map<ServerResponse, number>()
  readonly #heartbeat = setInterval(() => this.#sayAlive(), HEARTBEAT_MILLISECONDS)

  get count(): number {
    return this.#listeners.size
  }

  /** Turns `response` into a stream of the clinic's events until either side ends it. */
  open(response: ServerResponse, clinicId: number): void {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    response.write('event: hello\ndata: {"listening":true}\n\n')
    this.#listeners.set(response, clinicId)
    response.on('close', () => this.#listeners.delete(response))
  }

  announce(clinicId: number, event: string, about: Readonly<Record<string, unknown>>): void {
    const text = `event: ${event}\ndata: ${JSON.stringify(about)}\n\n`
    for (const [response, clinic] of this.#listeners) if (clinic === clinicId) response.write(text)
  }

  close(): void {
    clearInterval(this.#heartbeat)
    for (const response of this.#listeners.keys()) response.end()
  }

  #sayAlive(): void {
    for (const response of this.#listeners.keys()) response.write(': alive\n\n')
  }
}
