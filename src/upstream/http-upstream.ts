// Who stands behind the Upstream interface?
//
// One backend over HTTP/1.1 by undici: settings in, exchanges out. This file only puts
// the parts together: admission (two quotas, so that endless event streams can't use up
// the ordinary connections), breaker, connections, and an exchange per request. undici
// and its errors are not seen outside this folder.

import { Fault } from '../base/fault.ts'
import { Admission } from './admission.ts'
import { Breaker, breakerFault } from './breaker.ts'
import { ConnectionPool } from './connection-pool.ts'
import { Connector } from './connector.ts'
import { type ExchangeSurroundings, ForwardExchange } from './exchange.ts'
import type { UpstreamEnvironment, UpstreamSettings } from './settings.ts'
import { Tunnel, type TunnelSurroundings } from './tunnel.ts'
import type {
  ForwardControl,
  ForwardHandler,
  ForwardRequest,
  UpgradeHandler,
  UpgradeRequest,
  Upstream,
  UpstreamState,
} from './upstream.ts'

/** How long after it was made an upstream that was never reached counts as starting. */
const START_MS = 60_000

/** To be closed. Makes no connection before the first request. */
export function createHttpUpstream(settings: UpstreamSettings, environment: UpstreamEnvironment): Upstream {
  return new HttpUpstream(settings, environment)
}

class HttpUpstream implements Upstream {
  readonly #around: ExchangeSurroundings & TunnelSurroundings
  #running = 0
  #tunnels = 0
  #reachable: boolean | undefined
  #closing = false
  #everReached = false
  #allEnded: (() => void) | undefined

  constructor(settings: UpstreamSettings, environment: UpstreamEnvironment) {
    const { clock, telemetry } = environment
    const madeAt = clock.monotonic()
    const connector = new Connector(settings)
    const { connections, streams, queue, queueTimeout: patience } = settings
    this.#around = {
      settings,
      connector,
      clock,
      telemetry,
      breaker: new Breaker(settings.breaker, clock, telemetry),
      pool: new ConnectionPool(settings, connector, environment),
      ordinary: new Admission({ places: connections, queue, patience }, clock),
      streams: new Admission({ places: streams, queue, patience }, clock),
      onReachable: reachable => {
        this.#reachable = reachable
        if (reachable) this.#everReached = true
      },
      isStarting: () => !this.#everReached && clock.monotonic() - madeAt < START_MS,
      onEnd: () => this.#onEnd(),
    }
  }

  forward(request: ForwardRequest, handler: ForwardHandler): ForwardControl {
    this.#running += 1
    const exchange = new ForwardExchange(this.#around, request, handler)
    exchange.begin(this.#refusal())
    return exchange
  }

  upgrade(request: UpgradeRequest, handler: UpgradeHandler): void {
    this.#running += 1
    this.#tunnels += 1
    const around = { ...this.#around, onEnd: () => this.#onTunnelEnd() }
    const refusal = this.#refusal()
    const tunnel = new Tunnel(around, request, handler)
    queueMicrotask(() => tunnel.open(refusal))
  }

  state(): UpstreamState {
    const { pool, ordinary, streams, breaker, settings } = this.#around
    const { connected, free } = pool.count()
    const taken = ordinary.taken + streams.taken
    return {
      connected: connected + this.#tunnels,
      free,
      running: taken + this.#tunnels,
      pending: Math.max(0, taken - (connected - free)),
      queued: ordinary.queued + streams.queued,
      utilization: ordinary.taken / settings.connections,
      breaker: breaker.state,
      reachable: this.#reachable,
    }
  }

  async close(): Promise<void> {
    this.#closing = true
    if (this.#running > 0) {
      await new Promise<void>(resolve => {
        this.#allEnded = resolve
      })
    }
    await this.#around.pool.close()
  }

  #refusal(): Fault | undefined {
    const { breaker, settings } = this.#around
    if (this.#closing) return new Fault('SHUTTING_DOWN', `the upstream ${settings.url.href} is being closed`)
    return breaker.refuses ? breakerFault(settings.url.href, breaker) : undefined
  }

  #onTunnelEnd(): void {
    this.#tunnels -= 1
    this.#onEnd()
  }

  #onEnd(): void {
    this.#running -= 1
    if (this.#running === 0) this.#allEnded?.()
  }
}
