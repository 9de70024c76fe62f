// Are callers of one stored response owed different ones, stably?
//
// Remembers, within one stored response's life, which representation the origin owed to
// whom, as far as it was looked at. That an answer changes with time shows as everybody
// owed something new; that it is personal shows as caller A owed d1, then B d2, then A
// again d1 (contract §2 `verify`). Only that pattern counts: it can't come from a resource
// that never goes back to what it was. Callers and representations are known by digest.

/** Digest of a representation (representation-digest.ts). */
export type Digest = string & { readonly digest: true }

interface Look {
  readonly caller: string
  readonly digest: Digest
}

/** Looks remembered per stored response; the oldest go first. */
const MOST_LOOKS = 32

export class OwedHistory {
  /** Upper bound of what one takes in memory, in bytes. */
  static readonly size = MOST_LOOKS * 160

  #looks: Look[] = []

  /** Takes down what `caller` is owed now; true when that shows the answers to be personal. */
  note(caller: string, digest: Digest): boolean {
    const before = this.#looks.findLastIndex(look => look.caller === caller)
    const personal =
      before >= 0 &&
      this.#looks[before]?.digest === digest &&
      this.#looks.slice(before + 1).some(look => look.digest !== digest)
    this.#remember({ caller, digest })
    return personal
  }

  /** Callers looked at, and whether all of them were owed the same all the time. */
  summary(): { readonly callers: number; readonly alike: boolean } {
    const [first] = this.#looks
    return {
      callers: new Set(this.#looks.map(({ caller }) => caller)).size,
      alike: this.#looks.every(({ digest }) => digest === first?.digest),
    }
  }

  /** Of looks that say the same, one after the other, by one caller, only one is kept. */
  #remember(look: Look): void {
    const last = this.#looks.at(-1)
    if (last?.caller === look.caller && last.digest === look.digest) return
    this.#looks.push(look)
    if (this.#looks.length > MOST_LOOKS) this.#looks.shift()
  }
}
