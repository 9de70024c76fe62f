// How is something counted without making anything?
//
// Rows of 64-bit floats (exact to 2^53), one row per route or per closed label, grown
// when routes are added. A histogram keeps one cell per bucket, not cumulated, and its
// sum; cumulating is the scrape's work. `Labels` maps a reason, which comes from code
// but from many places, to a cell: at most 64, the rest fall under `other`.

import type { Milliseconds } from '../base/units.ts'

export class CounterRows {
  readonly width: number
  #cells: Float64Array<ArrayBuffer>

  constructor(width: number, rows = 1) {
    this.width = width
    this.#cells = new Float64Array(width * rows)
  }

  add(row: number, column: number, amount: number): void {
    const at = row * this.width + column
    this.#cells[at] = (this.#cells[at] ?? 0) + amount
  }

  at(row: number, column: number): number {
    return this.#cells[row * this.width + column] ?? 0
  }

  /** Makes room for `rows`; keeps what is counted. */
  grow(rows: number): void {
    if (rows * this.width <= this.#cells.length) return
    const grown = new Float64Array(rows * this.width)
    grown.set(this.#cells)
    this.#cells = grown
  }

  clear(row: number): void {
    this.#cells.fill(0, row * this.width, (row + 1) * this.width)
  }
}

/** Rows of `series` histograms each, all with the same upper bounds in seconds. */
export class HistogramRows {
  readonly bounds: readonly number[]
  readonly #cells: CounterRows
  readonly #stride: number

  constructor(bounds: readonly number[], series: number, rows = 1) {
    this.bounds = bounds
    this.#stride = bounds.length + 2
    this.#cells = new CounterRows(series * this.#stride, rows)
  }

  observe(row: number, series: number, duration: Milliseconds): void {
    const seconds = duration / 1000
    let bucket = 0
    while (bucket < this.bounds.length && seconds > (this.bounds[bucket] as number)) bucket += 1
    const base = series * this.#stride
    this.#cells.add(row, base + bucket, 1)
    this.#cells.add(row, base + this.#stride - 1, seconds)
  }

  /** Counts per bucket (the last is beyond all bounds) and the sum in seconds. */
  read(row: number, series: number): { readonly counts: readonly number[]; readonly sum: number } {
    const base = series * this.#stride
    const counts = Array.from({ length: this.bounds.length + 1 }, (_, bucket) => this.#cells.at(row, base + bucket))
    return { counts, sum: this.#cells.at(row, base + this.#stride - 1) }
  }

  grow(rows: number): void {
    this.#cells.grow(rows)
  }

  clear(row: number): void {
    this.#cells.clear(row)
  }
}

const LABEL_LIMIT = 64

export class Labels {
  readonly #columns = new Map<string, number>([['other', 0]])

  static readonly width = LABEL_LIMIT

  columnOf(label: string): number {
    const known = this.#columns.get(label)
    if (known !== undefined) return known
    if (this.#columns.size >= LABEL_LIMIT) return 0
    this.#columns.set(label, this.#columns.size)
    return this.#columns.size - 1
  }

  entries(): IterableIterator<[label: string, column: number]> {
    return this.#columns.entries()
  }
}
