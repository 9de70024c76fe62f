// Does the client on board still want its answer?
//
// Whoever waits for a flight has a place; a client that goes away leaves it once, unless
// the answer is its own already.

import type { Flight } from './flight.ts'
import type { RoutedRequest } from './routed-request.ts'

/** A client that goes away leaves its flight, once, unless it already has its answer. */
export interface Place {
  /** From now on the answer is the client's: false when it left before. */
  claim(): boolean
}

export const NO_PLACE: Place = { claim: () => true }

export function takePlace({ exchange }: RoutedRequest, flight: Flight): Place {
  let state: 'boarded' | 'left' | 'claimed' = 'boarded'
  exchange.onAbandon(() => {
    if (state !== 'boarded') return
    state = 'left'
    flight.leave()
  })
  return {
    claim: () => {
      if (state === 'boarded') state = 'claimed'
      return state === 'claimed'
    },
  }
}
