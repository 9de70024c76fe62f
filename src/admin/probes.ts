// Is Pillion alive, and should it get traffic?
//
// Alive: the event loop answers. Ready: it listens with a valid configuration, until the
// first signal. The upstream, its breaker and Redis are told but never decide, since a
// sidecar that turns unready with its backend takes away what it could still serve;
// whoever wants them to decide asks for /readyz?upstream.

import type { UpstreamState } from '../upstream/upstream.ts'
import { json, type WholeAnswer } from './answer.ts'
import type { HealthService } from './services.ts'

export function answerLive(): WholeAnswer {
  return json({ status: 'alive' })
}

export function answerReady(health: HealthService, query: string): WholeAnswer {
  const phase = health.phase()
  const upstream = health.upstream()
  const redis = health.redis()
  const upstreamDecides = new URLSearchParams(query).has('upstream')
  const isReady = phase === 'ready' && (!upstreamDecides || answers(upstream))
  const status = phase === 'ready' && !isReady ? 'upstream-down' : phase
  return json(
    {
      status,
      upstream: {
        reachable: upstream.reachable ?? null,
        breaker: upstream.breaker,
        utilization: upstream.utilization,
        queued: upstream.queued,
      },
      redis: redis === undefined ? null : { up: redis.up },
    },
    isReady ? 200 : 503,
  )
}

/** Before the first exchange nothing speaks against it. */
function answers(upstream: UpstreamState): boolean {
  return upstream.breaker !== 'open' && upstream.reachable !== false
}
