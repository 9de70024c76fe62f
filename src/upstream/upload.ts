// How does a client's content reach the upstream without the two ends harming each other?
//
// undici destroys the stream it sends from when an exchange ends early, and a client's
// request destroyed that way takes the client's connection with it, answer and all. So
// undici is given this relay: it reads the source by demand, and however it ends it
// only stops reading. What becomes of unread content is the server's business.

import { Readable } from 'node:stream'
import { Fault } from '../base/fault.ts'

export class Upload extends Readable {
  readonly #source: Readable
  readonly #broken: (fault: Fault) => void
  #attached = false

  /** `broken` is called when the source fails or closes before its end. */
  constructor(source: Readable, broken: (fault: Fault) => void) {
    super({ highWaterMark: 0 })
    this.#source = source
    this.#broken = broken
  }

  /** The upstream would take more, but the client has not sent it. */
  get waitsForClient(): boolean {
    return this.#attached && !this.isPaused() && this.readableLength === 0 && !this.readableEnded
  }

  override _read(): void {
    this.#attach()
    this.#source.resume()
  }

  #attach(): void {
    if (this.#attached) return
    this.#attached = true
    const source = this.#source
    source.on('data', this.#onChunk).on('end', this.#onEnd).on('error', this.#onError).on('close', this.#onClose)
    if (source.readableEnded) this.#onEnd()
    else if (source.destroyed) this.#onClose()
  }

  override _destroy(_error: Error | null, done: (error: Error | null) => void): void {
    if (this.#attached) {
      const source = this.#source
      source.off('data', this.#onChunk).off('end', this.#onEnd).off('close', this.#onClose)
      // The error listener stays: an error that nobody listens to would end the process.
      source.pause()
    }
    done(null)
  }

  readonly #onChunk = (chunk: Buffer): void => {
    if (!this.push(chunk)) this.#source.pause()
  }

  readonly #onEnd = (): void => {
    this.push(null)
  }

  readonly #onError = (error: unknown): void => {
    if (this.destroyed) return
    const fault = error instanceof Fault ? error : undefined
    this.#broken(fault ?? new Fault('CLIENT_GONE', 'reading the request content failed', { cause: error }))
  }

  readonly #onClose = (): void => {
    if (this.destroyed || this.readableEnded || this.#source.readableEnded) return
    this.#broken(new Fault('CLIENT_GONE', 'the request content ended early'))
  }
}
