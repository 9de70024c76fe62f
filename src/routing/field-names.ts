// Is this field name on the list?
//
// Names compare without regard to case (RFC 9110 §5.1), and one may end in `*`. Every
// request is held against the credential list, so the common answer, no, costs one look
// at the first character and the length: only names that could be meant are lower-cased.

import type { Fields } from '../http/fields.ts'

const LONGEST = 64

export class FieldNames {
  readonly #exact = new Set<string>()
  readonly #prefixes: string[] = []
  /** By first character (folded to 32) and length: 1 where some name of the list could be meant. */
  readonly #plausible = new Uint8Array(32 * (LONGEST + 1))

  /** Names in any case. */
  constructor(names: Iterable<string>) {
    for (const name of names) this.#add(name.toLowerCase())
  }

  #add(name: string): void {
    const prefix = name.endsWith('*') ? name.slice(0, -1) : undefined
    if (prefix === undefined) this.#exact.add(name)
    else this.#prefixes.push(prefix)
    const last = prefix === undefined ? Math.min(name.length, LONGEST) : LONGEST
    for (let length = Math.min((prefix ?? name).length, LONGEST); length <= last; length += 1) this.#mark(name, length)
  }

  /** A bare `*` begins with every letter. */
  #mark(name: string, length: number): void {
    if (name !== '*') this.#plausible[slot(name, length)] = 1
    else for (let letter = 0; letter < 32; letter += 1) this.#plausible[letter * (LONGEST + 1) + length] = 1
  }

  /** False where no name with this first character (its five low bits) and length is listed; for bytes not yet read as text. */
  mayHave(first: number, length: number): boolean {
    return this.#plausible[first * (LONGEST + 1) + Math.min(length, LONGEST)] === 1
  }

  has(name: string): boolean {
    if (this.#plausible[slot(name, name.length)] === 0) return false
    const lower = name.toLowerCase()
    return this.#exact.has(lower) || this.#prefixes.some(prefix => lower.startsWith(prefix))
  }

  /** The listed names among the fields, in lower case. */
  in(fields: Fields): string[] {
    const found: string[] = []
    for (let at = 0; at < fields.length; at += 2) {
      const name = fields[at] as string
      if (this.has(name)) found.push(name.toLowerCase())
    }
    return found
  }
}

/** The five low bits of a letter are the same in both cases. */
function slot(name: string, length: number): number {
  return (name.charCodeAt(0) & 31) * (LONGEST + 1) + Math.min(length, LONGEST)
}
