// Are these two answers the same representation?
//
// Digest of status, media type and decoded content, taken while the content streams by.
// Content codings are undone first, because the same content may be compressed anew each
// time and come out otherwise (gzip stamps the time; some servers pad at random). Keyed
// with a secret of this process, so that a digest that leaks confirms no guess. Content
// over the limit, or coded so that it can't be read, has no digest: nothing is guessed.

import { createHash, type Hash, randomBytes } from 'node:crypto'
import type { Transform } from 'node:stream'
import { finished } from 'node:stream/promises'
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib'
import type { Bytes } from '../base/units.ts'
import { fieldValue } from '../http/fields.ts'
import type { ResponseHead } from '../http/message.ts'
import type { Digest } from './owed-history.ts'

const SECRET = randomBytes(32)
/** Content may come to this many times its coded size. */
const MOST_EXPANSION = 32

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
}

export class RepresentationDigest {
  readonly #hash: Hash
  readonly #decoder: Transform | undefined
  #encoded = 0
  #decoded = 0
  #lost = false
  readonly #limit: Bytes

  constructor(head: ResponseHead, limit: Bytes) {
    const coding = fieldValue(head.fields, 'content-encoding')?.trim().toLowerCase() ?? ''
    const decoder = Object.hasOwn(DECODERS, coding) ? DECODERS[coding] : undefined
    const type = fieldValue(head.fields, 'content-type') ?? ''
    this.#limit = limit
    this.#hash = createHash('sha256').update(SECRET)
    this.#hash.update(JSON.stringify([head.status, type, decoder === undefined ? coding : '']))
    this.#decoder = decoder?.()
    this.#decoder?.on('data', (piece: Buffer) => this.#take(piece)).on('error', () => this.abandon())
  }

  update(chunk: Buffer): void {
    if (this.#lost) return
    this.#encoded += chunk.length
    if (this.#encoded > this.#limit) this.abandon()
    else if (this.#decoder === undefined) this.#hash.update(chunk)
    else this.#decoder.write(chunk)
  }

  /** Undefined: there is none. Call it at a clean end alone. */
  async finish(): Promise<Digest | undefined> {
    if (this.#lost) return undefined
    if (this.#decoder !== undefined) {
      this.#decoder.end()
      // What went wrong was already heard by the listener above.
      await finished(this.#decoder).catch(() => this.abandon())
    }
    return this.#lost ? undefined : (this.#hash.digest('base64url').slice(0, 22) as Digest)
  }

  /** There will be no digest. */
  abandon(): void {
    this.#lost = true
    this.#decoder?.destroy()
  }

  #take(piece: Buffer): void {
    this.#decoded += piece.length
    if (this.#decoded > this.#limit * MOST_EXPANSION) this.abandon()
    else this.#hash.update(piece)
  }
}

/** Of content that is at hand. */
export function digestOf(head: ResponseHead, body: Buffer, limit: Bytes): Promise<Digest | undefined> {
  const digest = new RepresentationDigest(head, limit)
  digest.update(body)
  return digest.finish()
}
