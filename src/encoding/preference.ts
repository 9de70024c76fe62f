// Which coding does this client want most?
//
// What an Accept-Encoding field asks for among the codings of a route, remembered by the
// field's text: browsers send a handful of them, and a hit must not parse one. The
// number remembered is bounded, and so is the length of what is remembered. A coding
// that only `*` stands for is taken to be the oldest one, which everything reads.

import {
  type AcceptedCodings,
  acceptableCodings,
  codingWeight,
  MADE_CODINGS,
  type MadeCoding,
  parseAcceptEncoding,
} from '../http/content-coding.ts'

export interface Preference {
  /** Of the route's codings; `identity` where none is wanted more. */
  readonly best: MadeCoding | 'identity'
  /** Content without a coding is acceptable. */
  readonly identity: boolean
  /** Every coding known here that is acceptable, made by the route or not. */
  readonly accepts: ReadonlySet<string>
}

const MOST_REMEMBERED = 256
const LONGEST_REMEMBERED = 256
/** What an absent field is remembered as; no field value is like it. */
const ABSENT = '\n'

const remembered = new WeakMap<readonly MadeCoding[], Map<string, Preference>>()

/** `field`: the combined value of Accept-Encoding; undefined where there is none, which asks for nothing in particular. */
export function preferenceOf(codings: readonly MadeCoding[], field: string | undefined): Preference {
  let known = remembered.get(codings)
  if (known === undefined) remembered.set(codings, (known = new Map()))
  const text = field ?? ABSENT
  const found = known.get(text)
  if (found !== undefined) return found
  const preference = weigh(codings, parseAcceptEncoding(field === undefined ? [] : [field]))
  if (text.length > LONGEST_REMEMBERED) return preference
  if (known.size >= MOST_REMEMBERED) known.clear()
  known.set(text, preference)
  return preference
}

function weigh(codings: readonly MadeCoding[], accepted: AcceptedCodings): Preference {
  const named = codings.filter(coding => accepted.has(coding))
  const unnamed = MADE_CODINGS.filter(coding => codings.includes(coding) && !accepted.has(coding))
  return {
    best: acceptableCodings(accepted, [...named, ...unnamed])[0] ?? 'identity',
    identity: codingWeight(accepted, 'identity') > 0,
    accepts: new Set(MADE_CODINGS.filter(coding => codingWeight(accepted, coding) > 0)),
  }
}
