// How is something remembered about keys that clients choose?
//
// By at most so many keys and so many characters of them: a key may hold a target of
// several kilobytes, and ten thousand of those are more than most stores. What was set
// longest ago goes first. Whoever uses it must do without an answer.

export interface MapBounds {
  readonly keys: number
  /** Of all keys together. */
  readonly characters: number
}

export class BoundedMap<Value> {
  readonly #bounds: MapBounds
  readonly #entries = new Map<string, Value>()
  #characters = 0

  constructor(bounds: MapBounds) {
    this.#bounds = bounds
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: string): Value | undefined {
    return this.#entries.get(key)
  }

  /** As the newest; a key longer than all may be together is not remembered. */
  set(key: string, value: Value): void {
    this.delete(key)
    if (key.length > this.#bounds.characters) return
    this.#entries.set(key, value)
    this.#characters += key.length
    while (this.#entries.size > this.#bounds.keys || this.#characters > this.#bounds.characters) {
      const [oldest] = this.#entries.keys()
      if (oldest === undefined) return
      this.delete(oldest)
    }
  }

  delete(key: string): void {
    if (this.#entries.delete(key)) this.#characters -= key.length
  }
}
