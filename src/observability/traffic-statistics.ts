// How has the traffic been, just now and over the last hour?
//
// Bounded rolling windows for the dashboard and /api/stats: the whole in 300 slots of a
// second and 60 of a minute, each route in 12 of 5 s and 12 of 5 min, allocated when the
// route is first asked for. Slots are plain arrays, so that workers' statistics merge by
// adding them. Percentiles come from a log-scale histogram (a quarter octave: ± 9 %).
// Not counted in latencies: time after the head of a bypass, which may be an event
// stream of hours.

import type { Clock } from '../base/clock.ts'
import type { Telemetry } from '../base/events.ts'

export interface TrafficStatistics extends Telemetry {
  /** Routes in force: others are forgotten. */
  useRoutes(names: Iterable<string>): void
}

export function createTrafficStatistics(_clock: Clock): TrafficStatistics {
  throw new Error('not ready')
}
