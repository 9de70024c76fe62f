// In which order did the requests arrive?
//
// Logs are written when a request ends, by several workers, and logs of several machines
// run beside each other. Within one file a record waits among the next few thousand for
// those that arrived earlier; files are merged by their next record. Equal instants keep
// the order of the log. The number that waits is bounded, so memory is constant.

import type { LogRecord } from './log-record.ts'

/** Records that may wait for earlier ones; what is further out of order counts as arriving late. */
const WAITING = 4096

interface Waiting {
  readonly record: LogRecord
  readonly turn: number
}

/** A heap by arrival, then by turn. */
export class TimeOrder {
  readonly #heap: Waiting[] = []
  readonly #capacity: number
  #turn = 0

  constructor(capacity: number = WAITING) {
    this.#capacity = capacity
  }

  /** Takes a record, and gives the earliest back when more than the capacity wait. */
  push(record: LogRecord): LogRecord | undefined {
    this.#heap.push({ record, turn: this.#turn++ })
    this.#rise(this.#heap.length - 1)
    return this.#heap.length > this.#capacity ? this.pop() : undefined
  }

  /** The earliest of those that wait; undefined when none does. */
  pop(): LogRecord | undefined {
    const first = this.#heap[0]
    const last = this.#heap.pop()
    if (first === undefined || last === undefined || this.#heap.length === 0) return first?.record
    this.#heap[0] = last
    this.#sink()
    return first.record
  }

  #rise(from: number): void {
    const heap = this.#heap
    let at = from
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!earlier(heap[at] as Waiting, heap[above] as Waiting)) return
      swap(heap, at, above)
      at = above
    }
  }

  #sink(): void {
    const heap = this.#heap
    let at = 0
    for (;;) {
      let least = 2 * at + 1
      if (least >= heap.length) return
      if (least + 1 < heap.length && earlier(heap[least + 1] as Waiting, heap[least] as Waiting)) least += 1
      if (!earlier(heap[least] as Waiting, heap[at] as Waiting)) return
      swap(heap, at, least)
      at = least
    }
  }
}

function earlier(one: Waiting, other: Waiting): boolean {
  return one.record.at < other.record.at || (one.record.at === other.record.at && one.turn < other.turn)
}

function swap(heap: Waiting[], one: number, other: number): void {
  const kept = heap[one] as Waiting
  heap[one] = heap[other] as Waiting
  heap[other] = kept
}
