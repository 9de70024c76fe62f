// How does a WebSocket get to the upstream?
//
// http-proxy-3 joins the two connections; everything it leaves open is closed here. It
// is given the target byte for byte (it would resolve and re-encode paths), connections
// from our own connector, and a deadline for the head. A 101 reaches it only if it
// answers the client's key; anything else the upstream says is handed to the server as
// an ordinary response, and a failure as a Fault, where it would close without a word.

import { Agent, type ClientRequest, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { ProxyServer } from 'http-proxy-3'
import { Fault, type FaultCode } from '../base/fault.ts'
import { type Fields, fieldLines } from '../http/fields.ts'
import { endToEndFields } from '../http/hop-by-hop.ts'
import { breakerFault } from './breaker.ts'
import type { Connector } from './connector.ts'
import { ExchangeReport, type Informed } from './exchange-report.ts'
import { exchangeFault } from './foreign-errors.ts'
import { headFault } from './response-head.ts'
import type { UpstreamSettings } from './settings.ts'
import type { UpgradeHandler, UpgradeRequest } from './upstream.ts'
import { answersKey } from './websocket-handshake.ts'

/** What all tunnels of one upstream share. */
export interface TunnelSurroundings extends Informed {
  readonly settings: UpstreamSettings
  readonly connector: Connector
  /** Called once per tunnel. */
  onEnd(): void
}

export class Tunnel {
  readonly #around: TunnelSurroundings
  readonly #request: UpgradeRequest
  readonly #handler: UpgradeHandler
  readonly #report: ExchangeReport
  /** Connecting or waiting; then joined, or answered otherwise, or failed: `ended` covers the last two. */
  #stage: 'asked' | 'joined' | 'ended' = 'asked'
  #timer: NodeJS.Timeout | undefined
  #forward: ClientRequest | undefined

  constructor(around: TunnelSurroundings, request: UpgradeRequest, handler: UpgradeHandler) {
    this.#around = around
    this.#request = request
    this.#handler = handler
    this.#report = new ExchangeReport(around, request.route)
  }

  /** `refusal`: why it may not even be tried. */
  open(refusal: Fault | undefined): void {
    const { client, head } = this.#request
    const denied = refusal ?? (this.#report.begin() ? undefined : breakerFault(this.#attempted, this.#around.breaker))
    if (denied !== undefined) {
      this.#fail(denied)
      return
    }
    client.once('close', () => this.#onClientClose())
    const proxy = new ProxyServer({ agent: this.#agent(), target: { protocol: 'http:', host: 'upstream', port: 80 } })
    // The client's own errors: its close follows and tells all.
    proxy.on('error', () => undefined)
    proxy.once('proxyReqWs', forward => this.#guard(forward))
    try {
      proxy.ws(this.#openingMessage(), client, head, { toProxy: true }, error => this.#onError(error))
    } catch (error) {
      this.#onError(error)
    }
  }

  /** Before http-proxy-3 listens to its request: nothing unchecked may get through to it. */
  #guard(forward: ClientRequest): void {
    this.#forward = forward
    forward.path = this.#request.target
    const limit = this.#request.timeout ?? this.#around.settings.timeout
    this.#timer = setTimeout(() => {
      forward.destroy(this.#fault('UPSTREAM_HEAD_TIMEOUT', `no response head within ${limit} ms`))
    }, limit)
    const emit = forward.emit.bind(forward) as (event: string | symbol, ...values: unknown[]) => boolean
    forward.emit = (event: string | symbol, ...values: unknown[]): boolean => {
      if (event === 'response') return this.#onResponse(values[0] as IncomingMessage)
      if (event === 'upgrade' && !this.#maySwitch(values[0] as IncomingMessage, values[1] as Duplex)) return true
      return emit(event, ...values)
    }
  }

  #maySwitch(response: IncomingMessage, upstream: Duplex): boolean {
    clearTimeout(this.#timer)
    const fields = response.rawHeaders
    if (this.#stage !== 'asked' || !answersKey(fields, this.#request.key)) {
      upstream.destroy()
      this.#fail(this.#fault('UPSTREAM_MALFORMED', 'a 101 that does not answer the key'))
      return false
    }
    this.#stage = 'joined'
    this.#report.answered(101)
    const kept = this.#handler.onSwitch(endToEndFields(fields))
    response.headers = { connection: 'Upgrade', upgrade: 'websocket', ...headersOf(kept) }
    this.#watchEnd(upstream)
    return true
  }

  #onResponse(response: IncomingMessage): boolean {
    clearTimeout(this.#timer)
    const status = response.statusCode ?? 0
    const faulty = headFault(status, response.rawHeaders)
    if (faulty !== undefined) this.#fail(this.#fault(faulty, `status ${status}`))
    if (this.#stage !== 'asked') {
      response.destroy()
      return true
    }
    this.#stage = 'ended'
    this.#report.answered(status)
    response.once('close', () => this.#around.onEnd())
    this.#handler.onResponse(status, response.rawHeaders, response)
    return true
  }

  #onError(error: unknown): void {
    const progress = { reused: false, answerBegun: false, headSeen: false, peerLeft: false }
    if (this.#stage === 'asked') this.#fail(exchangeFault(error, this.#attempted, progress))
  }

  #onClientClose(): void {
    if (this.#stage === 'joined') return
    this.#fail(this.#fault('CLIENT_GONE', 'the client went away before the upgrade'))
    this.#forward?.destroy()
  }

  /** Both directions over, and no upstream connection left behind by a client that is gone. */
  #watchEnd(upstream: Duplex & { destroySoon?(): void }): void {
    const { client } = this.#request
    let open = 2
    const closed = (): void => {
      open -= 1
      if (open > 0) return
      this.#stage = 'ended'
      this.#handler.onClose()
      this.#around.onEnd()
    }
    client.once('close', () => upstream.destroySoon?.()).once('close', closed)
    upstream.once('close', closed)
  }

  #fail(fault: Fault): void {
    clearTimeout(this.#timer)
    if (this.#stage !== 'asked') return
    this.#stage = 'ended'
    this.#report.failed(fault.code)
    this.#around.onEnd()
    this.#handler.onFault(fault)
    this.#request.client.destroySoon()
  }

  /** As much of a message as http-proxy-3 looks at. */
  #openingMessage(): IncomingMessage {
    const { target, fields } = this.#request
    const headers = { connection: 'Upgrade', upgrade: 'websocket', ...headersOf(endToEndFields(fields)) }
    const message = { method: 'GET', url: target, headers, httpVersion: '1.1', httpVersionMajor: 1 }
    return message as unknown as IncomingMessage
  }

  #agent(): Agent {
    const { connector } = this.#around
    const agent = new Agent({ keepAlive: false })
    agent.createConnection = (_options, done) => {
      connector.connect((fault, socket) => done?.(fault, socket as Duplex))
      return undefined
    }
    return agent
  }

  get #attempted(): string {
    return `upgrading ${this.#request.target.split('?', 1)[0]} at ${this.#around.settings.url.href}`
  }

  #fault(code: FaultCode, detail: string): Fault {
    return new Fault(code, `${this.#attempted}: ${detail}`)
  }
}

/** One entry per name, in the first spelling, all of its lines in order. */
function headersOf(fields: Fields): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {}
  const seen = new Set<string>()
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at] as string
    const known = seen.has(name.toLowerCase())
    seen.add(name.toLowerCase())
    if (known) continue
    const lines = fieldLines(fields, name.toLowerCase())
    headers[name] = lines.length === 1 ? (lines[0] as string) : lines
  }
  return headers
}
