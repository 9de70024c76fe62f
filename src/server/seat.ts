// What does a process need to know when it is one of several that are one Pillion?
//
// Its share of the totals, what has to be the same in all of them, and the ways to tell
// the others and the process in charge. A process alone has no seat.

import type { Telemetry } from '../base/events.ts'
import type { Milliseconds } from '../base/units.ts'
import type { Place } from '../config/worker-shares.ts'
import type { Tell } from './news.ts'

export interface Seat {
  readonly place: Place
  /** Bounds of histograms. */
  readonly thresholds: readonly Milliseconds[]
  /** Under which the access log hides queries. */
  readonly queryKey: Buffer
  /** Hears what the process in charge keeps for all. */
  readonly telemetry: Telemetry
  readonly tell: Tell
  /** As EngineServices has it. */
  readonly withdrawalsTold: () => Promise<unknown> | undefined
}
