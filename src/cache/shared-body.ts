// How does one response's content reach several clients and the store?
//
// Chunks are appended once, as they arrive, and each reader goes through them at its own
// pace. While the content is being kept (it may be stored, or readers may still join)
// every chunk stays; after `stopKeeping` a chunk goes as soon as the slowest reader has
// it. The origin is taken at its own speed while the backlog fits `maxBacklog` and the
// common budget; beyond that the slowest reader's pace is the origin's (back-pressure).
// Every reader ends: with `end`, with `abort`, or by being detached (invariant 10).

import type { Fault } from '../base/fault.ts'
import type { Bytes } from '../base/units.ts'
import type { Fields } from '../http/fields.ts'
import type { BufferBudget } from './buffer-budget.ts'
import type { BodySink } from './exchange.ts'

/** Backlog allowed when the budget is used up: enough to keep a pipe busy. */
const SMALLEST_BACKLOG = 64 * 1024

export interface SharedBodyLimits {
  readonly budget: BufferBudget
  /** Most octets that may wait for the slowest reader, or be kept for the store. */
  readonly maxBacklog: Bytes
}

export class SharedBody {
  readonly #limits: SharedBodyLimits
  readonly #readers = new Set<BodyReader>()
  #chunks: Buffer[] = []
  /** Number of chunks already let go from the front. */
  #released = 0
  #held = 0
  #keeping = true
  #received = 0
  #ended: { readonly trailers: Fields } | undefined
  #fault: Fault | undefined
  #paused = false
  #resume: () => void = () => undefined

  constructor(limits: SharedBodyLimits) {
    this.#limits = limits
  }

  /** Octets that arrived so far. */
  get received(): number {
    return this.#received
  }

  /** True while all content so far is still here, so that a reader may join. */
  get whole(): boolean {
    return this.#released === 0 && this.#fault === undefined
  }

  get readers(): number {
    return this.#readers.size
  }

  /** How the origin is told to go on after `append` returned false. */
  onResume(resume: () => void): void {
    this.#resume = resume
  }

  /** Takes a chunk; false asks the origin to pause until the resume callback. */
  append(chunk: Buffer): boolean {
    this.#received += chunk.length
    this.#chunks.push(chunk)
    this.#held += chunk.length
    this.#limits.budget.take(chunk.length)
    for (const reader of this.#readers) reader.pump()
    if (!this.#keeping) this.#release()
    this.#paused = this.#mustPause()
    return !this.#paused
  }

  finish(trailers: Fields): void {
    this.#ended = { trailers }
    for (const reader of this.#readers) reader.pump()
  }

  fail(fault: Fault): void {
    this.#fault = fault
    for (const reader of this.#readers) reader.abort()
    this.#letGo()
  }

  /** Starts a reader at the first octet. Only while `whole`. */
  attach(sink: BodySink): BodyReader {
    const reader = new BodyReader(this, sink)
    this.#readers.add(reader)
    reader.pump()
    if (this.#fault !== undefined) reader.abort()
    return reader
  }

  detach(reader: BodyReader): void {
    if (!this.#readers.delete(reader)) return
    this.afterRead()
  }

  /** All content as one buffer of its own memory. Only while `whole` and ended. */
  collect(): Buffer {
    const all = Buffer.allocUnsafeSlow(this.#received)
    let at = 0
    for (const chunk of this.#chunks) at += chunk.copy(all, at)
    return all
  }

  /** Nobody will store it and nobody joins any more: chunks go once they are read. */
  stopKeeping(): void {
    this.#keeping = false
    this.afterRead()
  }

  chunkAt(position: number): Buffer | undefined {
    return this.#chunks[position - this.#released]
  }

  get ended(): { readonly trailers: Fields } | undefined {
    return this.#ended
  }

  /** A reader has moved: let go what all have, and let the origin go on. */
  afterRead(): void {
    if (!this.#keeping) this.#release()
    if (!this.#paused || this.#mustPause()) return
    this.#paused = false
    this.#resume()
  }

  #release(): void {
    let slowest = this.#released + this.#chunks.length
    for (const reader of this.#readers) slowest = Math.min(slowest, reader.position)
    let size = 0
    const count = slowest - this.#released
    for (let at = 0; at < count; at++) size += (this.#chunks[at] as Buffer).length
    if (count === 0) return
    this.#chunks.splice(0, count)
    this.#released = slowest
    this.#held -= size
    this.#limits.budget.give(size)
  }

  #letGo(): void {
    this.#limits.budget.give(this.#held)
    this.#held = 0
    this.#released += this.#chunks.length
    this.#chunks = []
  }

  #mustPause(): boolean {
    const backlog = this.#backlog()
    if (backlog > this.#limits.maxBacklog) return true
    return backlog > SMALLEST_BACKLOG && this.#limits.budget.taken > this.#limits.budget.limit
  }

  /** Octets that the slowest reader still has to take. */
  #backlog(): number {
    let most = 0
    for (const reader of this.#readers) most = Math.max(most, this.#received - reader.taken)
    return most
  }
}

/** One client's way through a SharedBody. */
export class BodyReader {
  readonly #body: SharedBody
  readonly #sink: BodySink
  #full = false
  #done = false
  /** Index of the next chunk. */
  position = 0
  /** Octets handed to the sink. */
  taken = 0

  constructor(body: SharedBody, sink: BodySink) {
    this.#body = body
    this.#sink = sink
    sink.onDrain(() => {
      this.#full = false
      this.pump()
    })
  }

  pump(): void {
    if (this.#done) return
    let moved = false
    for (let chunk = this.#next(); chunk !== undefined; chunk = this.#next()) {
      this.position += 1
      this.taken += chunk.length
      moved = true
      this.#full = !this.#sink.write(chunk)
    }
    const ended = this.#body.ended
    if (ended !== undefined && this.#body.chunkAt(this.position) === undefined) this.#end(ended.trailers)
    else if (moved) this.#body.afterRead()
  }

  abort(): void {
    if (this.#done) return
    this.#done = true
    this.#sink.abort()
  }

  /** The client is gone. */
  detach(): void {
    this.#done = true
    this.#body.detach(this)
  }

  #next(): Buffer | undefined {
    return this.#full ? undefined : this.#body.chunkAt(this.position)
  }

  #end(trailers: Fields): void {
    this.#done = true
    this.#sink.end(trailers)
    this.#body.detach(this)
  }
}
