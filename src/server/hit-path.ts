// How are hits answered before node's parser has seen the request?
//
// Each connection's bytes come here first. A chunk that is exactly one plain head
// (plain-head.ts) and for which memory holds an answer (cache/ruling.ts) is answered in
// one write. Everything else goes on to node, bytes untouched: through a Relay while
// hits may still come on the connection, natively for good once its framing is no longer
// plainly known or its requests don't fit. Order is kept: while node owes an answer
// nothing is answered here. Nothing is decided here, and limits stay node's and ours.

import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '../base/clock.ts'
import { Fault } from '../base/fault.ts'
import type { Bytes, EpochMs, Milliseconds } from '../base/units.ts'
import type { QuickAnswer } from '../cache/quick-answer.ts'
import type { Rulings } from '../cache/ruling.ts'
import { rawFaultAnswer } from './fault-answer.ts'
import { type PlainHead, readPlainHead } from './plain-head.ts'
import { Relay } from './relay.ts'

/** A hit's client and time, for telemetry. */
export interface AnsweredHit {
  readonly request: PlainHead
  readonly answer: QuickAnswer
  readonly at: EpochMs
  readonly started: Milliseconds
  readonly socket: Socket
}

export interface HitPathSettings {
  readonly limits: {
    readonly head: Bytes
    readonly uri: Bytes
    readonly headTimeout: Milliseconds
    readonly idle: Milliseconds
    readonly send: Milliseconds
  }
  readonly hitPath: 'on' | 'off'
}

export interface HitPathServices {
  readonly clock: Clock
  readonly rulings: Pick<Rulings, 'answer' | 'identification'>
  /** Sets scheme and host of the request; false: only the ordinary way can tell, or must speak. */
  readonly locate: (request: PlainHead, socket: Socket) => boolean
  readonly report: (hit: AnsweredHit) => void
}

export class HitPath {
  readonly services: HitPathServices
  readonly #server: Server
  readonly #native: (socket: Socket) => void
  readonly #connections = new Set<Connection>()
  settings: HitPathSettings
  draining = false
  /** What node adds to every head of a connection that stays. */
  tail: Buffer = Buffer.alloc(0)

  /** Comes between `server` and its connections. */
  constructor(server: Server, settings: HitPathSettings, services: HitPathServices) {
    this.#server = server
    this.services = services
    this.settings = settings
    const [native] = server.listeners('connection') as ((socket: Socket) => void)[]
    if (native === undefined) throw new Fault('INTERNAL', 'node:http listens for no connections')
    this.#native = native
    server.removeAllListeners('connection')
    server.on('connection', (socket: Socket) => this.#take(socket))
    this.reconfigure(settings)
  }

  reconfigure(settings: HitPathSettings): void {
    this.settings = settings
    const seconds = Math.floor(settings.limits.idle / 1000)
    this.tail = Buffer.from(`Connection: keep-alive\r\nKeep-Alive: timeout=${seconds}\r\n\r\n`, 'latin1')
  }

  /** While draining every answer is its connection's last, which node says. */
  get isOn(): boolean {
    return this.settings.hitPath === 'on' && !this.draining
  }

  /** Breaks every connection that node doesn't know. */
  closeAllConnections(): void {
    for (const { socket } of this.#connections) socket.destroy()
  }

  giveNatively(socket: Socket): void {
    this.#native.call(this.#server, socket)
  }

  relayTo(relay: Relay): void {
    // node asks of it only what a Relay answers.
    this.#native.call(this.#server, relay as unknown as Socket)
  }

  forget(connection: Connection): void {
    this.#connections.delete(connection)
  }

  #take(socket: Socket): void {
    if (this.isOn) this.#connections.add(new Connection(this, socket))
    else this.giveNatively(socket)
  }
}

/** Requests in a row without a hit after which a connection is node's for good; one that could never be a hit counts more. */
const PATIENCE = 64
const WEIGHT_OF_UNFIT = 8
/** Content up to here is copied behind its head, so that one buffer is written. */
const COPIED_AT_MOST = 16 * 1024

class Connection {
  readonly socket: Socket
  readonly #path: HitPath
  #relay: Relay | undefined
  /** Content of a relayed request that is still to come. */
  #contentLeft = 0
  /** Where requests begin is no longer known here: node has all that comes. */
  #blind = false
  #misfits = 0
  #hasIdleTimeout = false
  /** An answer that the client has not taken whole. */
  #unsent: AnsweredHit | undefined
  #sendTimer: NodeJS.Timeout | undefined

  constructor(path: HitPath, socket: Socket) {
    this.#path = path
    this.socket = socket
    socket.setTimeout(path.settings.limits.headTimeout)
    socket.on('data', this.#onData)
    socket.on('end', this.#onEnd)
    socket.on('error', this.#onError)
    socket.on('timeout', this.#onTimeout)
    socket.on('close', this.#onClose)
    socket.on('drain', this.#onDrain)
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#relay !== undefined && (this.#blind || this.#contentLeft > 0 || !this.#relay.idle)) {
      this.#relayMore(this.#relay, chunk)
      return
    }
    const started = this.#path.services.clock.monotonic()
    const head = this.#path.isOn ? this.#read(chunk) : undefined
    const framed = head !== undefined && this.#isWhole(head, chunk)
    if (framed && head.quick && this.#answered(head, started)) return
    if (framed && !head.quick) this.#misfits += WEIGHT_OF_UNFIT
    if (framed && this.#misfits < PATIENCE) this.#pass(this.#openRelay(), head, chunk)
    else this.#giveAway(chunk)
  }

  #read(chunk: Buffer): PlainHead | undefined {
    return readPlainHead(chunk, this.#path.services.rulings.identification.telling)
  }

  /** Nothing stands behind the head and the content it announces. */
  #isWhole(head: PlainHead, chunk: Buffer): boolean {
    return chunk.length - head.headLength <= head.content
  }

  #answered(head: PlainHead, started: Milliseconds): boolean {
    const { services, settings } = this.#path
    // Every field's size counts a little differently there; near the limit the ordinary way judges.
    if (
      head.headLength > settings.limits.head - 512 ||
      head.path.length + (head.query?.length ?? 0) >= settings.limits.uri
    ) {
      return false
    }
    if (!services.locate(head, this.socket)) return false
    const at = services.clock.now()
    const answer = services.rulings.answer(head, at)
    if (answer === undefined || answer === 'never') {
      this.#misfits += answer === undefined ? 1 : WEIGHT_OF_UNFIT
      return false
    }
    this.#misfits = 0
    this.#write({ request: head, answer, at, started, socket: this.socket })
    return true
  }

  #write(hit: AnsweredHit): void {
    if (!this.#hasIdleTimeout) {
      this.socket.setTimeout(this.#path.settings.limits.idle)
      this.#hasIdleTimeout = true
    }
    if (this.#send(hit.answer, hit.request.method === 'HEAD' ? null : hit.answer.body)) {
      this.#path.services.report(hit)
      return
    }
    this.#unsent = hit
    this.socket.pause()
    this.#sendTimer = setTimeout(() => this.socket.destroy(), this.#path.settings.limits.send)
  }

  /** False: the socket is full. */
  #send({ head }: QuickAnswer, body: Buffer | null): boolean {
    const { socket } = this
    const { octets } = head
    const { tail } = this.#path
    const headLength = octets.length + tail.length
    const together = body !== null && body.length <= COPIED_AT_MOST
    const sent = Buffer.allocUnsafe(together ? headLength + body.length : headLength)
    sent.set(octets)
    sent.set(tail, octets.length)
    if (body === null) return socket.write(sent)
    if (together) {
      sent.set(body, headLength)
      return socket.write(sent)
    }
    socket.cork()
    socket.write(sent)
    const room = socket.write(body)
    socket.uncork()
    return room || socket.writableLength === 0
  }

  #openRelay(): Relay {
    if (this.#relay !== undefined) return this.#relay
    const relay = new Relay(this.socket)
    this.#relay = relay
    this.#path.relayTo(relay)
    return relay
  }

  #pass(relay: Relay, head: PlainHead, chunk: Buffer): void {
    this.socket.setTimeout(0)
    this.#hasIdleTimeout = false
    this.#contentLeft = head.content - (chunk.length - head.headLength)
    relay.expect()
    relay.hand(chunk)
  }

  /** More for node while it owes an answer, or for good. */
  #relayMore(relay: Relay, chunk: Buffer): void {
    if (!this.#blind && this.#contentLeft > 0) {
      this.#contentLeft -= chunk.length
      if (this.#contentLeft < 0) this.#blind = true
    } else if (!this.#blind) {
      const head = this.#read(chunk)
      if (head !== undefined && this.#isWhole(head, chunk)) {
        this.#pass(relay, head, chunk)
        return
      }
      this.#blind = true
    }
    relay.hand(chunk)
  }

  /** From here on the connection is node's alone. */
  #giveAway(chunk: Buffer): void {
    const { socket } = this
    this.#relay?.detach()
    this.#relay = undefined
    this.#release()
    socket.setTimeout(0)
    socket.pause()
    socket.unshift(chunk)
    this.#path.giveNatively(socket)
    socket.resume()
  }

  #release(): void {
    const { socket } = this
    this.#path.forget(this)
    socket.off('data', this.#onData)
    socket.off('end', this.#onEnd)
    socket.off('error', this.#onError)
    socket.off('timeout', this.#onTimeout)
    socket.off('close', this.#onClose)
    socket.off('drain', this.#onDrain)
  }

  readonly #onEnd = (): void => {
    if (this.#relay === undefined) this.socket.end()
    else this.#relay.push(null)
  }

  readonly #onError = (error: Error): void => {
    if (this.#relay === undefined) this.socket.destroy()
    else this.#relay.destroy(error)
  }

  readonly #onTimeout = (): void => {
    if (this.#relay !== undefined && this.#hasIdleTimeout === false) this.#relay.emit('timeout')
    else if (this.socket.bytesRead > 0) this.socket.destroy()
    else {
      const { headTimeout } = this.#path.settings.limits
      this.socket.end(
        rawFaultAnswer(new Fault('REQUEST_HEAD_TIMEOUT', `no complete head within ${headTimeout} ms`), ''),
      )
    }
  }

  readonly #onDrain = (): void => {
    if (this.#unsent === undefined) return
    this.#reportUnsent()
    this.socket.resume()
  }

  readonly #onClose = (): void => {
    this.#reportUnsent()
    this.#path.forget(this)
    this.#relay?.destroy()
  }

  #reportUnsent(): void {
    clearTimeout(this.#sendTimer)
    if (this.#unsent === undefined) return
    const hit = this.#unsent
    this.#unsent = undefined
    this.#path.services.report(hit)
  }
}
