// What do the values that only route keys have look like once they are read?
//
// Small unions, ready for `routing/` and `cache/` to switch on, and the kinds that read
// them. `client` takes four words, a duration or a literal Cache-Control, so a misspelt
// word is told apart from a literal by the directives that exist (RFC 9111 §5.2.2,
// RFC 5861, RFC 8246). Statuses that no lifetime can apply to are refused.

import { z } from 'zod'
import type { Milliseconds, Ratio } from '../base/units.ts'
import type { MadeCoding } from '../http/content-coding.ts'
import { key } from './keys.ts'
import { choice, count, duration, list, mapOf, own, printers, section, text } from './kinds.ts'
import { accepted, type Parsed, refused } from './parsed.ts'
import { formatDuration, formatPercentage, parseDuration, parsePercentage } from './quantities.ts'
import { suggest } from './suggest.ts'
import type { Written } from './written.ts'

/** Who may be given the same stored response; `parts` are names under `identity`. */
export type ShareRule =
  | { readonly kind: 'auto' | 'everyone' | 'user' | 'signed-in' }
  | { readonly kind: 'parts'; readonly parts: readonly string[] }

export const shareRule = () => {
  const parts = list(text({ title: 'part of identity' })).refine(names => names.length > 0, {
    message: 'names no part of identity',
    params: { code: 'empty', hint: 'name a part, such as `[tenant]`, or write `signed-in`' },
  })
  const kind = z
    .union([choice('auto', 'everyone', 'signed-in', 'user'), parts])
    .transform((rule): ShareRule => (typeof rule === 'string' ? { kind: rule } : { kind: 'parts', parts: rule }))
  printers.add(kind, { print: (share: ShareRule) => (share.kind === 'parts' ? share.parts : share.kind) })
  return kind
}

/** How a share rule is written on one line. */
export function shareText(share: ShareRule): string {
  return share.kind === 'parts' ? `[${share.parts.join(', ')}]` : share.kind
}

/** Whether the origin has to accept each caller: neither all nor one. */
export function needsAcceptance(share: ShareRule): boolean {
  return share.kind === 'signed-in' || share.kind === 'parts'
}

/** Names are as written; they may end in `*`. */
export type KeptQuery =
  | { readonly kind: 'all' }
  | { readonly kind: 'none' }
  | { readonly kind: 'only'; readonly names: readonly string[] }
  | { readonly kind: 'except'; readonly names: readonly string[] }

export const queryRule = () => {
  const names = (prose: string) => key(list(text({ title: 'parameter name' })), { prose })
  const lists = section({
    only: names('The parameters that count; a name may end in `*`.'),
    except: names('The parameters that do not count; a name may end in `*`.'),
  }).refine(rule => (rule.only === undefined) !== (rule.except === undefined), {
    message: 'needs exactly one of `only` and `except`',
    params: { code: 'value', hint: 'write `{ only: [page, limit] }` or `{ except: [utm_*] }`' },
  })
  const kind = z.union([choice('all', 'none'), lists]).transform((rule): KeptQuery => {
    if (typeof rule === 'string') return { kind: rule }
    return rule.only === undefined ? { kind: 'except', names: rule.except ?? [] } : { kind: 'only', names: rule.only }
  })
  printers.add(kind, { print: (rule: KeptQuery) => ('names' in rule ? { [rule.kind]: rule.names } : rule.kind) })
  return kind
}

/** What the client is told in Cache-Control. */
export type ClientControl =
  | { readonly kind: 'default' | 'origin' | 'off' | 'immutable' }
  | { readonly kind: 'duration'; readonly maxAge: Milliseconds }
  | { readonly kind: 'literal'; readonly value: string }

const CLIENT_WORDS = ['default', 'origin', 'off', 'immutable'] as const
const DIRECTIVES = (
  'public private no-cache no-store no-transform must-revalidate proxy-revalidate must-understand max-age s-maxage ' +
  'immutable stale-while-revalidate stale-if-error'
).split(' ')

export const clientControl = () =>
  own<ClientControl>(parseClient, {
    title: 'default | origin | off | immutable | duration | Cache-Control',
    json: { type: ['string', 'boolean'] },
    print: client => {
      if (client.kind === 'duration') return formatDuration(client.maxAge)
      return client.kind === 'literal' ? client.value : client.kind
    },
  })

function parseClient(written: Written): Parsed<ClientControl> {
  const value = written.value === false ? 'off' : written.text
  const word = CLIENT_WORDS.find(each => each === value)
  if (word !== undefined) return accepted({ kind: word })
  if (/^-?[0-9]/.test(value)) {
    const maxAge = parseDuration(value)
    return maxAge.ok ? accepted({ kind: 'duration', maxAge: maxAge.value }) : maxAge
  }
  const directive = /^[a-z-]+(=([0-9]+|[a-z-]+|"[\x20\x21\x23-\x7e]*"))?$/i
  const parts = value.split(/\s*,\s*(?=(?:[^"]*"[^"]*")*[^"]*$)/)
  const hint = 'write `origin`, `off`, `immutable`, a duration, or a Cache-Control value such as `private, max-age=60`'
  if (!parts.every(part => directive.test(part))) return refused(`\`${value}\` is not a Cache-Control value`, hint)
  const known = parts.some(part => part.includes('=') || DIRECTIVES.includes(part.toLowerCase()))
  if (known) return accepted({ kind: 'literal', value })
  const meant = suggest(value, [...CLIENT_WORDS, ...DIRECTIVES])
  return refused(
    `\`${value}\` is no Cache-Control directive`,
    meant === undefined ? hint : `did you mean \`${meant}\`?`,
  )
}

/** Codings that Pillion makes, in the order of its own preference; empty: none. */
export type CompressRule = readonly MadeCoding[]

/** One array for all, by which preferences are remembered. */
const EVERY_CODING: CompressRule = ['zstd', 'br', 'gzip']
const NO_CODING: CompressRule = []

export const compressRule = () => {
  const kind = z.union([choice('auto', 'off'), list(choice('zstd', 'br', 'gzip'))]).transform((rule): CompressRule => {
    if (typeof rule === 'string') return rule === 'auto' ? EVERY_CODING : NO_CODING
    return rule.length === 0 ? NO_CODING : [...new Set(rule)]
  })
  printers.add(kind, {
    print: (rule: CompressRule) => (rule.length === 0 ? 'off' : rule === EVERY_CODING ? 'auto' : rule),
  })
  return kind
}

/** A field or parameter and what it must be: exactly this text, there (true) or absent (false). */
export interface Condition {
  /** Field names in lower case, parameter names as written. */
  readonly name: string
  readonly is: string | boolean
}

export interface Conditions {
  readonly header: readonly Condition[]
  readonly query: readonly Condition[]
  /** In lower case. */
  readonly host: string | undefined
}

export const conditions = () => {
  const is = own<string | boolean>(
    ({ value, text: written }) => accepted(typeof value === 'boolean' ? value : written),
    {
      title: 'text | true | false',
      json: { type: ['string', 'number', 'boolean'] },
    },
  )
  const kind = section({
    header: key(mapOf(fieldKey(), is), { prose: 'Fields by value, or by presence (`true`) or absence (`false`).' }),
    query: key(mapOf(z.string(), is), { prose: 'Query parameters, likewise.' }),
    host: key(
      text({
        title: 'host',
        pattern: /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._*-]+)(:[0-9]+)?$/,
        hint: 'write a host name, without scheme or path',
        lowerCase: true,
      }),
      { prose: 'The host as forwarded.' },
    ),
  }).transform(
    (when): Conditions => ({ header: conditionsOf(when.header), query: conditionsOf(when.query), host: when.host }),
  )
  printers.add(kind, { print: printConditions })
  return kind
}

function conditionsOf(map: Readonly<Record<string, string | boolean>> | undefined): Condition[] {
  return Object.entries(map ?? {}).map(([name, is]) => ({ name, is }))
}

function printConditions(when: Conditions): unknown {
  const mapped = (list: readonly Condition[]) => Object.fromEntries(list.map(({ name, is }) => [name, is]))
  return {
    ...(when.header.length === 0 ? {} : { header: mapped(when.header) }),
    ...(when.query.length === 0 ? {} : { query: mapped(when.query) }),
    ...(when.host === undefined ? {} : { host: when.host }),
  }
}

/** A field name as a map's key. */
const fieldKey = () =>
  z
    .string()
    .refine(name => /^[!#$%&'+.^_`|~0-9A-Za-z-]+$/.test(name), {
      message: 'is not a header name',
      params: { code: 'value', hint: 'letters, digits and - only, without the colon, such as `X-Clinic`' },
    })
    .transform(name => name.toLowerCase())

export const heuristic = () =>
  own<Ratio | 'off'>(
    written => (written.value === false || written.text === 'off' ? accepted('off') : parsePercentage(written.text)),
    {
      title: 'off | percentage',
      json: { anyOf: [{ enum: ['off', false] }, { type: 'string', pattern: '%$' }] },
      print: share => (share === 'off' ? share : formatPercentage(share)),
    },
  )

/** Lifetimes by status. */
export const statuses = () => {
  const status = z
    .string()
    .refine(name => /^[1-5][0-9][0-9]$/.test(name), {
      message: 'is not a status',
      params: { code: 'value', hint: 'write a number from 200 to 499, such as `404`' },
    })
    .refine(name => !/^(1..|206|304|401|407|5..)$/.test(name), {
      message: 'is never stored, so it has no lifetime',
      params: { code: 'value', hint: 'leave it out (1xx, 206, 304, 401, 407 and 5xx are refused)' },
    })
  const kind = mapOf(status, duration()).transform(
    (map): ReadonlyMap<number, Milliseconds> =>
      new Map(Object.entries(map).map(([name, lifetime]) => [Number(name), lifetime])),
  )
  printers.add(kind, {
    print: (map: ReadonlyMap<number, Milliseconds>) =>
      Object.fromEntries([...map].map(([name, lifetime]) => [name, formatDuration(lifetime)])),
  })
  return kind
}

/** The answer when the origin fails and nothing stale is left. */
export const fallback = () =>
  section({
    status: key(count(200, 599), { default: 503, prose: 'Status of the answer.' }),
    body: key(text({ mayBeEmpty: true, multiline: true }), { default: '', prose: 'Content of the answer.' }),
    type: key(
      text({
        title: 'media type',
        pattern: /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(\s*;.*)?$/,
        hint: 'such as `application/json`',
      }),
      { default: 'text/plain; charset=utf-8', prose: 'Content-Type of the answer.' },
    ),
  }).refine(
    answer =>
      !([204, 205, 206, 304].includes(answer.status) && answer.body !== '') && ![206, 304].includes(answer.status),
    {
      message: 'has a status that allows no such answer',
      path: ['status'],
      params: { code: 'value', hint: 'write a status with content, such as 503' },
    },
  )
