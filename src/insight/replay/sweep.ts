// How does the hit rate depend on the lifetime, and on the memory?
//
// All points in one pass: a small world for each lifetime (with the memory as
// configured) and for each memory limit (with the lifetimes as configured), each with a
// bounded sample of the keys. A few thousand keys tell a hit rate to about a point.

import { milliseconds } from '../../base/units.ts'
import type { PurgeEpochs } from '../../store/purge-epochs.ts'
import { Outcomes, type OutcomeTally, rounded } from './outcome-tally.ts'
import { type Ask, World } from './world.ts'

/** One point of a curve (contract §1): seconds and bytes; `ttl` null where the configured one holds; route `*` is all together. */
export interface SweepPoint {
  readonly route: string
  readonly ttl: number | null
  readonly memory: number
  readonly hitRate: number
}

const TTLS_S = [1, 5, 15, 30, 60, 120, 300, 900, 3600, 21_600, 86_400]
const MEMORY_SHARES = [1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2]
const LEAST_MEMORY = 1024 * 1024
const MOST_SLOTS = 8_000

interface Point {
  readonly world: World
  readonly ttl: number | null
  readonly memory: number
  readonly outcomes: Map<string, Outcomes>
}

interface SweepSettings {
  readonly memory: number
  readonly maxBody: number
}

export class Sweep {
  readonly #points: readonly Point[]

  constructor({ memory, maxBody }: SweepSettings, epochs: PurgeEpochs) {
    const common = { mostSlots: MOST_SLOTS, epochs, maxBody }
    const limits = [...new Set(MEMORY_SHARES.map(share => Math.max(LEAST_MEMORY, Math.round(memory * share))))]
    this.#points = [
      ...TTLS_S.map(ttl => ({
        world: new World({ ...common, limit: memory, ttl: milliseconds(ttl * 1000) }),
        ttl,
        memory,
        outcomes: new Map(),
      })),
      ...limits.map(limit => ({
        world: new World({ ...common, limit }),
        ttl: null,
        memory: limit,
        outcomes: new Map(),
      })),
    ]
  }

  get worlds(): readonly World[] {
    return this.#points.map(({ world }) => world)
  }

  serve(ask: Ask): void {
    const { name } = ask.routed.route
    for (const { world, outcomes } of this.#points) {
      const served = world.serve(ask)
      if (served === 'unsampled') continue
      let route = outcomes.get(name)
      if (route === undefined) {
        route = new Outcomes()
        outcomes.set(name, route)
      }
      route.add(served, ask.size, 1 / world.store.rate)
    }
  }

  /** Of every route with requests that count, and of all together. */
  points(tallies: ReadonlyMap<string, OutcomeTally>): SweepPoint[] {
    const counted = [...tallies].filter(([, tally]) => tally.counted > 0)
    return this.#points.flatMap(({ ttl, memory, outcomes }) => {
      const rates = counted.map(([route, tally]) => ({
        route,
        weight: tally.counted,
        hitRate: outcomes.get(route)?.hitRate ?? 0,
      }))
      const weight = rates.reduce((sum, each) => sum + each.weight, 0)
      const whole = rates.reduce((sum, each) => sum + each.weight * each.hitRate, 0) / Math.max(1, weight)
      return [{ route: '*', hitRate: whole }, ...rates].map(({ route, hitRate }) => ({
        route,
        ttl,
        memory,
        hitRate: rounded(hitRate),
      }))
    })
  }
}
