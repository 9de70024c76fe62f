// How does one member of staff's browser talk to the proxy?
//
// Keep-alive connections, the bearer token and clinic of one person, entity tags
// remembered and sent again at a reload, the time taken from the request's first byte
// to the answer's last. A failure is an observation like any other, never an exception.

import { Agent, type IncomingMessage, request as sendRequest } from 'node:http'
import { type Measurements, type Seen, seenIn } from './measurements.ts'

const PATIENCE_MILLISECONDS = 15_000
const REMEMBERED_TAGS = 200

export interface Errand {
  /** Name of the API's route, as in routes.ts; its method is the request's. */
  readonly route: string
  /** Path and query; the route's own path where left out. */
  readonly target?: string
  readonly body?: Readonly<Record<string, unknown>>
  /** As a browser's reload: asks whether what it has is still current. */
  readonly reload?: boolean
}

export interface Reply {
  /** 0: no answer. */
  readonly status: number
  readonly text: string
}

export class Browser {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 4 })
  readonly #tags = new Map<string, string>()
  readonly #url: string
  readonly #measurements: Measurements
  readonly #signal: AbortSignal
  #identity: Record<string, string> = {}

  constructor(url: string, measurements: Measurements, signal: AbortSignal) {
    this.#url = url
    this.#measurements = measurements
    this.#signal = signal
  }

  /** Later requests carry this person's token. */
  become(token: string, clinic: string): void {
    this.#identity = { Authorization: `Bearer ${token}`, 'X-Clinic': clinic }
  }

  async send(errand: Errand): Promise<Reply> {
    const [method = 'GET', path = '/'] = errand.route.split(' ')
    const target = errand.target ?? path
    const start = performance.now()
    try {
      const { response, text } = await this.#exchange(method, target, errand)
      const milliseconds = performance.now() - start
      this.#measurements.record({ route: errand.route, seen: this.#seen(method, response), milliseconds })
      if (typeof response.headers.etag === 'string') this.#rememberTag(target, response.headers.etag)
      return { status: response.statusCode ?? 0, text }
    } catch {
      // An abort is the end of the day, everything else an answer that never came.
      if (!this.#signal.aborted)
        this.#measurements.record({ route: errand.route, seen: 'failed', milliseconds: performance.now() - start })
      return { status: 0, text: '' }
    }
  }

  /** Listens to the event stream until the browser is closed; `heard` is called for every event. */
  listen(target: string, heard: () => void): void {
    const headers = { ...this.#identity, Accept: 'text/event-stream' }
    const request = sendRequest(this.#url + target, { headers, signal: this.#signal }, response => {
      response.on('error', () => response.destroy())
      response.setEncoding('utf8').on('data', (text: string) => {
        for (const _ of text.matchAll(/^event: /gm)) heard()
      })
    })
    request.on('error', () => request.destroy())
    request.end()
  }

  close(): void {
    this.#agent.destroy()
  }

  #exchange(method: string, target: string, errand: Errand): Promise<{ response: IncomingMessage; text: string }> {
    const body = errand.body === undefined ? undefined : JSON.stringify(errand.body)
    const tag = errand.reload ? this.#tags.get(target) : undefined
    const headers: Record<string, string> = {
      ...this.#identity,
      Accept: 'application/json',
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...(tag === undefined ? {} : { 'If-None-Match': tag }),
    }
    return new Promise((resolve, reject) => {
      const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(PATIENCE_MILLISECONDS)])
      const request = sendRequest(this.#url + target, { method, headers, agent: this.#agent, signal }, response => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk
        })
        response.on('end', () => resolve({ response, text }))
        response.on('error', reject)
      })
      request.on('error', reject)
      request.end(body)
    })
  }

  #seen(method: string, response: IncomingMessage): Seen {
    if (method !== 'GET') return 'passed'
    const field = response.headers['cache-status']
    return seenIn(Array.isArray(field) ? field.join(', ') : field)
  }

  #rememberTag(target: string, tag: string): void {
    if (this.#tags.size >= REMEMBERED_TAGS) this.#tags.clear()
    this.#tags.set(target, tag)
  }
}
