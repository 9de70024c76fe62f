// How were pool, queue and memory over the last minutes and the last hour?
//
// Gauges have no events, so they are looked at once a tick. Fixed rings: 300 slots of a
// second and 60 of a minute, each keeping the largest value seen in its slot, because it
// is the peaks that hurt. A slot without a look is null, not zero.

import { type Milliseconds, milliseconds } from '../base/units.ts'

export interface Gauges {
  readonly pool: number
  readonly queued: number
  readonly storeBytes: number
  readonly residentBytes: number
}

export type GaugeName = keyof Gauges

const NAMES: readonly GaugeName[] = ['pool', 'queued', 'storeBytes', 'residentBytes']

class GaugeRing {
  readonly #slots: number
  readonly #slotLength: Milliseconds
  readonly #values: Float64Array
  readonly #holds: Float64Array

  constructor(slots: number, slotLength: Milliseconds) {
    this.#slots = slots
    this.#slotLength = slotLength
    this.#values = new Float64Array(slots * NAMES.length)
    this.#holds = new Float64Array(slots).fill(-1)
  }

  record(gauges: Gauges, now: Milliseconds): void {
    const slot = Math.floor(now / this.#slotLength)
    const place = slot % this.#slots
    const isNew = this.#holds[place] !== slot
    this.#holds[place] = slot
    NAMES.forEach((name, at) => {
      const cell = place * NAMES.length + at
      this.#values[cell] = isNew ? gauges[name] : Math.max(this.#values[cell] as number, gauges[name])
    })
  }

  /** One value per slot, oldest first, the slot of `now` last. */
  curve(name: GaugeName, now: Milliseconds): (number | null)[] {
    const last = Math.floor(now / this.#slotLength)
    return Array.from({ length: this.#slots }, (_, at) => {
      const slot = last - this.#slots + 1 + at
      const place = slot % this.#slots
      if (slot < 0 || this.#holds[place] !== slot) return null
      return this.#values[place * NAMES.length + NAMES.indexOf(name)] as number
    })
  }
}

export class GaugeHistory {
  readonly seconds = new GaugeRing(300, milliseconds(1000))
  readonly minutes = new GaugeRing(60, milliseconds(60_000))

  record(gauges: Gauges, now: Milliseconds): void {
    this.seconds.record(gauges, now)
    this.minutes.record(gauges, now)
  }
}
