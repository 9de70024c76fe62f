// What answers on the admin port?
//
// A listener of its own, apart from the proxy's: probes, metrics, the dashboard and the
// API of contract §4. The order is fixed: who may ask at all (guard.ts), then which
// path, then its content. It stays up through a drain, because that is when probes
// matter most; app.ts closes it last. What a handler throws is told to the log, not to
// the caller.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../base/clock.ts'
import type { Telemetry } from '../base/events.ts'
import { removeStaleSocket } from '../base/stale-socket.ts'
import { type Milliseconds, milliseconds } from '../base/units.ts'
import type { Address } from '../config/addresses.ts'
import { formatAddress } from '../config/addresses.ts'
import { type Answer, problem } from './answer.ts'
import { apiRoutes } from './api.ts'
import { createEventStream } from './event-stream.ts'
import { adminRequest, writeAnswer } from './exchange.ts'
import { GaugeHistory, type Gauges } from './gauge-history.ts'
import { type Door, isLoopbackAddress } from './guard.ts'
import { createRouter, type Router } from './router.ts'
import type { AdminServices } from './services.ts'
import { statsReport } from './stats-report.ts'

export interface AdminOptions {
  readonly listen: Address
  /** Bearer token; undefined or '': none. */
  readonly token: string | undefined
  readonly services: AdminServices
  readonly telemetry: Telemetry
  readonly clock: Clock
  /** How often the dashboard's event stream speaks and gauges are looked at; default 1 s. */
  readonly tick?: Milliseconds
}

export interface Admin {
  /** As the "listening" log line shows it: `127.0.0.1:9090`, `[::1]:9090` or `unix:/path`. */
  readonly address: string
  /** Takes the token of a reload. */
  useToken(token: string | undefined): void
  /** Ends open streams and connections at once. */
  close(): Promise<void>
}

/** Resolves once it listens; rejects with the system's error when the address can't be bound. */
export async function createAdmin(options: AdminOptions): Promise<Admin> {
  const { services, clock, listen, telemetry } = options
  const history = new GaugeHistory()
  const look = () => history.record(gauges(services), clock.monotonic())
  const stats = () => statsReport({ services, history, clock })
  const events = createEventStream(options.tick ?? milliseconds(1000), look, stats)
  const router = createRouter(apiRoutes({ services, events, stats }))
  let door: Door = { local: false, token: options.token || undefined }

  const server = createAdminServer((message, response) => {
    answer(router, { message, response, door, telemetry }).catch(() => response.destroy())
  })
  try {
    await bind(server, listen)
  } catch (error) {
    events.close()
    throw error
  }
  look()
  const address = boundAddress(server)
  door = { ...door, local: address.kind === 'unix' || isLoopbackAddress(address.host ?? '') }
  return {
    address: formatAddress(address),
    useToken(token) {
      door = { ...door, token: token || undefined }
    },
    close: () => {
      events.close()
      return closeServer(server)
    },
  }
}

function createAdminServer(handle: (message: IncomingMessage, response: ServerResponse) => void): Server {
  const server = createServer(
    { maxHeaderSize: 16_384, headersTimeout: 10_000, requestTimeout: 10_000, keepAliveTimeout: 30_000 },
    handle,
  )
  server.maxConnections = 256
  return server
}

interface Exchange {
  readonly message: IncomingMessage
  readonly response: ServerResponse
  readonly door: Door
  readonly telemetry: Telemetry
}

async function answer(router: Router, { message, response, door, telemetry }: Exchange): Promise<void> {
  let found: Answer
  try {
    found = await router(adminRequest(message), door)
  } catch (error) {
    if (message.socket.destroyed) return
    const fields = { method: message.method, path: message.url?.split('?')[0] }
    telemetry.emit({ kind: 'notice', level: 'error', message: 'an admin request failed', fields, error })
    found = problem(500, 'The log says what happened.')
  }
  writeAnswer(message, response, found)
}

function gauges(services: AdminServices): Gauges {
  const upstream = services.health.upstream()
  const storeBytes = services.stores().reduce((total, { tier, bytes }) => total + (tier === 'memory' ? bytes : 0), 0)
  return {
    pool: upstream.utilization,
    queued: upstream.queued,
    storeBytes,
    residentBytes: services.residentBytes?.() ?? process.memoryUsage.rss(),
  }
}

async function bind(server: Server, address: Address): Promise<void> {
  if (address.kind === 'unix') await removeStaleSocket(address.path)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    const done = () => {
      server.off('error', reject)
      resolve()
    }
    if (address.kind === 'unix') server.listen(address.path, done)
    else if (address.host === undefined) server.listen(address.port, done)
    else server.listen(address.port, address.host, done)
  })
}

function boundAddress(server: Server): Address {
  const bound = server.address() as AddressInfo | string
  return typeof bound === 'string'
    ? { kind: 'unix', path: bound }
    : { kind: 'tcp', host: bound.address, port: bound.port }
}

function closeServer(server: Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
