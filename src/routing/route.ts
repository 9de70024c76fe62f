// What does a route say, once the configuration is compiled?
//
// Plain values with units and defaults filled in: everything `cache/decide.ts` and the
// engine may consult about policy, nothing that has to be parsed again. A route is
// replaced as a whole at a reload, so its identity may be used to memoise.

import type { Milliseconds, Ratio } from '../base/units.ts'
import type { ClientControl, CompressRule, KeptQuery, ShareRule } from '../config/route-values.ts'
import type { LifetimeRules } from '../http/freshness.ts'
import type { ConditionSet } from './conditions.ts'
import type { PathPattern } from './path-pattern.ts'
import type { TagTemplate } from './tag-template.ts'

export type ClientRule = ClientControl

interface Fallback {
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
  /** `observe` too where `mode: observe` makes it so. */
  readonly cache: 'on' | 'off' | 'observe'
  readonly lifetime: LifetimeRules
  readonly requestDirectives: 'obey' | 'ignore'
  readonly share: ShareRule
  /** How far the origin's acceptance of a caller reaches, where one is needed. */
  readonly accepted: 'response' | 'route' | 'token'
  /** How long an acceptance lasts. */
  readonly trust: Milliseconds
  /** Something about it rests on a verified token. */
  readonly usesToken: boolean
  /** Every answer given without the origin leaves a line. */
  readonly audit: boolean
  readonly query: KeptQuery
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
  readonly compress: CompressRule
  readonly timeout: Milliseconds | undefined
  /** Share of the hits that are compared with a fresh answer (cache/verify.ts). */
  readonly verify: Ratio
  readonly fallback: Fallback | undefined
  /** `memory`: responses never leave this process. */
  readonly store: 'all' | 'memory'
  /** Hot responses are fetched again before they expire (cache/refresh-ahead.ts). */
  readonly refreshAhead: boolean
  /**
   * First part of every cache key: the name and a digest of `share`, `identity`, `credentials`
   * and `vary`, so that widening never reuses what was stored narrower.
   */
  readonly keyPrefix: string
  /** Digest of all that the configuration says of the route: a quarantine ends when it changes. */
  readonly definition: string
}
