// How many different keys were there, and how do requests spread over them?
//
// A fair sample of keys in bounded memory: a key counts if its hash is below a bound that
// is halved whenever the sample is full. What is below the bound has been below every
// earlier one, so its count is exact from its first request on, and the number of all
// keys is the sample's size divided by the bound (within about 1/√n; exact while all fit).

import type { Popularity } from '../traffic-profile.ts'

const MOST_KEYS = 128

export class KeySample {
  readonly #counts = new Map<number, number>()
  /** Share of all hashes that is sampled. */
  #share = 1

  /** `hash` in [0, 1), equal for equal keys. */
  add(hash: number, weight: number): void {
    if (hash >= this.#share) return
    this.#counts.set(hash, (this.#counts.get(hash) ?? 0) + weight)
    while (this.#counts.size > MOST_KEYS) this.#halve()
  }

  get distinct(): number {
    return Math.round(this.#counts.size / this.#share)
  }

  popularity(): Popularity {
    return { distinct: this.distinct, sampled: [...this.#counts.values()] }
  }

  #halve(): void {
    this.#share /= 2
    for (const hash of this.#counts.keys()) if (hash >= this.#share) this.#counts.delete(hash)
  }
}

/** Equal for equal text, spread evenly over [0, 1) (FNV-1a with a final mix, 52 bits of two halves). */
export function unitHash(text: string): number {
  let [a, b] = [0x811c9dc5, 0x9747b28c]
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    a = Math.imul(a ^ code, 0x01000193)
    b = Math.imul(b ^ code, 0x85ebca6b)
  }
  return (mixed(a) * 0x100000 + (mixed(b) >>> 12)) / 2 ** 52
}

function mixed(hash: number): number {
  let h = hash ^ (hash >>> 16)
  h = Math.imul(h, 0x7feb352d)
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b)
  return (h ^ (h >>> 16)) >>> 0
}
