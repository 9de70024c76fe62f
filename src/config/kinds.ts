// Which kinds of values can a key hold?
//
// Each kind is a zod schema that reads a scalar with one parser of this folder, carries
// its own piece of JSON Schema (with `${VAR}` allowed), and knows how to print its value
// as it would be written. The rule for YAML's booleans: `on` and `true` are the same
// wherever one of them is allowed, and so are `off` and `false`. Sections and lists that
// are left empty (`routes:` and nothing below) count as empty, not as null.

import { z } from 'zod'
import type { Bytes, Milliseconds } from '../base/units.ts'
import { formatAddress, parseAddress, parseNetwork, parseUpstreamUrl, withoutUserinfo } from './addresses.ts'
import { accepted, type Parsed, refused } from './parsed.ts'
import * as quantity from './quantities.ts'
import { suggest } from './suggest.ts'
import { asWritten, describeWritten, Written } from './written.ts'

type JsonFragment = Readonly<Record<string, unknown>>

interface KindTraits<T> {
  /** One or two words for the reference page and editors. */
  readonly title: string
  readonly json: JsonFragment
  readonly print?: (value: T) => unknown
}

/** How a value of a kind is shown; kinds without an entry show themselves. */
export const printers = z.registry<{ print: (value: never) => unknown }>()

/** A reference to any text that holds a variable; `json-schema.ts` defines it. */
const VARIABLE = { $ref: '#/$defs/variable' }

function scalar<T>(parse: (written: Written) => Parsed<T>, traits: KindTraits<T>) {
  const { title, json } = traits
  const kind = z
    .unknown()
    .transform((value, context): T => {
      const parsed = readScalar(value, parse, title)
      if (parsed.ok) return parsed.value
      const { code, message, hint } = parsed
      context.issues.push({ code: 'custom', message, input: value, params: { code, hint } })
      return z.NEVER
    })
    .meta({ title, anyOf: [json, VARIABLE] })
  if (traits.print !== undefined) printers.add(kind, { print: traits.print })
  return kind
}

function readScalar<T>(value: unknown, parse: (written: Written) => Parsed<T>, title: string): Parsed<T> {
  if (value === undefined) return refused('is missing', `give it ${withArticle(title)}`, 'required')
  const written = asWritten(value)
  if (written === undefined) {
    return refused(`${describeWritten(value)} where ${withArticle(title)} is due`, `write one value`, 'shape')
  }
  if (written.value === null)
    return refused('has no value', `give it ${withArticle(title)}, or leave the key out`, 'empty')
  return parse(written)
}

function withArticle(title: string): string {
  if (title === 'text') return title
  return title.includes(' | ') ? title.replaceAll(' | ', ' or ') : `${/^[aeio]/.test(title) ? 'an' : 'a'} ${title}`
}

interface Range<T> {
  readonly min?: T
  readonly max?: T
}

const within = <T extends number>(range: Range<string>, parse: (text: string) => Parsed<T>) => {
  const bound = (text: string | undefined) => {
    const parsed = text === undefined ? undefined : parse(text)
    return parsed?.ok === true ? parsed.value : undefined
  }
  const [min, max] = [bound(range.min), bound(range.max)]
  return (written: Written): Parsed<T> => {
    const parsed = parse(written.text)
    if (!parsed.ok) return parsed
    if (min !== undefined && parsed.value < min)
      return refused(`${describeWritten(written)} is too little`, `at least \`${range.min}\``, 'range')
    if (max !== undefined && parsed.value > max)
      return refused(`${describeWritten(written)} is too much`, `at most \`${range.max}\``, 'range')
    return parsed
  }
}

/** Any length of time from 0 up, such as a freshness lifetime. */
export const duration = (range: Range<string> = {}) =>
  scalar<Milliseconds>(within(range, quantity.parseDuration), {
    title: 'duration',
    json: { type: 'string', pattern: quantity.DURATION_PATTERN },
    print: quantity.formatDuration,
  })

/** A limit that a timer watches over: never 0, and below the 24.8 days at which timers overflow. */
export const timeLimit = () => duration({ min: '1ms', max: '24d' })

/** A wait that may be left out (0s). */
export const delay = () => duration({ max: '24d' })

export const size = (range: Range<string> = { min: '1B' }) =>
  scalar<Bytes>(within(range, quantity.parseSize), {
    title: 'size',
    json: { type: 'string', pattern: quantity.SIZE_PATTERN },
    print: quantity.formatSize,
  })

export const percentage = () =>
  scalar(written => quantity.parsePercentage(written.text), {
    title: 'percentage',
    json: { type: 'string', pattern: quantity.PERCENTAGE_PATTERN },
    print: quantity.formatPercentage,
  })

/** A whole number from `minimum` to `maximum`. */
export const count = (minimum: number, maximum: number) =>
  scalar(written => parseCount(written, minimum, maximum), {
    title: 'whole number',
    json: { type: 'integer', minimum, maximum },
  })

function parseCount(written: Written, minimum: number, maximum: number): Parsed<number> {
  const number = written.fromVariable && /^[0-9]+$/.test(written.text) ? Number(written.text) : written.value
  const hint = `write a whole number from ${minimum} to ${maximum}`
  if (typeof number === 'string' && /^[0-9]+$/.test(number)) {
    return refused(`${describeWritten(written)} is text, not a number`, `write ${number} without quotes`)
  }
  if (typeof number !== 'number' || !Number.isInteger(number))
    return refused(`${describeWritten(written)} is not a whole number`, hint)
  if (number < minimum || number > maximum) return refused(`${describeWritten(written)} is out of range`, hint, 'range')
  return accepted(number)
}

/** One of a few words. */
export const choice = <const T extends readonly string[]>(...words: T) =>
  scalar<T[number]>(written => parseChoice(written, words), {
    title: words.join(' | '),
    json: { enum: words.flatMap(word => (word === 'on' ? [word, true] : word === 'off' ? [word, false] : [word])) },
  })

function parseChoice<T extends string>(written: Written, words: readonly T[]): Parsed<T> {
  const synonym = written.value === true || written.text === 'true' ? 'on' : 'off'
  const isBoolean = written.value === true || written.value === false || /^(true|false)$/.test(written.text)
  const text = isBoolean ? synonym : written.text
  const found = words.find(word => word === text)
  if (found !== undefined) return accepted(found)
  const meant = AFFIRMATIONS[text.toLowerCase()] ?? suggest(text, words)
  const known = words.find(word => word === meant)
  const list = words.map(word => `\`${word}\``).join(', ')
  const hint =
    known === undefined
      ? `write ${words.length === 1 ? list : `one of ${list}`}`
      : `did you mean \`${known}\`? (one of ${list})`
  return refused(`${describeWritten(written)} is not one of the values`, hint)
}

const AFFIRMATIONS: Readonly<Record<string, string>> = {
  yes: 'on',
  no: 'off',
  enabled: 'on',
  disabled: 'off',
  '1': 'on',
  '0': 'off',
}

export const yesNo = () =>
  scalar<boolean>(
    written => {
      const parsed = parseChoice(written, ['on', 'off'])
      return parsed.ok ? accepted(parsed.value === 'on') : refused(parsed.message, 'write `true` or `false`')
    },
    { title: 'true | false', json: { enum: [true, false, 'on', 'off'] } },
  )

interface TextRules {
  readonly title?: string
  readonly pattern?: RegExp
  /** What to write instead where the pattern doesn't fit. */
  readonly hint?: string
  readonly secret?: boolean
  readonly mayBeEmpty?: boolean
  readonly lowerCase?: boolean
  readonly multiline?: boolean
}

/** Text without control characters; numbers and such are taken as they are written. */
export const text = (rules: TextRules = {}) =>
  scalar<string>(written => parseText(written, rules), {
    title: rules.title ?? 'text',
    json: {
      type: ['string', 'number', 'boolean'],
      ...(rules.pattern === undefined ? {} : { type: 'string', pattern: rules.pattern.source }),
    },
    ...(rules.secret === true ? { print: (value: string) => (value === '' ? '' : '***') } : {}),
  })

function parseText(written: Written, rules: TextRules): Parsed<string> {
  const shown = rules.secret === true ? 'the value' : describeWritten(written)
  const title = withArticle(rules.title ?? 'text')
  if (written.text === '' && rules.mayBeEmpty !== true)
    return refused('is empty', `give it ${title}, or leave the key out`, 'empty')
  const control = rules.multiline === true ? /[^\P{Cc}\t\n\r]/u : /\p{Cc}/u
  if (control.test(written.text))
    return refused(`${shown} holds a control character`, 'write it on one line, without control characters')
  if (rules.pattern?.test(written.text) === false)
    return refused(`${shown} is not ${title}`, rules.hint ?? `it has to match ${rules.pattern.source}`)
  return accepted(rules.lowerCase === true ? written.text.toLowerCase() : written.text)
}

/** A field name (RFC 9110 §5.1), in lower case from here on. */
export const headerName = () =>
  text({
    title: 'header name',
    pattern: /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/,
    hint: 'letters, digits and - only, without the colon, such as `X-Clinic`',
    lowerCase: true,
  })

export const address = () =>
  scalar(written => parseAddress(written.text), { title: 'address', json: { type: 'string' }, print: formatAddress })

export const upstreamUrl = () =>
  scalar(written => parseUpstreamUrl(written.text), {
    title: 'URL',
    json: { type: 'string', pattern: '^(https?|http\\+unix)://' },
    print: value => withoutUserinfo(value.href),
  })

export const network = () => scalar(written => parseNetwork(written.text), { title: 'CIDR', json: { type: 'string' } })

/** Any parser as a kind, for values that one key alone has. */
export const own = scalar

/** A map with exactly these keys, and others only where `rest` says what they hold; empty where nothing stands below its name. */
export function section<S extends z.ZodRawShape>(shape: S, rest?: z.ZodType) {
  const strict = z.strictObject(shape)
  return z.preprocess(
    emptyAs(() => ({})),
    rest === undefined ? strict : (strict.catchall(rest) as unknown as typeof strict),
  )
}

/** A map whose keys the user chooses. */
export function mapOf<T extends z.ZodType>(keys: z.ZodType<string, string>, values: T) {
  return z.preprocess(
    emptyAs(() => ({})),
    z.record(keys, values),
  )
}

export function list<T extends z.ZodType>(items: T) {
  return z.preprocess(
    emptyAs(() => []),
    z.array(items),
  )
}

function emptyAs(empty: () => unknown): (value: unknown) => unknown {
  return value => {
    if (!(value instanceof Written)) return value
    return value.value === null ? empty() : value.value
  }
}
