// Which instant does an HTTP-date name?
//
// The three formats of RFC 9110 §5.6.7, read strictly: one space where the grammar has
// one, two digits where it has two, GMT alone. Only letter case is lenient, as RFC 9111
// §4.2 asks of caches. The day's name has to be one, but isn't held against the date.
// Anything else is no date, and what that means is the caller's: an unreadable Expires
// is expired, an unreadable If-Modified-Since is ignored.

import type { EpochMs } from '../base/units.ts'
import { epochMs } from '../base/units.ts'
import { type Fields, fieldLines, withField } from './fields.ts'
import { trimOws } from './list-syntax.ts'

const DAY = '(?:mon|tue|wed|thu|fri|sat|sun)'
const LONG_DAY = '(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)'
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const MONTH = `(?<month>${MONTHS.join('|')})`
const TIME = '(?<hour>\\d\\d):(?<minute>\\d\\d):(?<second>\\d\\d)'

const IMF_FIXDATE = new RegExp(`^${DAY}, (?<day>\\d\\d) ${MONTH} (?<year>\\d{4}) ${TIME} gmt$`, 'i')
const RFC850_DATE = new RegExp(`^${LONG_DAY}, (?<day>\\d\\d)-${MONTH}-(?<year>\\d\\d) ${TIME} gmt$`, 'i')
const ASCTIME_DATE = new RegExp(`^${DAY} ${MONTH} (?<day>\\d\\d| \\d) ${TIME} (?<year>\\d{4})$`, 'i')

/**
 * The instant, or undefined where `text` is no HTTP-date.
 *
 * `near` is any instant around the present: a two-digit year that would lie more than
 * 50 years after it belongs to the century before (RFC 9110 §5.6.7).
 */
export function parseHttpDate(text: string, near: EpochMs): EpochMs | undefined {
  const value = trimOws(text)
  const whole = (IMF_FIXDATE.exec(value) ?? ASCTIME_DATE.exec(value))?.groups
  if (whole !== undefined) return instantOf(whole, Number(whole['year']))
  const short = RFC850_DATE.exec(value)?.groups
  return short === undefined ? undefined : instantOfShortYear(short, near)
}

function instantOfShortYear(groups: Readonly<Record<string, string>>, near: EpochMs): EpochMs | undefined {
  const present = new Date(near)
  const thisYear = Number.isNaN(present.getTime()) ? 1970 : present.getUTCFullYear()
  const limit = new Date(near)
  limit.setUTCFullYear(thisYear + 50)
  const century = Math.floor(thisYear / 100) * 100
  for (const candidate of [century + 100, century, century - 100]) {
    const instant = instantOf(groups, candidate + Number(groups['year']))
    if (instant !== undefined && instant <= limit.getTime()) return instant
  }
  return undefined
}

function instantOf(groups: Readonly<Record<string, string>>, year: number): EpochMs | undefined {
  const month = MONTHS.indexOf((groups['month'] as string).toLowerCase())
  const [day, hour, minute, second] = ['day', 'hour', 'minute', 'second'].map(part => Number(groups[part]))
  if ((hour as number) > 23 || (minute as number) > 59 || (second as number) > 60) return undefined
  const midnight = new Date(0)
  midnight.setUTCFullYear(year, month, day as number)
  // 30 February would have rolled over into March.
  if (midnight.getUTCMonth() !== month || midnight.getUTCDate() !== day) return undefined
  return epochMs(midnight.getTime() + (((hour as number) * 60 + (minute as number)) * 60 + (second as number)) * 1000)
}

/** IMF-fixdate, the only format a sender may generate; fractions of a second are dropped. */
export function formatHttpDate(instant: EpochMs): string {
  return new Date(instant).toUTCString()
}

/**
 * The one instant that all lines of a date field agree on; `invalid` where a line is
 * no date or two differ, undefined where there is none.
 */
export function dateField(fields: Fields, name: string, near: EpochMs): EpochMs | 'invalid' | undefined {
  const [first, ...others] = fieldLines(fields, name).map(line => parseHttpDate(line, near) ?? 'invalid')
  return others.every(other => other === first) ? first : 'invalid'
}

/** When the response was made: its Date, or `responseTime` where that is missing or unreadable (RFC 9110 §6.6.1). */
export function dateOf(fields: Fields, responseTime: EpochMs): EpochMs {
  const date = dateField(fields, 'date', responseTime)
  return date === undefined || date === 'invalid' ? responseTime : date
}

/** The fields with a Date: a readable one stays as it came, else the time of receipt is recorded (RFC 9110 §6.6.1). */
export function withDate(fields: Fields, responseTime: EpochMs): Fields {
  const date = dateField(fields, 'date', responseTime)
  return typeof date === 'number' ? fields : withField(fields, 'Date', formatHttpDate(responseTime))
}
