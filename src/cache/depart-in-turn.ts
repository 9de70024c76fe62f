// How does a flight depart when other replicas may be asking already?
//
// When it is its turn; or not at all, where another replica's response serves its riders
// or all of them have left. The flight ends on every path (invariant 10).

import { asFault } from '../base/fault.ts'
import type { Fill } from './fill.ts'
import type { FleetTurn } from './fleet-turn.ts'
import type { Flight } from './flight.ts'

interface Waiting {
  readonly flight: Flight
  readonly fill: Fill
  readonly depart: () => void
}

/** Never rejects. */
export async function departInTurn(turn: FleetTurn, { flight, fill, depart }: Waiting): Promise<void> {
  try {
    const found = await turn.take()
    if (found !== undefined) return flight.arrive(found)
    if (flight.landed) return
    fill.departs()
    depart()
  } catch (error) {
    flight.abandon(asFault(error, 'taking turns with other replicas'))
  }
}
