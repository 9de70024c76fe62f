// Which content codings may the client be sent, and how are their entity tags told apart?
//
// Accept-Encoding with its weights (RFC 9110 §12.5.3); an absent field asks for nothing
// in particular, and gets identity. Every coded form of a stored response needs a tag of
// its own (§8.8.3.3): the base tag with a reserved suffix inside the quotes. The suffix
// is taken off again in every condition that is forwarded or compared, so the origin
// only ever sees its own tags.

import { type Fields, fieldLines } from './fields.ts'
import { parseParameters, splitList } from './list-syntax.ts'
import { splitTags } from './validators.ts'

/** Codings that Pillion itself applies. */
export const MADE_CODINGS = ['gzip', 'br', 'zstd'] as const
export type MadeCoding = (typeof MADE_CODINGS)[number]

/** Coding (lower case, `*` too) → weight from 0 to 1. Empty for an absent or empty field. */
export type AcceptedCodings = ReadonlyMap<string, number>

const ALIASES: Readonly<Record<string, string>> = { 'x-gzip': 'gzip', 'x-compress': 'compress' }

/** The weights of Accept-Encoding; of a repeated coding the first counts, a malformed weight counts as 0. */
export function parseAcceptEncoding(lines: readonly string[]): AcceptedCodings {
  const accepted = new Map<string, number>()
  for (const member of lines.flatMap(line => splitList(line))) {
    const { value, parameters } = parseParameters(member)
    const coding = canonical(value)
    const weight = parameters.get('q') ?? '1'
    const valid = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(weight)
    if (coding !== '' && !accepted.has(coding)) accepted.set(coding, valid ? Number(weight) : 0)
  }
  return accepted
}

function canonical(coding: string): string {
  const name = coding.toLowerCase()
  return (Object.hasOwn(ALIASES, name) ? ALIASES[name] : undefined) ?? name
}

export function acceptedCodings(request: Fields): AcceptedCodings {
  return parseAcceptEncoding(fieldLines(request, 'accept-encoding'))
}

/** The weight of a coding: 0 means not acceptable. Identity is acceptable unless it is excluded (RFC 9110 §12.5.3). */
export function codingWeight(accepted: AcceptedCodings, coding: string): number {
  const own = accepted.get(canonical(coding))
  if (own !== undefined) return own
  const others = accepted.get('*')
  if (coding !== 'identity') return others ?? 0
  // Identity comes last unless it is named; only `*;q=0` takes it away.
  return others === 0 ? 0 : Number.MIN_VALUE
}

/** The codings the client accepts, best first; equal weights keep the order of `available`. Identity is not among them. */
export function acceptableCodings<Coding extends string>(
  accepted: AcceptedCodings,
  available: readonly Coding[],
): Coding[] {
  const least = codingWeight(accepted, 'identity')
  return available
    .filter(coding => codingWeight(accepted, coding) > 0 && codingWeight(accepted, coding) >= least)
    .sort((one, other) => codingWeight(accepted, other) - codingWeight(accepted, one))
}

/** The coding to send; `identity` where none fits better, also where the client excludes even that (RFC 9110 §12.5.3). */
export function negotiateCoding<Coding extends string>(
  accepted: AcceptedCodings,
  available: readonly Coding[],
): Coding | 'identity' {
  return acceptableCodings(accepted, available)[0] ?? 'identity'
}

/** Codings already applied to the content, in the order applied, lower case, without `identity`. */
export function contentCodings(response: Fields): string[] {
  return fieldLines(response, 'content-encoding')
    .flatMap(line => splitList(line))
    .map(canonical)
    .filter(coding => coding !== 'identity')
}

/** What a tag's suffix names: a coding that Pillion applied, or none where it took the origin's off. */
export type TaggedCoding = MadeCoding | 'identity'

const SUFFIX = new RegExp(`\\.pillion-(${MADE_CODINGS.join('|')}|identity)("?)$`)

/** The tag of a coded form: `"abc"` → `"abc.pillion-br"`. */
export function encodedTag(base: string, coding: TaggedCoding): string {
  const suffix = `.pillion-${coding}`
  return base.endsWith('"') ? `${base.slice(0, -1)}${suffix}"` : base + suffix
}

export interface BaseTag {
  /** As the stored response carries it. */
  readonly tag: string
  /** The coding whose suffix was taken off. */
  readonly coding: TaggedCoding | undefined
}

/** The stored response's tag behind a tag that a client names. */
export function baseTag(tag: string): BaseTag {
  const suffix = SUFFIX.exec(tag)
  if (suffix === null) return { tag, coding: undefined }
  return { tag: tag.slice(0, suffix.index) + suffix[2], coding: suffix[1] as TaggedCoding }
}

const TAG_CONDITIONS: ReadonlySet<string> = new Set(['if-match', 'if-none-match', 'if-range'])
const LONGEST_TAG_CONDITION = 'if-none-match'.length

/** The request's fields with the suffix taken off all tags in If-Match, If-None-Match and If-Range. */
export function withBaseTags(request: Fields): Fields {
  const suffixed = (at: number) =>
    (request[at] as string).length <= LONGEST_TAG_CONDITION &&
    TAG_CONDITIONS.has((request[at] as string).toLowerCase()) &&
    (request[at + 1] as string).includes('.pillion-')
  let mapped: string[] | undefined
  for (let at = 0; at < request.length; at += 2) {
    if (!suffixed(at)) continue
    mapped ??= [...request]
    mapped[at + 1] = uniqueBaseTags(request[at + 1] as string)
  }
  return mapped ?? request
}

function uniqueBaseTags(value: string): string {
  return [...new Set(splitTags(value).map(tag => baseTag(tag).tag))].join(', ')
}
