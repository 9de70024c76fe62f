// Whom would the origin have accepted by now?
//
// Under `signed-in` and parts a caller's first request for what is stored goes to the origin,
// which accepts the caller by answering it, for as long and as far as the route's `trust` and
// `accepted` say (contract §2). A log shows no tokens, so `token` is played as `response`;
// what a 401 or 403 takes away is taken away for that response and route. An answer of
// another size is another representation, whose acceptances begin anew. Bounded: what is
// forgotten counts as one more request to the origin.

import { BoundedMap } from '../../base/bounded-map.ts'
import { type EpochMs, later } from '../../base/units.ts'
import type { RoutedRequest } from '../../cache/routed-request.ts'

const MOST = { keys: 200_000, characters: 40_000_000 }
const WITHDRAWN: ReadonlySet<number> = new Set([401, 403])

export class AcceptanceBook {
  readonly #until = new BoundedMap<EpochMs>(MOST)
  /** The size of each key's newest answer. */
  readonly #sizes = new BoundedMap<number>(MOST)

  standing(routed: RoutedRequest, now: EpochMs): 'not-needed' | 'accepted' | 'none' {
    const subject = this.#subjectOf(routed)
    if (subject === undefined) return 'not-needed'
    const until = this.#until.get(subject)
    return until !== undefined && now < until ? 'accepted' : 'none'
  }

  /** The origin answered the caller at `now`. */
  answered(routed: RoutedRequest, { status, size }: { status: number; size: number }, now: EpochMs): void {
    if (routed.sharing.acceptance === undefined) return
    if (status === 200) this.#sizes.set(routed.key, size)
    const subject = this.#subjectOf(routed) as string
    if (WITHDRAWN.has(status)) this.#until.delete(subject)
    else if (status === 200) this.#until.set(subject, later(now, routed.route.trust))
  }

  #subjectOf({ sharing, route, key }: RoutedRequest): string | undefined {
    const { acceptance, caller } = sharing
    if (acceptance === undefined) return undefined
    if (route.accepted === 'route') return `${acceptance.caller}r${route.keyPrefix}${caller ?? ''}`
    return `${acceptance.caller}${this.#sizes.get(key)}:${key}`
  }
}
