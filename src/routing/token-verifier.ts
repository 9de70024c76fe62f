// What does this token prove?
//
// Signature by a pinned algorithm, issuer, audience and `exp`, all required, by jose. The
// outcome is remembered by keyed digest, never the token, for as long as the token holds,
// so that later requests are told in the same turn; only what was proved is remembered,
// so that forged tokens push nothing out. A claim counts as text; a list or map is none.

import { hash } from 'node:crypto'
import { errors, type JWTPayload, jwtVerify } from 'jose'
import { type EpochMs, epochMs } from '../base/units.ts'
import type { JwtRules } from '../config/identity-schema.ts'
import { type FindKey, findKeyBy, type KeySurroundings } from './token-keys.ts'

export interface VerifiedToken {
  /** The claims that the configuration names, those that are there. */
  readonly claims: ReadonlyMap<string, string>
  readonly expires: EpochMs
}

/** About 10 MB at worst. */
const MOST_REMEMBERED = 20_000

export class TokenVerifier {
  readonly #rules: JwtRules
  readonly #claims: readonly string[]
  readonly #secret: string
  readonly #around: Omit<KeySurroundings, 'onChange'>
  readonly #findKey: FindKey
  readonly #verified = new Map<string, VerifiedToken>()

  /** Throws where a key file can't be read. `claims` are the names to remember. */
  constructor(
    rules: JwtRules,
    claims: readonly string[],
    around: Omit<KeySurroundings, 'onChange'> & { secret: string },
  ) {
    this.#rules = rules
    this.#claims = claims
    this.#secret = around.secret
    this.#around = around
    this.#findKey = findKeyBy(rules, { ...around, onChange: () => this.#verified.clear() })
  }

  /** What is known of the token already, if it still holds. */
  known(token: string): VerifiedToken | undefined {
    const digest = this.#digest(token)
    const verified = this.#verified.get(digest)
    if (verified === undefined || verified.expires > this.#around.clock.now()) return verified
    this.#verified.delete(digest)
    return undefined
  }

  /** Verifies and remembers. Never rejects: a token that proves nothing is undefined. */
  async verify(token: string): Promise<VerifiedToken | undefined> {
    const payload = await this.#payload(token)
    const expires = epochMs((payload?.exp ?? 0) * 1000)
    if (payload === undefined || expires <= this.#around.clock.now()) return undefined
    const claims = new Map<string, string>()
    for (const name of this.#claims) {
      const value = Object.hasOwn(payload, name) ? payload[name] : undefined
      if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
        claims.set(name, `${value}`)
    }
    const verified = { claims, expires }
    this.#remember(this.#digest(token), verified)
    return verified
  }

  async #payload(token: string): Promise<JWTPayload | undefined> {
    try {
      return await this.#verifyWith(token, this.#findKey)
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) return undefined
      return this.#payloadByAny(token, error)
    }
  }

  /** A token that names no key, while the set has several of its kind. */
  async #payloadByAny(token: string, candidates: errors.JWKSMultipleMatchingKeys): Promise<JWTPayload | undefined> {
    for await (const key of candidates) {
      const payload = await this.#verifyWith(token, () => key).catch(() => undefined)
      if (payload !== undefined) return payload
    }
    return undefined
  }

  async #verifyWith(token: string, findKey: FindKey): Promise<JWTPayload> {
    const { issuer, audience, algorithms, clockSkew } = this.#rules
    const { payload } = await jwtVerify(token, findKey, {
      issuer,
      audience: [...audience],
      algorithms: [...algorithms],
      clockTolerance: clockSkew / 1000,
      currentDate: new Date(this.#around.clock.now()),
      requiredClaims: ['exp'],
    })
    return payload
  }

  #remember(digest: string, verified: VerifiedToken): void {
    if (this.#verified.size >= MOST_REMEMBERED) {
      const [oldest] = this.#verified.keys()
      if (oldest !== undefined) this.#verified.delete(oldest)
    }
    this.#verified.set(digest, verified)
  }

  #digest(token: string): string {
    return hash('sha512-256', `${this.#secret}token:${token}`, 'base64url')
  }
}
