// The services that an admin listener is given in tests: real metrics and statistics,
// and answers that a test can replace.

import { type Admin, type AdminOptions, createAdmin } from '../../src/admin/admin.ts'
import type { AdminServices, Phase, PurgeOrder } from '../../src/admin/services.ts'
import type { Clock } from '../../src/base/clock.ts'
import type { TelemetryEvent } from '../../src/base/events.ts'
import { bytes, epochMs, milliseconds, ratio } from '../../src/base/units.ts'
import { createMetrics, type Metrics } from '../../src/observability/metrics.ts'
import { createTrafficStatistics, type TrafficStatistics } from '../../src/observability/traffic-statistics.ts'
import type { UpstreamState } from '../../src/upstream/upstream.ts'

export const idleUpstream: UpstreamState = {
  connected: 2,
  free: 2,
  running: 0,
  pending: 0,
  queued: 0,
  utilization: 0,
  breaker: 'closed',
  reachable: true,
}

interface TestServices extends AdminServices {
  readonly metrics: Metrics
  readonly statistics: TrafficStatistics
  readonly orders: PurgeOrder[]
  phaseNow: Phase
  upstreamNow: UpstreamState
}

const routeMatches = new Map([
  ['patients', 'GET /api/v1/patients'],
  ['dashboard', 'GET /api/v1/dashboard/**'],
  ['assets', 'GET /static/**'],
])

function someServices(clock: Clock, replaced: Partial<AdminServices> = {}): TestServices {
  const stores = () => [{ tier: 'memory' as const, bytes: bytes(2_097_152), limit: bytes(536_870_912), entries: 42 }]
  const orders: PurgeOrder[] = []
  const metrics = createMetrics({
    sources: {
      upstream: () => services.upstreamNow,
      stores,
      memoryOperations: () => ({ hits: 0, misses: 0, stored: 0, refused: 0, removed: 0, purged: 0 }),
      redisUp: () => undefined,
      configurationHash: () => 'c0ffee',
      quarantined: () => new Map([['patients', false]]),
    },
  })
  const statistics = createTrafficStatistics(clock)
  statistics.useRoutes(routeMatches.keys())
  const services: TestServices = {
    orders,
    phaseNow: 'ready',
    upstreamNow: idleUpstream,
    metrics,
    statistics,
    stores,
    health: { phase: () => services.phaseNow, upstream: () => services.upstreamNow, redis: () => undefined },
    settings: {
      version: '0.1.0',
      startedAt: epochMs(clock.now() - 3_700_000),
      slo: () => ({ hitRate: ratio(0.7), cached: milliseconds(200), uncached: milliseconds(1000), pool: ratio(0.8) }),
      configurationHash: () => 'c0ffee',
      effective: () => ({ listen: '127.0.0.1:8080', admin: { token: '***' } }),
      routes: () => routeMatches,
    },
    entry: asked => Promise.resolve({ asked }),
    explain: asked => Promise.resolve({ route: 'patients', asked }),
    purge: order => {
      orders.push(order)
      return Promise.resolve({ purged: 3, replicas: 'local' as const })
    },
    advice: () => ({
      yaml: 'routes: {}\n',
      routes: [],
      backend: [{ kind: 'slow-route', route: 'patients', evidence: 'slow', advice: 'be quick' }],
    }),
    quarantined: () => [],
    liftQuarantine: route => Promise.resolve({ route, lifted: true }),
    reload: () => Promise.resolve({ ok: true as const, hash: 'c0ffee' }),
    ...replaced,
  }
  return services
}

export interface RunningAdmin {
  readonly admin: Admin
  readonly services: TestServices
  readonly events: TelemetryEvent[]
  readonly url: string
  close(): Promise<void>
}

interface AdminSketch extends Partial<Pick<AdminOptions, 'listen' | 'token' | 'tick'>> {
  readonly clock: Clock
  readonly replaced?: Partial<AdminServices>
}

export async function startAdmin({ clock, replaced, ...sketch }: AdminSketch): Promise<RunningAdmin> {
  const services = someServices(clock, replaced)
  const events: TelemetryEvent[] = []
  const admin = await createAdmin({
    listen: { kind: 'tcp', host: '127.0.0.1', port: 0 },
    token: undefined,
    ...sketch,
    clock,
    services,
    telemetry: { emit: event => events.push(event) },
  })
  const close = async () => {
    await admin.close()
    services.metrics.close()
  }
  return { admin, services, events, url: `http://${admin.address}`, close }
}
