// How old is a stored response?
//
// RFC 9111 §4.2.3. Two estimates of the age on arrival: what caches on the way told us
// (Age, plus the time the exchange took) and what the two clocks suggest (Date). The
// larger wins, so a wrong clock can make us validate too early but never reuse too late.
// A clock of ours that is set back makes nothing younger than it was on arrival.

import {
  type EpochMs,
  elapsed,
  type Milliseconds,
  milliseconds,
  type Seconds,
  seconds,
  toMilliseconds,
  toSeconds,
} from '../base/units.ts'
import { MAX_DELTA_SECONDS, parseDeltaSeconds } from './cache-control.ts'
import { fieldLines } from './fields.ts'
import { splitList } from './list-syntax.ts'
import type { StoredHead } from './message.ts'

/** What an age is reckoned from. */
export type AgedHead = Pick<StoredHead, 'fields' | 'date' | 'requestTime' | 'responseTime'>

/** The first member of Age; undefined where there is none or it is no delta-seconds (RFC 9111 §5.1). */
export function parseAge(lines: readonly string[]): Seconds | undefined {
  const [first] = lines.flatMap(line => splitList(line))
  return parseDeltaSeconds(first)
}

/** Its age when it arrived: corrected_initial_age of RFC 9111 §4.2.3. */
export function ageOnArrival(stored: AgedHead): Milliseconds {
  const told = toMilliseconds(parseAge(fieldLines(stored.fields, 'age')) ?? seconds(0))
  const responseDelay = Math.max(0, elapsed(stored.requestTime, stored.responseTime))
  // Date counts in whole seconds: a second that has begun is not yet a second of age.
  const apparentAge = toMilliseconds(toSeconds(elapsed(stored.date, stored.responseTime)))
  return milliseconds(Math.max(0, apparentAge, told + responseDelay))
}

/** How old a stored response is at `now` (RFC 9111 §4.2.3). */
export function currentAge(stored: AgedHead, now: EpochMs): Milliseconds {
  const residentTime = Math.max(0, elapsed(stored.responseTime, now))
  return milliseconds(ageOnArrival(stored) + residentTime)
}

/** The value of the Age field for an age: whole seconds, clamped (RFC 9111 §1.2.2, §5.1). */
export function ageValue(age: Milliseconds): string {
  return String(Math.max(0, Math.min(toSeconds(age), MAX_DELTA_SECONDS)))
}
