// How does a flight come to its end with nobody to read it?
//
// For requests that Pillion makes for itself and whose whole content it needs in the
// store before it goes on.

import type { Flight } from './flight.ts'

/** Reads a flight's content to nowhere, so that it comes to its end. */
export function drained(flight: Flight): Promise<void> {
  return new Promise(resolve => {
    flight.ride({ write: () => true, end: () => resolve(), abort: () => resolve(), onDrain: () => undefined })
  })
}
