// How does content change its coding while it streams?
//
// One encoder (or decoder) between a source and everybody who wants that form: it takes
// the source's chunks, each piece leaves as soon as it is coded, and the coded octets
// go through a SharedBody, so that several clients share one piece of work and the
// slowest one's pace is the source's where nothing is kept. While the form is to be kept
// all of it stays, and whoever comes later starts at the first octet. Every path ends:
// an encoder that fails breaks its clients' connections, a form that nobody wants any
// more lets go of its source (invariant 10). What decodes is bounded: content that grows
// out of all proportion is a bomb, not a representation.

import type { Transform } from 'node:stream'
import { Fault } from '../base/fault.ts'
import type { Choice } from '../encoding/choice.ts'
import { AT_ONCE, compressNow, createCompressor, createDecompressor } from '../encoding/codings.ts'
import type { Fields } from '../http/fields.ts'
import type { BodySink, Exchange } from './exchange.ts'
import { SharedBody, type SharedBodyLimits } from './shared-body.ts'

/** Decoded octets before growth is looked at, and the growth that nothing honest shows. */
const SUSPICIOUS_SIZE = 32 * 1024 * 1024
const SUSPICIOUS_GROWTH = 200

export interface CodedStreamPlan {
  /** Octets of the content, where it is known. */
  readonly announced?: number | undefined
  readonly limits: SharedBodyLimits
  /** Whether all of the form is still to be kept, for the store or for those who come later. */
  keeps(): boolean
  /** The whole form, where it was kept to its end. */
  onWhole(body: Buffer): void
  /** It can't be made. */
  onBroken(): void
  /** Nobody reads it and nobody keeps it. */
  onUnwanted(): void
}

/** The coder that turns content into the chosen form. */
function createCoder({ target, from }: Choice): Transform {
  if (target === 'as-is') throw new Fault('INTERNAL', 'content that stays as it is was to be coded')
  if (target !== 'identity') return createCompressor(target)
  if (from === undefined) throw new Fault('INTERNAL', 'content without a coding was to be decoded')
  return createDecompressor(from)
}

export class CodedStream implements BodySink {
  readonly #choice: Choice
  /** Undefined until content arrives, and for good where all of it came at once. */
  #coder: Transform | undefined
  #atOnce = false
  #drained: (() => void) | undefined
  readonly #decodes: boolean
  readonly #plan: CodedStreamPlan
  readonly #body: SharedBody
  #trailers: Fields = []
  #taken = 0
  #keeping = true
  #over = false

  constructor(choice: Choice, plan: CodedStreamPlan) {
    this.#choice = choice
    this.#decodes = choice.target === 'identity'
    this.#plan = plan
    this.#body = new SharedBody(plan.limits)
    this.#body.onResume(() => this.#coder?.resume())
  }

  /** True while a newcomer gets the form from its first octet. */
  get joinable(): boolean {
    return this.#keeping && !this.#over && this.#body.whole
  }

  /** Octets of the form made so far. */
  get coded(): number {
    return this.#body.received
  }

  /** Gives the form to one more client, whose account is told at the end what it saved. */
  serve(exchange: Exchange, sink: BodySink): void {
    const counted = new CountedSink(sink, sent => {
      if (!this.#decodes) exchange.account.compressionSaved = Math.max(0, this.#taken - sent)
    })
    const reader = this.#body.attach(counted)
    exchange.onAbandon(() => {
      reader.detach()
      this.#settle()
    })
  }

  write(chunk: Buffer): boolean {
    if (this.#over) return true
    const first = this.#taken === 0
    this.#taken += chunk.length
    if (first && this.#isWhole(chunk)) return this.#codeAtOnce(chunk)
    return this.#started().write(chunk)
  }

  end(trailers: Fields): void {
    this.#trailers = trailers
    if (this.#over) return
    if (this.#atOnce) this.#onEnd()
    else this.#started().end()
  }

  /** The source broke off. */
  abort(): void {
    this.#break(new Error('the content broke off'))
  }

  onDrain(listener: () => void): void {
    this.#drained = listener
  }

  #started(): Transform {
    if (this.#coder !== undefined) return this.#coder
    this.#coder = createCoder(this.#choice)
      .on('data', (chunk: Buffer) => this.#onCoded(chunk))
      .on('end', () => this.#onEnd())
      .on('error', (error: Error) => this.#break(error))
      .on('drain', () => this.#drained?.())
    return this.#coder
  }

  /** All the content in one piece: a stream's window and threads would cost ten times the coding. */
  #isWhole(chunk: Buffer): boolean {
    return !this.#decodes && chunk.length === this.#plan.announced && chunk.length <= AT_ONCE
  }

  #codeAtOnce(content: Buffer): true {
    this.#atOnce = true
    const { target } = this.#choice
    if (target !== 'as-is' && target !== 'identity') this.#onCoded(compressNow({ coding: target, content }))
    return true
  }

  #onCoded(chunk: Buffer): void {
    if (this.#over) return
    const goOn = this.#body.append(chunk)
    const { received } = this.#body
    if (this.#decodes && received > SUSPICIOUS_SIZE && received > this.#taken * SUSPICIOUS_GROWTH) {
      this.#break(new Error(`${this.#taken} octets decode to more than ${received}`))
      return
    }
    if (this.#keeping && !this.#plan.keeps()) this.#stopKeeping()
    if (!goOn) this.#coder?.pause()
  }

  #onEnd(): void {
    if (this.#over) return
    this.#over = true
    if (this.#keeping && this.#plan.keeps() && this.#body.whole) this.#plan.onWhole(this.#body.collect())
    this.#body.finish(this.#trailers)
    this.#body.stopKeeping()
  }

  #stopKeeping(): void {
    this.#keeping = false
    this.#body.stopKeeping()
  }

  #break(error: Error): void {
    if (this.#over) return
    this.#over = true
    this.#coder?.destroy()
    this.#plan.onBroken()
    this.#body.fail(new Fault('INTERNAL', 'coding content as it streams failed', { cause: error }))
  }

  #settle(): void {
    if (this.#over || this.#body.readers > 0 || (this.#keeping && this.#plan.keeps())) return
    this.#over = true
    this.#coder?.destroy()
    this.#body.stopKeeping()
    this.#plan.onUnwanted()
  }
}

/** Passes everything on and says at the end how many octets that were. */
class CountedSink implements BodySink {
  readonly #sink: BodySink
  readonly #onEnd: (sent: number) => void
  #sent = 0

  constructor(sink: BodySink, onEnd: (sent: number) => void) {
    this.#sink = sink
    this.#onEnd = onEnd
  }

  write(chunk: Buffer): boolean {
    this.#sent += chunk.length
    return this.#sink.write(chunk)
  }

  end(trailers: Fields): void {
    this.#onEnd(this.#sent)
    this.#sink.end(trailers)
  }

  abort(): void {
    this.#sink.abort()
  }

  onDrain(listener: () => void): void {
    this.#sink.onDrain(listener)
  }
}
