// Which row of the counters is this route's?
//
// Routes of the configuration get a row each; so does `default`, where events of an
// unknown name fall too, so that totals always add up and labels stay bounded. A removed
// route keeps its row (counters shouldn't vanish at a reload) until 256 removed ones
// have gathered; then the one removed first gives its row away, emptied.

const REMOVED_LIMIT = 256

export class RouteTable {
  readonly #rows = new Map<string, number>()
  /** Names without a place in the configuration, first removed first. */
  readonly #removed = new Set<string>()
  readonly #vacant: number[] = []
  readonly #vacate: (row: number) => void

  /** `vacate` empties the row of a route that is forgotten. */
  constructor(vacate: (row: number) => void) {
    this.#vacate = vacate
    this.#rows.set('default', 0)
  }

  rowOf(route: string): number {
    return this.#rows.get(route) ?? 0
  }

  /** Number of rows ever given out: the size that arrays need. */
  get size(): number {
    return this.#rows.size + this.#vacant.length
  }

  entries(): IterableIterator<[route: string, row: number]> {
    return this.#rows.entries()
  }

  use(names: Iterable<string>): void {
    const wanted = new Set(['default', ...names])
    for (const name of this.#rows.keys()) if (!wanted.has(name)) this.#removed.add(name)
    for (const name of wanted) {
      this.#removed.delete(name)
      if (!this.#rows.has(name)) this.#rows.set(name, this.#vacant.pop() ?? this.#rows.size)
    }
    this.#forgetOldest()
  }

  #forgetOldest(): void {
    for (const name of this.#removed) {
      if (this.#removed.size <= REMOVED_LIMIT) return
      const row = this.#rows.get(name) as number
      this.#rows.delete(name)
      this.#removed.delete(name)
      this.#vacant.push(row)
      this.#vacate(row)
    }
  }
}
