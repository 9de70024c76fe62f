// What does a route say, once the configuration is compiled?
//
// Plain values with units and defaults filled in: everything `cache/decide.ts` and the
// engine may consult about policy, nothing that has to be parsed again. A route is
// replaced as a whole at a reload, so its identity may be used to memoise.

import type { Milliseconds } from '../base/units.ts'
import type { LifetimeRules } from '../http/freshness.ts'
import type { ConditionSet } from './conditions.ts'
import type { PathPattern } from './path-pattern.ts'
import type { TagTemplate } from './tag-template.ts'

/** Who may be given the same stored response (contract §2 `share`). */
export type Share = { readonly kind: 'auto' } | { readonly kind: 'everyone' } | { readonly kind: 'user' }

/** Which query parameters are part of the key; a name may end in '*'. */
export type QueryRule =
  | { readonly kind: 'all' }
  | { readonly kind: 'none' }
  | { readonly kind: 'only'; readonly names: readonly string[] }
  | { readonly kind: 'except'; readonly names: readonly string[] }

/** What the client is told in Cache-Control. `default`: see contract §2 `client`. */
export type ClientRule =
  | { readonly kind: 'default' }
  | { readonly kind: 'origin' }
  | { readonly kind: 'off' }
  | { readonly kind: 'immutable' }
  | { readonly kind: 'duration'; readonly maxAge: Milliseconds }
  | { readonly kind: 'literal'; readonly value: string }

export interface Fallback {
  readonly status: number
  readonly body: Buffer
  readonly type: string
}

export interface Route {
  /** Its name in the configuration; `default` for the one that takes what no route matches. */
  readonly name: string
  /** Upper case; undefined: all methods. GET includes HEAD already. */
  readonly methods: ReadonlySet<string> | undefined
  readonly pattern: PathPattern
  readonly when: ConditionSet
  /** The `match` line as written, for people. */
  readonly match: string
  readonly cache: 'on' | 'off'
  readonly lifetime: LifetimeRules
  readonly requestDirectives: 'obey' | 'ignore'
  readonly share: Share
  readonly query: QueryRule
  /** Lower-case names. */
  readonly vary: readonly string[]
  /** The request's content is part of the key (contract §2 `body`); POST and QUERY become cacheable. */
  readonly body: boolean
  readonly setCookie: 'refuse' | 'strip'
  readonly tags: readonly TagTemplate[]
  readonly purge: readonly TagTemplate[]
  /** `purge: [user]`: everything stored for the caller. */
  readonly purgeUser: boolean
  readonly client: ClientRule
  readonly timeout: Milliseconds | undefined
  readonly fallback: Fallback | undefined
  /** First part of every cache key: the name and a digest of `share` and `identity`, so that widening never reuses what was stored narrower. */
  readonly keyPrefix: string
}
