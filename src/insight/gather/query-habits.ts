// Which query parameters do clients send, and always in the same order?
//
// Names are counted up to a bound; of a sample of URLs the order seen first is remembered,
// and whether another one came for the same URL, which without Pillion's sorting would
// have been another response to keep.

import { parameterName, parametersOf } from '../../routing/query.ts'
import type { QueryFacts } from '../traffic-profile.ts'

const MOST_NAMES = 32
const MOST_URLS = 128

export class QueryHabits {
  readonly #names = new Map<string, number>()
  /** By hash of the URL in its sorted form: the order of its names at first, or null once there is another. */
  readonly #orders = new Map<number, string | null>()
  #queried = 0

  add(hash: number, query: string, weight: number): void {
    this.#queried += weight
    const names = parametersOf(query).map(parameterName)
    for (const name of new Set(names)) {
      if (!this.#names.has(name) && this.#names.size >= MOST_NAMES) continue
      this.#names.set(name, (this.#names.get(name) ?? 0) + weight)
    }
    if (names.length > 1) this.#noteOrder(hash, names.join('&'))
  }

  facts(): QueryFacts {
    const names = [...this.#names].map(([name, requests]) => ({ name, requests }))
    names.sort((a, b) => b.requests - a.requests)
    const reordered = [...this.#orders.values()].filter(order => order === null).length
    return { queried: this.#queried, names, reordered }
  }

  #noteOrder(hash: number, order: string): void {
    const known = this.#orders.get(hash)
    if (known === undefined) {
      if (this.#orders.size < MOST_URLS) this.#orders.set(hash, order.slice(0, 256))
    } else if (known !== order.slice(0, 256)) this.#orders.set(hash, null)
  }
}
