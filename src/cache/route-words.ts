// Does the operator's word on a whole route hold?
//
// `accepted: route` says that the origin decides by credential and parts alone. The word
// is untested after each (re)load, until control requests (control-requests.ts) were all
// refused; one 200 breaks it until the next load, and the route falls back to `response`.

import { type EpochMs, epochMs } from '../base/units.ts'
import type { Route } from '../routing/route.ts'

export type WordState = 'untested' | 'holds' | 'broken'

/** How long a word is good without another control request. */
const TESTED_FOR_MS = 60_000

interface Word {
  state: WordState
  testedAt: EpochMs
}

export class RouteWords {
  readonly #words = new Map<string, Word>()

  /** A configuration came into force: every word is new. */
  clear(): void {
    this.#words.clear()
  }

  stateOf(route: Route): WordState {
    return this.#words.get(route.name)?.state ?? 'untested'
  }

  tested(route: Route, state: WordState, now: EpochMs): void {
    if (this.stateOf(route) !== 'broken') this.#words.set(route.name, { state, testedAt: now })
  }

  /** Whether it is time to test a word that held. */
  isDue(route: Route, now: EpochMs): boolean {
    const word = this.#words.get(route.name)
    return word?.state === 'holds' && now - (word.testedAt ?? epochMs(0)) > TESTED_FOR_MS
  }
}
