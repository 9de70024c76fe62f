// Which token does this request carry, and until when does it claim to hold?
//
// Only finding and reading; nothing here is verified (routing/token-verifier.ts does
// that). The token to verify is the one in `Authorization: Bearer`, or where there is no
// Authorization the only item of `identity.user` that looks like one; several candidates
// are none, because nobody knows which of them the origin reads. An unverified `exp` can
// only end something earlier, so it is believed wherever something looks like a token.

import { type EpochMs, epochMs } from '../base/units.ts'
import type { IdentitySource } from '../config/identity-schema.ts'
import { type Fields, fieldLines } from '../http/fields.ts'
import { cookieValues } from './cookies.ts'

const WHOLE = /^[\w-]+\.[\w-]+\.[\w-]+$/
const BETWEEN = /[^\w.-]+/
/** A shorter header or payload is none. */
const SHORTEST_PART = 4
/** Payloads that are read of one text. */
const MOST_CANDIDATES = 200
/** Longer ones are not looked at: no issuer makes them, and parsing is work. */
const LONGEST = 16_384

/** The one token that the origin would read; undefined where there is none or more than one. */
export function bearerToken(fields: Fields, users: readonly IdentitySource[]): string | undefined {
  const [authorization, ...more] = fieldLines(fields, 'authorization')
  if (more.length > 0) return undefined
  if (authorization !== undefined) {
    const token = /^bearer +(\S+) *$/i.exec(authorization)?.[1]
    return token !== undefined && looksLikeToken(token) ? token : undefined
  }
  const values = users.filter(({ name }) => name !== 'cookie').flatMap(source => valuesOf(source, fields))
  const tokens = values.map(value => value.replace(/^bearer +/i, '')).filter(looksLikeToken)
  return tokens.length === 1 ? tokens[0] : undefined
}

function looksLikeToken(text: string): boolean {
  return text.length <= LONGEST && WHOLE.test(text)
}

/** Every value of one source of identity; more than one names nobody. */
export function valuesOf(source: IdentitySource, fields: Fields): string[] {
  return source.kind === 'header' ? fieldLines(fields, source.name) : cookieValues(fields, source.name)
}

/** The earliest `exp` of anything in these texts that looks like a token, verified or not. */
export function claimedExpiry(texts: readonly string[]): EpochMs | undefined {
  let earliest: number | undefined
  for (const text of texts) {
    for (const payload of payloadsIn(text.slice(0, LONGEST))) {
      const expiry = expiryOf(payload)
      if (expiry !== undefined) earliest = Math.min(earliest ?? expiry, expiry)
    }
  }
  return earliest === undefined ? undefined : epochMs(earliest)
}

/**
 * The middle parts of whatever looks like a token, by plain splitting: an expression that
 * looks for them takes time quadratic in the length of a text that a client chose.
 */
function payloadsIn(text: string): string[] {
  if (!text.includes('.')) return []
  const payloads: string[] = []
  for (const word of text.split(BETWEEN)) {
    const parts = word.split('.')
    for (let at = 1; at < parts.length - 1; at += 1) {
      const [header, payload] = [parts[at - 1] as string, parts[at] as string]
      if (header.length < SHORTEST_PART || payload.length < SHORTEST_PART) continue
      if (payloads.length < MOST_CANDIDATES) payloads.push(payload)
    }
  }
  return payloads
}

function expiryOf(encoded: string): number | undefined {
  try {
    const payload: unknown = JSON.parse(Buffer.from(encoded, 'base64url').toString())
    const exp = (payload as { exp?: unknown } | null)?.exp
    return typeof exp === 'number' && Number.isFinite(exp) ? exp * 1000 : undefined
  } catch {
    return undefined
  }
}
