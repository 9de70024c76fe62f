// From a socket to the engine and back: the serving side of Pillion.
//
// Owns the listener, reads each request into an exchange (or refuses it), watches slow
// uploads, and drains: readiness turns at once, new connections are still served for
// `shutdown.delay`, then idle ones close, those in flight have `shutdown.timeout`.

import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import type { Clock } from '../base/clock.ts'
import type { Telemetry } from '../base/events.ts'
import { asFault, Fault } from '../base/fault.ts'
import { type Bytes, type Milliseconds, milliseconds } from '../base/units.ts'
import type { Exchange } from '../cache/exchange.ts'
import type { Peer } from '../cache/routed-request.ts'
import type { Rulings } from '../cache/ruling.ts'
import type { UpgradeExchange } from '../cache/upgrade.ts'
import type { Address } from '../config/addresses.ts'
import type { RoutingSettings } from '../config/settings.ts'
import { forwardedClient } from '../http/forwarding.ts'
import type { FieldNames } from '../routing/field-names.ts'
import { ClientExchange, type ExchangeSurroundings } from './client-exchange.ts'
import { Conversations } from './conversations.ts'
import { stopAccepting } from './drain.ts'
import { HitEvent, requestIdFrom } from './hit-event.ts'
import { type AnsweredHit, HitPath } from './hit-path.ts'
import { createListener, type ListenerLimits, listen, setLimits } from './listener.ts'
import type { PlainHead } from './plain-head.ts'
import { hostOf, readRequest, schemeOf } from './read-request.ts'
import { acceptedFields, underscoredNames } from './received-fields.ts'
import { refusalEvent } from './refusal-event.ts'
import { Relay } from './relay.ts'
import { TrustedProxies, withoutMapping } from './trusted-proxies.ts'
import { onParseError } from './unparsed.ts'
import { type Handshake, handshakeOf, UpgradingExchange, upgradeResponse } from './upgrade.ts'
import { watchUpload } from './upload-watch.ts'

export interface ServerSettings extends RoutingSettings {
  readonly limits: ListenerLimits & { readonly body: Milliseconds; readonly send: Milliseconds; readonly head: Bytes }
  readonly trustedProxies: readonly string[]
  readonly hitPath: 'on' | 'off'
  readonly serverTiming: 'on' | 'off'
}

export interface ServerSurroundings {
  /** What the hit path may answer from. */
  readonly rulings: Rulings
  readonly clock: Clock
  readonly telemetry: Telemetry
}

/** Who answers exchanges. */
export interface Handler {
  handle(exchange: Exchange, peer: Peer): void
  upgrade(exchange: UpgradeExchange, peer: Peer): void
}

export class ProxyServer {
  readonly #server: Server
  readonly #handler: Handler
  readonly #surroundings: ServerSurroundings
  #settings: ServerSettings
  #trusted: TrustedProxies
  #around: ExchangeSurroundings
  #draining = false
  /** Connections made during a drain, while they have not sent a request. */
  readonly #fresh = new Set<Socket>()
  #inFlight = 0
  /** Requests begun so far. */
  #taken = 0
  readonly #warnedOf = new Set<string>()
  /** Names with an underscore that are no tricks. */
  #known: FieldNames
  readonly #conversations = new Conversations()
  /** Joined to the origin. */
  readonly #tunnels = new Set<Socket>()
  readonly #hitPath: HitPath

  constructor(settings: ServerSettings, handler: Handler, surroundings: ServerSurroundings) {
    this.#settings = settings
    this.#handler = handler
    this.#surroundings = surroundings
    this.#trusted = new TrustedProxies(settings.trustedProxies)
    this.#known = underscoredNames(settings)
    this.#around = { ...surroundings, ...exchangeSettings(settings) }
    this.#server = createListener(settings.limits, {
      request: (message, response) => this.#take(message, response),
      // Pipelined behind an unanswered request it would be answered out of turn.
      mayUpgrade: message => handshakeOf(message) !== undefined && this.#conversations.on(message.socket) === undefined,
      upgrade: (message, socket, head) => this.#takeUpgrade(message, socket, head),
      unparsed: (error, socket) => {
        const { limits } = this.#settings
        onParseError(error, socket, { conversations: this.#conversations, limits, refused: this.#refused })
      },
      refused: this.#refused,
    })
    this.#hitPath = new HitPath(this.#server, hitPathSettings(settings), {
      clock: surroundings.clock,
      rulings: surroundings.rulings,
      locate: (request, socket) => this.#locate(request, socket),
      report: hit => this.#report(hit),
    })
  }

  /** Takes over all but the address. */
  reconfigure(settings: ServerSettings): void {
    this.#settings = settings
    this.#trusted = new TrustedProxies(settings.trustedProxies)
    this.#known = underscoredNames(settings)
    this.#around = { ...this.#surroundings, ...exchangeSettings(settings) }
    setLimits(this.#server, settings.limits)
    this.#hitPath.reconfigure(hitPathSettings(settings))
  }

  /** Resolves to the address really bound. */
  listen(address: Address): Promise<string> {
    return listen(this.#server, address)
  }

  /** From now on every answer is its connection's last, so that clients come back elsewhere; new connections are still served. */
  startDraining(): void {
    if (this.#draining) return
    this.#draining = true
    this.#hitPath.draining = true
    this.#server.on('connection', (socket: Socket) => {
      this.#fresh.add(socket)
      socket.once('close', () => this.#fresh.delete(socket))
    })
  }

  /**
   * Stops taking connections and waits for what is in flight, at most `timeout`; false: cut short.
   *
   * A WebSocket has no last answer to wait for: it is closed, so that its client connects elsewhere.
   * A connection that is idle now may have a request on its way, so connections are closed
   * by their last answer, and idle ones only after a moment in which nothing arrived; who
   * connected at the last moment has a little longer for a first request.
   */
  async close(timeout: Milliseconds): Promise<boolean> {
    this.startDraining()
    const { over } = await stopAccepting(this.#server, timeout, this.#surroundings.clock)
    const inTime = await this.#quiet(timeout)
    this.#server.closeAllConnections()
    this.#hitPath.closeAllConnections()
    for (const socket of this.#tunnels) socket.destroy()
    await over
    return inTime
  }

  /** Resolves when nothing is in flight and nothing has arrived for a moment; false when `timeout` comes first. */
  async #quiet(timeout: Milliseconds): Promise<boolean> {
    const { clock } = this.#surroundings
    const deadline = clock.monotonic() + timeout
    const patience = Math.min(deadline, clock.monotonic() + FIRST_REQUEST_MS)
    let taken = -1
    while (this.#inFlight > 0 || taken !== this.#taken || (this.#fresh.size > 0 && clock.monotonic() < patience)) {
      if (clock.monotonic() >= deadline) return this.#inFlight === 0
      taken = this.#taken
      for (const socket of this.#tunnels) socket.destroySoon()
      await setTimeout(Math.min(QUIET_MS, Math.max(1, deadline - clock.monotonic())))
    }
    return true
  }

  #takeUpgrade(message: IncomingMessage, socket: Socket, head: Buffer): void {
    const handshake = handshakeOf(message)
    if (handshake !== undefined) this.#take(message, upgradeResponse(message, socket), { ...handshake, socket, head })
    else socket.destroy()
  }

  #take(message: IncomingMessage, response: ServerResponse, handshake?: Handshake): void {
    this.#inFlight += 1
    this.#taken += 1
    const conversation = this.#conversations.begin(message, response)
    response.on('close', () => {
      this.#inFlight -= 1
      conversation.underWay -= 1
      if (message.socket instanceof Relay) message.socket.answered()
    })
    if (this.#draining) {
      response.shouldKeepAlive = false
      this.#fresh.delete(message.socket)
    }
    const peer = this.#peerOf(message)
    const received = acceptedFields(message.rawHeaders, peer.trusted, this.#known)
    const request = readRequest(message, received.fields, {
      maxTarget: this.#settings.limits.uri,
      maxHead: this.#settings.limits.head,
      trusted: peer.trusted,
      encrypted: 'encrypted' in message.socket,
    })
    const client = forwardedClient(message.rawHeaders, peer, address => this.#trusted.trusts(address)) ?? ''
    const read = { client, requestId: requestIdOf(message) }
    if (request instanceof Fault) {
      this.#refuse(message, response, request, read)
      return
    }
    this.#warnOfFields(message, peer, received.underscored)
    if (handshake !== undefined) {
      const joined = () => this.#watchTunnel(handshake.socket)
      const exchange = new UpgradingExchange(message, response, { request, ...read, handshake, joined }, this.#around)
      this.#handler.upgrade(exchange, peer)
      return
    }
    const exchange = new ClientExchange(message, response, { request, ...read }, this.#around)
    if (request.hasBody) watchUpload(message, response, this.#settings.limits.body)
    try {
      this.#handler.handle(exchange, peer)
    } catch (error) {
      exchange.fail(asFault(error, `handling ${request.method}`))
    }
  }

  #watchTunnel(socket: Socket): void {
    this.#tunnels.add(socket)
    socket.once('close', () => this.#tunnels.delete(socket))
  }

  /** Whether the hit path may know where the request was sent to; says so as read-request does. */
  #locate(request: PlainHead, socket: Socket): boolean {
    const trusted = request.forwarded && this.#peerOf({ socket }).trusted
    if (request.forwarded && !trusted && !this.#warnedOf.has('forwarding')) return false
    const fields = trusted ? request.fields : ['Host', request.statedHost]
    const rules = { trusted, encrypted: false }
    const host = hostOf(fields, undefined, rules)
    if (host instanceof Fault) return false
    request.scheme = schemeOf(fields, rules)
    request.host = host
    return true
  }

  #report(hit: AnsweredHit): void {
    const { clock, telemetry, rulings } = this.#surroundings
    const duration = milliseconds(clock.monotonic() - hit.started)
    telemetry.emit(new HitEvent(hit, duration, { identification: rulings.identification, clientOf: this.#clientOf }))
  }

  readonly #clientOf = ({ fields }: PlainHead, { socket }: AnsweredHit): string =>
    forwardedClient(fields, this.#peerOf({ socket }), address => this.#trusted.trusts(address)) ?? ''

  #peerOf(message: { readonly socket: Socket }): Peer {
    const remote = message.socket.remoteAddress
    const address = remote === undefined ? undefined : withoutMapping(remote)
    return { address, trusted: this.#trusted.trusts(address) }
  }

  #refuse(
    message: IncomingMessage,
    response: ServerResponse,
    fault: Fault,
    read: { client: string; requestId: string },
  ): void {
    const nothing = {
      method: message.method ?? '',
      scheme: 'http',
      host: '',
      path: '',
      query: undefined,
      fields: [],
    } as const
    const exchange = new ClientExchange(
      message,
      response,
      { request: { ...nothing, hasBody: false }, ...read },
      this.#around,
    )
    exchange.account.reason = fault.code.toLowerCase().replaceAll('_', '-')
    exchange.account.counted = false
    response.shouldKeepAlive = false
    exchange.fail(fault)
  }

  /** What never became a request is counted as one all the same. */
  readonly #refused = (fault: Fault, socket: Socket): void => {
    const client = socket.remoteAddress === undefined ? '' : withoutMapping(socket.remoteAddress)
    this.#surroundings.telemetry.emit(refusalEvent(fault, client, this.#surroundings.clock.now()))
  }

  #warnOfFields(message: IncomingMessage, peer: Peer, underscored: string | undefined): void {
    if (underscored !== undefined) {
      this.#warnOnce(
        'underscore',
        `the field ${underscored} is left out: an underscore in a name can be taken for a hyphen by the backend; name the field under credentials, identity, vary or when to let it pass`,
        { field: underscored, key: 'credentials' },
      )
    }
    if (peer.trusted) return
    if (!STATEMENTS.some(name => message.headers[name] !== undefined)) return
    this.#warnOnce(
      'forwarding',
      `X-Forwarded-* from ${peer.address} is replaced, because trustedProxies does not name that peer`,
      { peer: peer.address, key: 'trustedProxies' },
    )
  }

  #warnOnce(what: string, message: string, fields: Readonly<Record<string, unknown>>): void {
    if (this.#warnedOf.has(what)) return
    this.#warnedOf.add(what)
    this.#surroundings.telemetry.emit({ kind: 'notice', level: 'warn', message, fields })
  }
}

/** What strangers say about the way, and nobody gets to hear. */
const STATEMENTS = ['x-forwarded-for', 'forwarded', 'x-real-ip']

/** How long nothing must arrive before idle connections are closed. */
const QUIET_MS = 100
/** How long a connection made during the drain may take for its first request. */
const FIRST_REQUEST_MS = 2_000

/** The client's own X-Request-ID where it is a plain token, else a new one. */
function requestIdOf(message: IncomingMessage): string {
  const own = message.headers['x-request-id']
  return requestIdFrom(typeof own === 'string' ? own : undefined)
}

function exchangeSettings({ limits, serverTiming }: ServerSettings) {
  return { sendTimeout: limits.send, serverTiming: serverTiming === 'on' }
}

/** What the hit path writes is prepared, and can't tell how long it took. */
function hitPathSettings(settings: ServerSettings): ServerSettings {
  return settings.serverTiming === 'on' ? { ...settings, hitPath: 'off' } : settings
}
