// Which requests may share a response that varies?
//
// RFC 9111 §4.1: those whose nominated fields say the same. Before they are compared,
// values are brought into one form as far as the field's own syntax makes the forms
// equal: lines joined, white space around commas dropped, and in the Accept family
// order and needless weights (RFC 9110 §12.4.2, §12.5). Credentials and the like are
// compared byte for byte. `*`, and names that can't be read, match nobody.
// Accept-Encoding selects nothing here: the origin is asked in one form of it whoever
// asks, and codings are Pillion's own affair (encoding/).
// A response for one Origin alone (CORS) varies by Origin even where it fails to say so.

import { type Fields, fieldLines, fieldValue } from './fields.ts'
import { isToken, parseParameters, splitList, splitOutsideQuotes, tokenOrQuoted, trimOws } from './list-syntax.ts'

/** One field the origin's Vary nominated and its normalised value in the filling request; undefined: absent there. */
export interface NominatedField {
  /** Lower case. */
  readonly name: string
  readonly value: string | undefined
  /** For Accept-Language: the one language of the response, lower case. Whoever wants it most may have it too. */
  readonly language?: string
}

/** Turns a normalised value into what is kept and compared, e.g. a keyed digest of a credential. */
export type Conceal = (name: string, value: string) => string

const asIs: Conceal = (_name, value) => value

/** Fields whose commas and spaces are not a list's. */
const WHOLE_VALUES: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'origin',
  'proxy-authorization',
  'referer',
  'user-agent',
])
/** Fields in which order means nothing and case neither. */
const CASELESS_WEIGHTED: ReadonlySet<string> = new Set(['accept-charset', 'accept-encoding', 'accept-language'])

/** The nominated fields in alphabetical order, with their values in the request; `never` where no request can match. */
export function nominatedFields(
  response: Fields,
  request: Fields,
  conceal: Conceal = asIs,
): readonly NominatedField[] | 'never' {
  const names = nominatedNames(response)
  if (names === 'never') return 'never'
  const language = onlyLanguage(response)
  return names.map(name => {
    const value = nominatedValue(name, request, conceal)
    return name === 'accept-language' && language !== undefined ? { name, value, language } : { name, value }
  })
}

/** Names that select the response, lower case, each once, sorted. */
export function nominatedNames(response: Fields): readonly string[] | 'never' {
  const named = fieldLines(response, 'vary').flatMap(line => splitList(line))
  const names = new Set<string>()
  for (const name of named) {
    if (name === '*' || !isToken(name)) return 'never'
    if (name.toLowerCase() !== 'accept-encoding') names.add(name.toLowerCase())
  }
  const allowed = fieldValue(response, 'access-control-allow-origin')
  if (allowed !== undefined && trimOws(allowed) !== '*') names.add('origin')
  return [...names].sort()
}

function onlyLanguage(response: Fields): string | undefined {
  const languages = fieldLines(response, 'content-language').flatMap(line => splitList(line))
  return languages.length === 1 ? languages[0]?.toLowerCase() : undefined
}

function nominatedValue(name: string, request: Fields, conceal: Conceal): string | undefined {
  const value = normalisedValue(name, request)
  return value === undefined ? undefined : conceal(name, value)
}

/** Whether a request selects the response that was stored with these nominated fields. */
export function matchesNominated(
  nominated: readonly NominatedField[],
  request: Fields,
  conceal: Conceal = asIs,
): boolean {
  return nominated.every(({ name, value, language }) => {
    if (nominatedValue(name, request, conceal) === value) return true
    return language !== undefined && prefersAboveAll(request, language)
  })
}

/** Whether two stored responses of one key stand for the same variant, so that the newer replaces the older. */
export function sameNominated(one: readonly NominatedField[], other: readonly NominatedField[]): boolean {
  return (
    one.length === other.length &&
    one.every(({ name, value }, at) => name === other[at]?.name && value === other[at]?.value)
  )
}

/** A field's value in the one form that equal values share; undefined where the request has no such field. */
export function normalisedValue(name: string, request: Fields): string | undefined {
  const lines = fieldLines(request, name)
  if (lines.length === 0) return undefined
  if (WHOLE_VALUES.has(name)) return lines.map(trimOws).join(', ')
  if (CASELESS_WEIGHTED.has(name)) return weightedForm(lines, member => member.toLowerCase())
  if (name === 'accept') return weightedForm(lines, member => member)
  return lines.flatMap(line => splitOutsideQuotes(line, { separator: ',', escapes: true })).join(',')
}

function weightedForm(lines: readonly string[], spell: (member: string) => string): string {
  const members = lines.flatMap(line => splitList(line)).map(member => weightedMember(spell(member)))
  return [...new Set(members)].sort().join(',')
}

function weightedMember(member: string): string {
  const { value, parameters } = parseParameters(member)
  let form = value
  for (const [name, argument] of parameters) {
    if (name !== 'q') form += `;${name}=${tokenOrQuoted(argument)}`
    else if (Number(argument) !== 1) form += `;q=${/^[01](\.\d{0,3})?$/.test(argument) ? Number(argument) : argument}`
  }
  return form
}

/** True when the request wants exactly this language, and wants no other as much. */
function prefersAboveAll(request: Fields, language: string): boolean {
  const wanted = fieldLines(request, 'accept-language')
    .flatMap(line => splitList(line))
    .map(parseParameters)
  const weigh = (weight: string | undefined) => (weight === undefined ? 1 : Number(weight))
  const own = wanted.filter(({ value }) => value.toLowerCase() === language)
  const [only] = own
  if (only === undefined || own.length !== 1) return false
  const weight = weigh(only.parameters.get('q'))
  return weight > 0 && wanted.every(other => other === only || weigh(other.parameters.get('q')) < weight)
}
