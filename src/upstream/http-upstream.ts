// Who stands behind the Upstream interface?
//
// One backend over HTTP/1.1 by undici: settings in, exchanges out. This file only puts
// the parts together: admission (two quotas, so that endless event streams can't use up
// the ordinary connections), breaker, connections, and an exchange per request. undici
// and its errors are not seen outside this folder.

import type { Clock } from '../base/clock.ts'
import type { Telemetry } from '../base/events.ts'
import { Fault } from '../base/fault.ts'
import { Admission } from './admission.ts'
import { Breaker } from './breaker.ts'
import { ConnectionPool } from './connection-pool.ts'
import { breakerFault, type ExchangeSurroundings, ForwardExchange } from './exchange.ts'
import type { UpstreamSettings } from './settings.ts'
import type { ForwardControl, ForwardHandler, ForwardRequest, Upstream, UpstreamState } from './upstream.ts'

export interface UpstreamEnvironment {
  readonly clock: Clock
  readonly telemetry: Telemetry
}

/** To be closed. Makes no connection before the first request. */
export function createHttpUpstream(settings: UpstreamSettings, environment: UpstreamEnvironment): Upstream {
  return new HttpUpstream(settings, environment)
}

class HttpUpstream implements Upstream {
  readonly #around: ExchangeSurroundings
  #running = 0
  #reachable: boolean | undefined
  #closing = false
  #allEnded: (() => void) | undefined

  constructor(settings: UpstreamSettings, { clock, telemetry }: UpstreamEnvironment) {
    const { connections, streams, queue, queueTimeout: patience } = settings
    this.#around = {
      settings,
      clock,
      telemetry,
      breaker: new Breaker(settings.breaker, clock, telemetry),
      pool: new ConnectionPool(settings, clock, telemetry),
      ordinary: new Admission({ places: connections, queue, patience }, clock),
      streams: new Admission({ places: streams, queue, patience }, clock),
      onReachable: reachable => {
        this.#reachable = reachable
      },
      onEnd: () => this.#onEnd(),
    }
  }

  forward(request: ForwardRequest, handler: ForwardHandler): ForwardControl {
    this.#running += 1
    const exchange = new ForwardExchange(this.#around, request, handler)
    exchange.begin(this.#refusal())
    return exchange
  }

  state(): UpstreamState {
    const { pool, ordinary, streams, breaker, settings } = this.#around
    const { connected, free } = pool.count()
    const taken = ordinary.taken + streams.taken
    return {
      connected,
      free,
      running: taken,
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

  #onEnd(): void {
    this.#running -= 1
    if (this.#running === 0) this.#allEnded?.()
  }
}
