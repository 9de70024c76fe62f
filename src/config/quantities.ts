// How are durations, sizes and shares written?
//
// `500ms 30s 5m 2h 1d`, `64KiB 8MiB 1GiB`, `10%`: a number and its unit, nothing between
// them. A bare number is refused, because a guess at its unit is how 30 milliseconds
// become 30 seconds. A fraction is allowed where it comes out whole (`1.5s`). What is
// nearly right (`5min`, `64KB`, `30 s`) gets the spelling to use in the hint.

import { type Bytes, bytes, type Milliseconds, milliseconds, type Ratio, ratio } from '../base/units.ts'
import { accepted, type Parsed, type Refused, refused } from './parsed.ts'

const DURATION_UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const SIZE_UNITS = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const

/** JSON Schema patterns of the three. */
export const DURATION_PATTERN = '^[0-9]+(\\.[0-9]+)?(ms|s|m|h|d)$'
export const SIZE_PATTERN = '^[0-9]+(\\.[0-9]+)?(B|KiB|MiB|GiB)$'
export const PERCENTAGE_PATTERN = '^[0-9]+(\\.[0-9]+)?%$'

/** RFC 9111 §1.2.2 wants delta-seconds to be at least 31 bits wide; more is of no use to anybody. */
const LONGEST = milliseconds(2 ** 31 * 1000)

interface UnitTable {
  readonly noun: string
  readonly units: Readonly<Record<string, number>>
  /** What people write instead, in lower case. */
  readonly aliases: Readonly<Record<string, string>>
  /** For the hint after a bare number. */
  readonly example: (amount: string) => string
}

const DURATION: UnitTable = {
  noun: 'a duration',
  units: DURATION_UNITS,
  aliases: {
    ...aliasesOf('ms', 'msec', 'msecs', 'millis', 'millisecond', 'milliseconds'),
    ...aliasesOf('s', 'sec', 'secs', 'second', 'seconds'),
    ...aliasesOf('m', 'min', 'mins', 'minute', 'minutes'),
    ...aliasesOf('h', 'hr', 'hrs', 'hour', 'hours'),
    ...aliasesOf('d', 'day', 'days'),
  },
  example: amount => `write \`${amount}s\` for seconds (units: ms, s, m, h, d)`,
}

const SIZE: UnitTable = {
  noun: 'a size',
  units: SIZE_UNITS,
  aliases: {
    ...aliasesOf('B', 'byte', 'bytes', 'octets'),
    ...aliasesOf('KiB', 'k', 'kb', 'ki', 'kib'),
    ...aliasesOf('MiB', 'm', 'mb', 'mi', 'mib'),
    ...aliasesOf('GiB', 'g', 'gb', 'gi', 'gib'),
  },
  example: amount => `write \`${amount}B\` for bytes (units: B, KiB, MiB, GiB, of 1024 each)`,
}

function aliasesOf(unit: string, ...spellings: string[]): Record<string, string> {
  return Object.fromEntries([unit.toLowerCase(), ...spellings].map(spelling => [spelling, unit]))
}

/** `30s` and the like; at most 2^31 seconds. */
export function parseDuration(text: string): Parsed<Milliseconds> {
  const amount = parseQuantity(text, DURATION)
  if (!amount.ok) return amount
  if (amount.value > LONGEST) return refused(`\`${text}\` is longer than 68 years`, 'write a shorter duration')
  return accepted(milliseconds(amount.value))
}

/** `8MiB` and the like; up to what a number holds exactly. */
export function parseSize(text: string): Parsed<Bytes> {
  const amount = parseQuantity(text, SIZE)
  if (!amount.ok) return amount
  if (!Number.isSafeInteger(amount.value)) return refused(`\`${text}\` is too large`, 'write a smaller size')
  return accepted(bytes(amount.value))
}

function parseQuantity(text: string, table: UnitTable): Parsed<number> {
  const parts = /^([0-9]+(?:\.[0-9]+)?)(\s*)([a-zA-Z]*)$/.exec(text)
  if (parts === null) return notAQuantity(text, table)
  const [, amount, space, unit] = parts as unknown as [string, string, string, string]
  if (unit === '') return refused(`\`${text}\` has no unit`, table.example(amount), 'unit-missing')
  const factor = Object.hasOwn(table.units, unit) && space === '' ? table.units[unit] : undefined
  if (factor === undefined) return wrongUnit(text, amount, { unit, table })
  // 1.001 * 1000 is 1000.9999999999999 in floating point; whole numbers need no such help.
  const product = amount.includes('.') ? Math.round(Number(amount) * factor * 1e6) / 1e6 : Number(amount) * factor
  if (!Number.isInteger(product)) {
    return refused(
      `\`${text}\` is not a whole number of ${unit === 'ms' || table === DURATION ? 'milliseconds' : 'bytes'}`,
      'use a smaller unit',
    )
  }
  return accepted(product)
}

function wrongUnit(text: string, amount: string, found: { unit: string; table: UnitTable }): Refused {
  const { unit, table } = found
  const meant = Object.hasOwn(table.units, unit) ? unit : table.aliases[unit.toLowerCase()]
  const units = Object.keys(table.units).join(', ')
  const hint = meant === undefined ? `units are ${units}` : `did you mean \`${amount}${meant}\`? (units: ${units})`
  return refused(`\`${text}\` is not ${table.noun}`, hint)
}

function notAQuantity(text: string, table: UnitTable): Refused {
  const units = Object.keys(table.units).join(', ')
  if (text.startsWith('-')) return refused(`\`${text}\` is negative`, `write ${table.noun} from 0 up (units: ${units})`)
  return refused(
    `\`${text}\` is not ${table.noun}`,
    `write one number and one unit, such as \`${table === DURATION ? '90m' : '64KiB'}\` (units: ${units})`,
  )
}

/** `10%` → 0.1; from 0 to 100 %. */
export function parsePercentage(text: string): Parsed<Ratio> {
  const parts = /^([0-9]+(?:\.[0-9]+)?)(\s*%)?$/.exec(text)
  if (parts === null)
    return refused(`\`${text}\` is not a percentage`, 'write a number from 0 to 100 and `%`, such as `10%`')
  const [, amount, sign] = parts as unknown as [string, string, string | undefined]
  if (sign === undefined) {
    const meant = amount.includes('.') && Number(amount) <= 1 ? trimmed(Number(amount) * 100) : amount
    return refused(`\`${text}\` has no unit`, `write \`${meant}%\``, 'unit-missing')
  }
  if (sign !== '%') return refused(`\`${text}\` is not a percentage`, `did you mean \`${amount}%\`?`)
  if (Number(amount) > 100) return refused(`\`${text}\` is more than 100%`, 'write a share from 0% to 100%')
  return accepted(ratio(Number(amount) / 100))
}

/** As it would be written in the file, in the largest unit that comes out whole. */
export function formatDuration(value: Milliseconds): string {
  return value === 0 ? '0s' : inLargestUnit(value, DURATION_UNITS)
}

export function formatSize(value: Bytes): string {
  return inLargestUnit(value, SIZE_UNITS)
}

export function formatPercentage(value: Ratio): string {
  return `${trimmed(value * 100)}%`
}

function inLargestUnit(value: number, units: Readonly<Record<string, number>>): string {
  const whole = Object.entries(units).filter(([, factor]) => value !== 0 && Number.isInteger(value / factor))
  const [unit, factor] = whole.at(-1) ?? (Object.entries(units)[0] as [string, number])
  return `${value / factor}${unit}`
}

/** At most six decimals, none that floating point made up. */
function trimmed(value: number): string {
  return String(Math.round(value * 1e6) / 1e6)
}
