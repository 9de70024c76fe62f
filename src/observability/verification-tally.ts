// What did comparing hits with fresh answers show, route by route?
//
// Counts since the start, and how old the stored responses were that had been outdated:
// the real staleness of a route, as far as it was looked at. One small row per route that
// was verified; names come from the configuration, and removed ones are bounded.

import { VERDICTS, type Verdict, type VerifiedEvent } from '../base/events.ts'
import { type Milliseconds, milliseconds } from '../base/units.ts'

export interface Verification {
  readonly route: string
  readonly results: Readonly<Record<Verdict, number>>
  /** Mean age of the stored responses that had changed; undefined where none had. */
  readonly changedAge: Milliseconds | undefined
}

interface Row {
  readonly results: Record<Verdict, number>
  changedAges: number
}

const MOST_ROUTES = 1024

export class VerificationTally {
  readonly #rows = new Map<string, Row>()

  count(event: VerifiedEvent): void {
    const row = this.#rows.get(event.route) ?? this.#newRow(event.route)
    if (row === undefined) return
    row.results[event.result] += 1
    if (event.result === 'changed') row.changedAges += event.age
  }

  report(): Verification[] {
    return [...this.#rows].map(([route, { results, changedAges }]) => ({
      route,
      results: { ...results },
      changedAge: results.changed === 0 ? undefined : milliseconds(changedAges / results.changed),
    }))
  }

  #newRow(route: string): Row | undefined {
    if (this.#rows.size >= MOST_ROUTES) return undefined
    const results = Object.fromEntries(VERDICTS.map(verdict => [verdict, 0])) as Record<Verdict, number>
    const row = { results, changedAges: 0 }
    this.#rows.set(route, row)
    return row
  }
}
