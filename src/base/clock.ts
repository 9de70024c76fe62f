// What time is it?
//
// The only file that reads a clock. Everything that reasons about time is handed a
// Clock (or an instant), so that tests hold time still and the same rule serves the
// proxy, `explain` and `replay`.

import { type EpochMs, epochMs, type Milliseconds, milliseconds } from './units.ts'

export interface Clock {
  /** Wall-clock time; may jump when the system's clock is set. */
  now(): EpochMs
  /** Time since some fixed instant; never goes back. For measuring only. */
  monotonic(): Milliseconds
}

export const systemClock: Clock = {
  now: () => epochMs(Date.now()),
  monotonic: () => milliseconds(performance.now()),
}
