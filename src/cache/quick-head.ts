// How does a head that was written once stay true while time goes on?
//
// Between two hits of one stored response only three numbers of its head change, each
// with whole seconds: Age, the `ttl` of Cache-Status, and the `max-age` that tells a
// client what is left. So a head is kept as octets, with the places of those numbers, and
// they are written over; where one needs more or fewer digits the head is made anew.
// Whoever sends it copies it: octets on their way must not change.

import { type Milliseconds, milliseconds, toSeconds } from '../base/units.ts'
import { ageValue } from '../http/age.ts'
import type { ResponseHead } from '../http/message.ts'

/** How old the response is, and what is left of its freshness. */
export interface Instant {
  readonly age: Milliseconds
  readonly remaining: Milliseconds
}

interface MovingNumber {
  readonly of: keyof Instant
  readonly at: number
  readonly digits: number
}

const WRITTEN: Readonly<Record<keyof Instant, (instant: Instant) => string>> = {
  age: ({ age }) => ageValue(age),
  remaining: ({ remaining }) => String(toSeconds(milliseconds(Math.max(0, remaining)))),
}

export class QuickHead {
  /** Latin-1, up to a line's end; what belongs to the connection comes behind it. */
  readonly octets: Buffer
  readonly #numbers: readonly MovingNumber[]

  /** `head` as it is at `instant`; `tellsRemaining`: a `public, max-age` in it was made from what is left. */
  constructor(statusLine: string, { fields }: ResponseHead, instant: Instant, tellsRemaining: boolean) {
    const remaining = WRITTEN.remaining(instant)
    const numbers: MovingNumber[] = []
    let text = statusLine
    for (let at = 0; at < fields.length; at += 2) {
      const [name, value] = [fields[at] as string, fields[at + 1] as string]
      text += `${name}: ${value}`
      const number = numberIn(name, value, remaining, tellsRemaining)
      if (number !== undefined) numbers.push({ ...number, at: text.length - number.digits })
      text += '\r\n'
    }
    this.octets = Buffer.from(text, 'latin1')
    this.#numbers = numbers
  }

  /** Makes the head what it is at another instant; false: it can't be, and is as it was. */
  moveTo(instant: Instant): boolean {
    for (const { of, digits } of this.#numbers) if (WRITTEN[of](instant).length !== digits) return false
    for (const { of, at } of this.#numbers) {
      const digits = WRITTEN[of](instant)
      for (let index = 0; index < digits.length; index += 1) this.octets[at + index] = digits.charCodeAt(index)
    }
    return true
  }
}

/** The number at the end of a field's value that time moves, if it ends with one. */
function numberIn(
  name: string,
  value: string,
  remaining: string,
  tellsRemaining: boolean,
): Omit<MovingNumber, 'at'> | undefined {
  if (name === 'Age') return { of: 'age', digits: value.length }
  const left = { of: 'remaining', digits: remaining.length } as const
  if (name === 'Cache-Status' && value === `pillion; hit; ttl=${remaining}`) return left
  if (name === 'Cache-Control' && tellsRemaining && value === `public, max-age=${remaining}`) return left
  return undefined
}
