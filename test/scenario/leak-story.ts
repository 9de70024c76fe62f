// Which stories does the leak hunt play?
//
// Generated: who asks for what in which way, several at once so that they collapse, and
// what changes in between. A story stays with few routes and objects, so that its callers
// meet at the same stored responses.

import fc from 'fast-check'
import { KINDS, type Kind, OBJECTS } from './leak-world.ts'

const CALLERS = ['alice', 'anna', 'bob', 'forged', 'expired', 'nobody', 'alice and bob'] as const
type Person = 'alice' | 'anna' | 'bob'

export interface Ask {
  readonly method: 'GET' | 'HEAD'
  readonly caller: (typeof CALLERS)[number]
  readonly clinic: 'own' | 'a' | 'b' | 'none' | 'empty' | 'twice'
  readonly language: 'de' | 'en' | 'none'
  readonly control: 'none' | 'only-if-cached' | 'no-cache' | 'max-stale'
  readonly range: boolean
  /** A tag that somebody was given: the latest seen, the first, or any. */
  readonly tag: 'none' | 'latest' | 'first' | '*'
}

export interface Asks {
  readonly does: 'ask'
  readonly kind: Kind
  readonly object: string
  readonly failing: boolean
  readonly asks: Ask[]
}

export type Withdrawing =
  | { readonly does: 'revoke' | 'logout' | 'purge-user'; readonly caller: Person }
  | { readonly does: 'forbid'; readonly caller: Person; readonly kind: Kind }

export type Step =
  | Asks
  | Withdrawing
  | { readonly does: 'write'; readonly object: string }
  | { readonly does: 'purge'; readonly kind: Kind; readonly soft: boolean }

const often = <T>(usual: T, ...others: T[]) =>
  fc.oneof({ weight: 6, arbitrary: fc.constant(usual) }, { weight: 3, arbitrary: fc.constantFrom(...others) })
const person = fc.constantFrom<Person>('alice', 'anna', 'bob')
const kind = fc.constantFrom(...KINDS)
const object = fc.constantFrom(...OBJECTS)

const ask = fc.record({
  method: often('GET', 'HEAD'),
  caller: fc.oneof(
    { weight: 4, arbitrary: person },
    { weight: 2, arbitrary: fc.constantFrom(...CALLERS) },
    { weight: 1, arbitrary: fc.constant('nobody' as const) },
  ),
  clinic: often('own', 'a', 'b', 'none', 'empty', 'twice'),
  language: often('none', 'de', 'en'),
  control: often('none', 'only-if-cached', 'no-cache', 'max-stale'),
  range: often(false, true),
  tag: often('none', 'latest', 'first', '*'),
}) as fc.Arbitrary<Ask>

const asks = fc.record({
  does: fc.constant('ask' as const),
  kind,
  object,
  failing: fc.integer({ min: 0, max: 19 }).map(at => at === 0),
  asks: fc.array(ask, { minLength: 1, maxLength: 5 }),
})

const change = fc.oneof(
  fc.record({ does: fc.constantFrom('revoke', 'logout', 'purge-user'), caller: person }),
  fc.record({ does: fc.constant('forbid' as const), caller: person, kind }),
  fc.record({ does: fc.constant('write' as const), object }),
  fc.record({ does: fc.constant('purge' as const), kind, soft: fc.boolean() }),
)

const steps = fc.array(fc.oneof({ weight: 5, arbitrary: asks }, { weight: 1, arbitrary: change }), {
  minLength: 4,
  maxLength: 12,
}) as fc.Arbitrary<Step[]>

const subset = <T>(all: readonly T[]) => fc.uniqueArray(fc.constantFrom(...all), { minLength: 1, maxLength: 2 })

/** Of these kinds of routes and these objects. */
export function storyOf(ofKinds: readonly Kind[], ofObjects: readonly string[] = OBJECTS): fc.Arbitrary<Step[]> {
  const few = fc.tuple(subset(ofKinds), subset(ofObjects))
  return fc.tuple(few, steps).map(([[kinds, objects], all]) =>
    all.map((step, at) => {
      const within = { kind: kinds[at % kinds.length] as Kind, object: objects[(at >> 1) % objects.length] as string }
      if (step.does === 'ask') return { ...step, ...within }
      if (step.does === 'write') return { ...step, object: within.object }
      return 'kind' in step ? { ...step, kind: within.kind } : step
    }),
  )
}
