// How is a connection to the upstream made?
//
// TCP, a unix socket, or TLS over TCP with verification always on; one attempt, one
// deadline over all of its steps (name, TCP, handshake). A failure is a Fault already.
// The name expected in the certificate comes from the settings alone, never from a
// client's Host field. TLS sessions are resumed, one kept per connector.

import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { Fault } from '../base/fault.ts'
import { connectFault } from './foreign-errors.ts'
import type { UpstreamSettings } from './settings.ts'

export type Connected = (...outcome: [Fault, null] | [null, Socket]) => void

/** What undici's own connectors read ahead at most, too. */
const READ_AHEAD = 64 * 1024
const TLS_READ_AHEAD = 16 * 1024
const PROBE_AFTER_MS = 60_000

export class Connector {
  readonly #settings: UpstreamSettings
  #session: Buffer | undefined

  constructor(settings: UpstreamSettings) {
    this.#settings = settings
  }

  /** Calls back exactly once, never before it returned. Destroying the socket gives the attempt up (and calls back). */
  connect(done: Connected): Socket {
    const { url, connectTimeout } = this.#settings
    const secure = url.protocol === 'https'
    const socket = secure ? this.#tls() : this.#plain()
    socket.setNoDelay(true).setKeepAlive(true, PROBE_AFTER_MS)
    const attempted = `connecting to ${url.href}`
    let handshaking = false
    if (secure) socket.once('connect', () => (handshaking = true))
    const timer = setTimeout(() => {
      const message = `${attempted}: no connection within ${connectTimeout} ms`
      socket.destroy(new Fault('UPSTREAM_CONNECT_TIMEOUT', message))
    }, connectTimeout)
    const settle = (error: unknown): void => {
      clearTimeout(timer)
      socket.off('error', settle).off('close', onClose).off(ready, onReady)
      // Whatever an abandoned socket still reports is of no interest.
      socket.on('error', () => undefined)
      done(connectFault(error, attempted, handshaking), null)
    }
    const onClose = (): void => settle(new Fault('UPSTREAM_ABORTED', `${attempted}: given up`))
    const ready = secure ? 'secureConnect' : 'connect'
    const onReady = (): void => {
      clearTimeout(timer)
      socket.off('error', settle).off('close', onClose)
      done(null, socket)
    }
    return socket.once('error', settle).once('close', onClose).once(ready, onReady)
  }

  #plain(): Socket {
    const { socketPath, hostname, port } = this.#settings.url
    const options = { highWaterMark: READ_AHEAD }
    if (socketPath !== undefined) return connectTcp({ ...options, path: socketPath })
    return connectTcp({ ...options, host: hostname, port })
  }

  #tls(): Socket {
    const { url, tls = {} } = this.#settings
    const servername = tls.servername ?? (isIP(url.hostname) === 0 ? url.hostname : undefined)
    const options: ConnectionOptions & { highWaterMark: number } = {
      host: url.hostname,
      port: url.port,
      ca: tls.ca,
      cert: tls.cert,
      key: tls.key,
      session: this.#session,
      ALPNProtocols: ['http/1.1'],
      rejectUnauthorized: true,
      highWaterMark: TLS_READ_AHEAD,
      ...(servername === undefined ? {} : { servername }),
    }
    return connectTls(options).on('session', session => {
      this.#session = session
    })
  }
}
