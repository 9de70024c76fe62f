// Do bodies grow over the time that is watched?
//
// Mean sizes in at most 16 stretches of time of equal length; when all are used up,
// neighbours are joined and each is twice as long from then on.

import { type Bytes, bytes, type EpochMs } from '../../base/units.ts'
import type { RouteProfile } from '../traffic-profile.ts'

const STRETCHES = 16
/** Fewer bodies in a quarter say nothing. */
const LEAST = 5

interface Stretch {
  total: number
  count: number
}

export class Growth {
  #stretches: Stretch[] = []
  #length = 1000
  #from: EpochMs | undefined

  add(at: EpochMs, size: Bytes): void {
    this.#from ??= at
    let index = Math.max(0, Math.floor((at - this.#from) / this.#length))
    while (index >= STRETCHES) {
      this.#join()
      index = Math.floor((at - this.#from) / this.#length)
    }
    while (this.#stretches.length <= index) this.#stretches.push({ total: 0, count: 0 })
    const stretch = this.#stretches[index] as Stretch
    stretch.total += size
    stretch.count += 1
  }

  /** Means of the first and the last quarter. */
  ends(): RouteProfile['growth'] {
    const quarter = Math.floor(this.#stretches.length / 4)
    const [first, last] = [this.#stretches.slice(0, quarter), this.#stretches.slice(-quarter)].map(joined) as [
      Stretch,
      Stretch,
    ]
    if (quarter === 0 || first.count < LEAST || last.count < LEAST) return undefined
    return { first: bytes(first.total / first.count), last: bytes(last.total / last.count) }
  }

  #join(): void {
    const pairs: Stretch[] = []
    for (let at = 0; at < this.#stretches.length; at += 2) pairs.push(joined(this.#stretches.slice(at, at + 2)))
    this.#stretches = pairs
    this.#length *= 2
  }
}

function joined(stretches: readonly Stretch[]): Stretch {
  return stretches.reduce((sum, each) => ({ total: sum.total + each.total, count: sum.count + each.count }), {
    total: 0,
    count: 0,
  })
}
