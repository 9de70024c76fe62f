// What answers on the admin port?
//
// A listener of its own, apart from the proxy's: probes, metrics, the dashboard and the
// API of contract §4. The order is fixed: who may ask at all (guard.ts), then which
// route, then its content. It stays up through a drain, because that is when probes
// matter most; app.ts closes it last.

import type { Clock } from '../base/clock.ts'
import type { Telemetry } from '../base/events.ts'
import type { Milliseconds } from '../base/units.ts'
import type { AdminServices } from './services.ts'

/** Where to listen: a TCP address or a unix socket's path. Port 0 picks a free one. */
export type AdminAddress = { readonly host: string; readonly port: number } | { readonly path: string }

export interface AdminOptions {
  readonly listen: AdminAddress
  /** Bearer token; undefined or '': none. */
  readonly token: string | undefined
  readonly services: AdminServices
  readonly telemetry: Telemetry
  readonly clock: Clock
  /** How often the dashboard's event stream speaks and gauges are sampled; default 1 s. */
  readonly tick?: Milliseconds
}

export interface Admin {
  /** As the "listening" log line shows it: `127.0.0.1:9090`, `[::1]:9090` or `unix:/path`. */
  readonly address: string
  /** Takes a new token from a reload. */
  useToken(token: string | undefined): void
  close(): Promise<void>
}

/** Resolves once it listens; rejects when the address can't be bound. */
export function createAdmin(_options: AdminOptions): Promise<Admin> {
  throw new Error('not ready')
}
