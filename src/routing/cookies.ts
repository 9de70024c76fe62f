// Which values does one cookie have in this request?
//
// RFC 6265 §5.4 as origins read it: pairs between semicolons, white space around names and
// values dropped, names compared byte for byte, values as they stand, quotes included.
// Total: what is no pair is passed over. With more than one Cookie line (a client sends
// one, and origins differ on which they read) no value is the only one, so whole lines
// are given back, and whoever asks sees a repetition.

import { type Fields, fieldLines } from '../http/fields.ts'
import { trimOws } from '../http/list-syntax.ts'

/** Every value of the cookie, in order; more than one whenever there is more than one Cookie line. */
export function cookieValues(fields: Fields, name: string): string[] {
  const lines = fieldLines(fields, 'cookie')
  if (lines.length > 1) return lines
  const values: string[] = []
  for (const pair of lines[0]?.split(';') ?? []) {
    const equals = pair.indexOf('=')
    if (equals >= 0 && trimOws(pair.slice(0, equals)) === name) values.push(trimOws(pair.slice(equals + 1)))
  }
  return values
}
