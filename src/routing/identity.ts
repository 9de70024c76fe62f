// Who is asking, and who may be given the same stored response?
//
// One answer per request and route: how it may share, as facts for `cache/decide.ts`, and
// the caller's part of the key. Identity that can't be made is never guessed (contract §3):
// no credential, an empty one, or one that is there twice passes the request through.
// Credentials leave this file only as keyed digests, and no table remembers them: a digest
// costs under two microseconds, less than a secret lying about in the heap is worth.
// Under `signed-in` and parts the key holds the parts alone, and whether the origin accepts
// the caller is for cache/acceptance.ts to know; a part that is a claim counts only once
// the token is verified (`prepare`), and then in the same turn.

import { hash, hkdfSync, randomBytes } from 'node:crypto'
import type { EpochMs } from '../base/units.ts'
import type { PartSource } from '../config/identity-schema.ts'
import type { RoutingSettings } from '../config/settings.ts'
import { type Fields, fieldLines } from '../http/fields.ts'
import type { PresentedRequest } from '../http/message.ts'
import { FieldNames } from './field-names.ts'
import type { Route } from './route.ts'
import type { TokenVerifier, VerifiedToken } from './token-verifier.ts'
import { bearerToken, claimedExpiry, valuesOf } from './tokens.ts'

/** Keyed digest of a caller's credentials: equal for equal credentials, worthless without the key. */
export type CallerDigest = string & { readonly callerDigest: true }

/**
 * Random and secret; the same one over reloads, or every caller's stored responses are lost. In a rotation several
 * keys, the naming one first: callers are purged by the digests under all of them.
 */
export type IdentitySecret = string & { readonly identitySecret: true }

export function createIdentitySecret(): IdentitySecret {
  return randomBytes(32).toString('hex') as IdentitySecret
}

/** Why a caller or a part can't be told: nothing to tell by, an empty value, the same field or cookie twice, a token that proves nothing. */
type IdentityRefusal =
  | 'identity-missing'
  | 'identity-empty'
  | 'identity-repeated'
  | 'part-missing'
  | 'part-empty'
  | 'part-repeated'
  | 'token-unverified'

/** Whose acceptance by the origin counts, where a stored response is shared among those it accepts. */
export interface Accepting {
  readonly caller: CallerDigest
  /** A token verified here stands in for the origin, until then. */
  readonly proven: EpochMs | undefined
}

/**
 * The same for all replicas that share the cache's secret. Of several (a rotation) the oldest names, so that
 * replicas that know the new one already and those that don't yet mean the same callers by the same digests.
 */
export function sharedIdentitySecret(secrets: readonly string[]): IdentitySecret | undefined {
  if (secrets.length === 0) return undefined
  const keys = secrets.map(each => Buffer.from(hkdfSync('sha256', each, '', 'pillion identity', 32)).toString('hex'))
  return keys.toReversed().join(' ') as IdentitySecret
}

/** The one that names; what it digests, all of a rotation digest alike. */
export function namingKey(secret: IdentitySecret): string {
  return secret.split(' ', 1)[0] as string
}

export interface Sharing {
  /** Why this request can't have a stored response at all; undefined: it can. */
  readonly refusal: IdentityRefusal | undefined
  /** Under `share: auto`, which credentials the request carries; they decide what the origin must allow (RFC 9111 §3.5). */
  readonly credentials: 'none' | 'authorization' | 'other'
  /** The key's identity part: the caller under `user`, the parts under parts; undefined where all share. */
  readonly caller: CallerDigest | undefined
  /** Undefined where the origin has to accept nobody, or can't. */
  readonly acceptance: Accepting | undefined
}

type PartValue =
  | { readonly value: string; readonly refusal: undefined }
  | { readonly value?: undefined; readonly refusal: IdentityRefusal }

/** A caller under `identity.user`, whatever the route. */
export type Caller =
  | { readonly digest: CallerDigest; readonly refusal: undefined }
  | { readonly digest: undefined; readonly refusal: IdentityRefusal }

const SHARED: Sharing = { refusal: undefined, credentials: 'none', caller: undefined, acceptance: undefined }
const WITH_AUTHORIZATION: Sharing = { ...SHARED, credentials: 'authorization' }
const WITH_CREDENTIALS: Sharing = { ...SHARED, credentials: 'other' }

export type IdentitySettings = Pick<RoutingSettings, 'identity' | 'credentials'>

export class Identification {
  readonly #identity: IdentitySettings['identity']
  readonly #user: IdentitySettings['identity']['user']
  readonly #partSources: ReadonlyMap<string, PartSource>
  #verifier: TokenVerifier | undefined
  readonly #credentials: FieldNames
  readonly #protected: FieldNames
  readonly #key: string
  /** All keys, the naming one first. */
  readonly #keys: readonly string[]

  constructor(settings: IdentitySettings, secret: IdentitySecret) {
    this.#identity = settings.identity
    this.#user = settings.identity.user
    this.#partSources = new Map(settings.identity.parts.map(({ name, source }) => [name, source]))
    // RFC 9111 §3.5 holds for Authorization whatever the list says.
    this.#credentials = new FieldNames([...settings.credentials, 'authorization'])
    this.#protected = new FieldNames([...settings.credentials, 'authorization', 'cookie', ...this.#headerNames()])
    this.#keys = secret.split(' ')
    this.#key = namingKey(secret)
  }

  #headerNames(): string[] {
    const { user, parts } = this.#identity
    const sources = [...user, ...parts.map(part => part.source)]
    return sources.map(({ kind, name }) => (kind === 'header' ? name : kind === 'cookie' ? 'cookie' : 'authorization'))
  }

  /** Claims are worth nothing without it. */
  useVerifier(verifier: TokenVerifier | undefined): void {
    this.#verifier = verifier
  }

  /** Whether tokens are verified at all. */
  get verifies(): boolean {
    return this.#verifier !== undefined
  }

  /** Verifies the request's token where the route needs it and nothing is known of it yet; undefined: there is nothing to wait for. */
  prepare(route: Route, { fields }: Pick<PresentedRequest, 'fields'>): Promise<unknown> | undefined {
    if (!route.usesToken || this.#verifier === undefined) return undefined
    const token = bearerToken(fields, this.#user)
    return token === undefined || this.#verifier.known(token) !== undefined ? undefined : this.#verifier.verify(token)
  }

  #verified(fields: Fields): VerifiedToken | undefined {
    const token = this.#verifier === undefined ? undefined : bearerToken(fields, this.#user)
    return token === undefined ? undefined : this.#verifier?.known(token)
  }

  /** How this request may share on this route. */
  sharing(route: Route, request: PresentedRequest): Sharing {
    if (route.share.kind === 'everyone') return SHARED
    if (route.share.kind === 'auto') return this.#byCredentials(request.fields)
    const { digest, refusal } = this.caller(request)
    if (route.share.kind === 'user') return { ...SHARED, refusal, caller: digest }
    return refusal === undefined ? this.#amongAccepted(route, request, digest) : { ...SHARED, refusal }
  }

  #amongAccepted(route: Route, { fields }: PresentedRequest, caller: CallerDigest): Sharing {
    const names = route.share.kind === 'parts' ? route.share.parts : []
    const verified = route.usesToken ? this.#verified(fields) : undefined
    let text = ''
    for (const name of names) {
      const { value, refusal } = this.#part(name, fields, verified)
      if (refusal !== undefined) return { ...SHARED, refusal }
      text += `${name.length}:${name}${value.length}:${value}`
    }
    const proven = route.accepted === 'token' ? verified?.expires : undefined
    if (route.accepted === 'token' && proven === undefined) return { ...SHARED, refusal: 'token-unverified' }
    const parts = text === '' ? undefined : this.#digest(`parts${text}`)
    return { ...SHARED, caller: parts, acceptance: { caller, proven } }
  }

  #part(name: string, fields: Fields, verified: VerifiedToken | undefined): PartValue {
    const source = this.#partSources.get(name)
    if (source === undefined) return { refusal: 'part-missing' }
    if (source.kind === 'jwt' && verified === undefined) return { refusal: 'token-unverified' }
    const values = source.kind === 'jwt' ? [verified?.claims.get(source.name)] : valuesOf(source, fields)
    if (values.length > 1) return { refusal: 'part-repeated' }
    const [value] = values
    if (value === undefined) return { refusal: 'part-missing' }
    return value.trim() === '' ? { refusal: 'part-empty' } : { value, refusal: undefined }
  }

  /** The parts of identity that this request has beyond doubt, for tags and audit lines. */
  parts(route: Route, { fields }: Pick<PresentedRequest, 'fields'>): Map<string, string> {
    const found = new Map<string, string>()
    const wanted = route.audit || route.tags.length > 0 || route.purge.length > 0
    if (!wanted || this.#partSources.size === 0) return found
    const verified = route.usesToken ? this.#verified(fields) : undefined
    for (const name of this.#partSources.keys()) {
      const { value } = this.#part(name, fields, verified)
      if (value !== undefined) found.set(name, value)
    }
    return found
  }

  /** Parts of this route that a caller only claims: all but verified claims. */
  claimedParts(route: Route): PartSource[] {
    const names = route.share.kind === 'parts' ? route.share.parts : []
    return names.flatMap(name => this.#partSources.get(name) ?? []).filter(source => source.kind !== 'jwt')
  }

  /** The fields as somebody without credentials would send them; what only carries a part stays. */
  anonymous(fields: Fields): string[] {
    const claimed = new Set(this.#identity.parts.map(({ source }) => (source.kind === 'header' ? source.name : '')))
    const users = new Set(this.#user.map(({ kind, name }) => (kind === 'header' ? name : 'cookie')))
    const kept: string[] = []
    for (let at = 0; at < fields.length; at += 2) {
      const name = (fields[at] as string).toLowerCase()
      const personal = users.has(name) || (this.#protected.has(name) && !claimed.has(name))
      if (!personal) kept.push(fields[at] as string, fields[at + 1] as string)
    }
    const cookies = this.#identity.parts.flatMap(({ source }) => {
      if (source.kind !== 'cookie' || this.#user.some(user => user.kind === 'cookie' && user.name === source.name))
        return []
      return valuesOf(source, fields)
        .slice(0, 1)
        .map(value => `${source.name}=${value}`)
    })
    return cookies.length === 0 ? kept : [...kept, 'Cookie', cookies.join('; ')]
  }

  /** Whether the request carries a token that verifies here, known at once or by and by. */
  tokenHolds({ fields }: Pick<PresentedRequest, 'fields'>): boolean | Promise<boolean> {
    const token = this.#verifier === undefined ? undefined : bearerToken(fields, this.#user)
    if (token === undefined || this.#verifier === undefined) return false
    return (
      this.#verifier.known(token) !== undefined || this.#verifier.verify(token).then(verified => verified !== undefined)
    )
  }

  /** When the request's credentials end by their own word, verified or not. */
  expiry({ fields }: Pick<PresentedRequest, 'fields'>): EpochMs | undefined {
    const texts = this.#user.flatMap(source => valuesOf(source, fields))
    return claimedExpiry([...fieldLines(fields, 'authorization'), ...texts])
  }

  /** The person's name for audit lines, as `identity.audit` says; undefined where it can't be told. */
  auditName({ fields }: Pick<PresentedRequest, 'fields'>): string | undefined {
    const { audit } = this.#identity
    if (audit === undefined) return undefined
    if (audit.kind === 'jwt') return this.#verified(fields)?.claims.get(audit.name)
    const values = valuesOf(audit, fields)
    return values.length === 1 ? values[0] : undefined
  }

  /** Whether a field of this name may be consulted by `sharing`. */
  get telling(): FieldNames {
    return this.#protected
  }

  #byCredentials(fields: Fields): Sharing {
    let sharing = SHARED
    for (let at = 0; at < fields.length; at += 2) {
      const name = fields[at] as string
      if (!this.#credentials.has(name)) continue
      if (name.toLowerCase() !== 'authorization') return WITH_CREDENTIALS
      sharing = WITH_AUTHORIZATION
    }
    return sharing
  }

  /** The caller by all sources of `identity.user` that are present, together. */
  caller(request: Pick<PresentedRequest, 'fields'>): Caller {
    let text = ''
    for (const [index, source] of this.#user.entries()) {
      const values = valuesOf(source, request.fields)
      if (values.length > 1) return refusedAs('identity-repeated')
      const value = values[0]
      if (value === undefined) continue
      if (value.trim() === '') return refusedAs('identity-empty')
      text += `${index}:${value.length}:${value}`
    }
    return text === '' ? refusedAs('identity-missing') : { digest: this.#digest(text), refusal: undefined }
  }

  /**
   * What a purge of a user may know the caller by, besides: one digest per source that is present, where it knows
   * one credential only, and in a rotation all of them under the other keys too.
   */
  aliases(request: Pick<PresentedRequest, 'fields'>): CallerDigest[] {
    const texts = this.#user.flatMap((source, index) => {
      const value = valuesOf(source, request.fields)[0]
      return value === undefined ? [] : [`${index}:${value.length}:${value}`]
    })
    return this.#keys.flatMap(key =>
      [...texts, ...(texts.length > 1 ? [texts.join('')] : [])].map(text => this.#digest(text, key)),
    )
  }

  /** SHA-512/256 can't be extended, so behind a secret of fixed length it is a MAC in one call. */
  #digest(text: string, key = this.#key): CallerDigest {
    return hash('sha512-256', key + text, 'base64url') as CallerDigest
  }

  /** For logs: short, the same for the same caller while this process lives, '' for nobody in particular. */
  who(request: Pick<PresentedRequest, 'fields'>): string {
    return this.caller(request).digest?.slice(0, 12) ?? ''
  }

  /** Where the caller's identity would come from in this request, in words. */
  sourcesIn(request: Pick<PresentedRequest, 'fields'>): string[] {
    const present = this.#user.filter(source => valuesOf(source, request.fields).length > 0)
    return present.map(source => `${source.kind} ${source.name}`)
  }

  /** Names of `fields` that make a request personal under `share: auto`. */
  credentialsIn(fields: Fields): string[] {
    return [...new Set(this.#credentials.in(fields))]
  }

  /** Whether a `Connection` option of this name would take away a field that decides who is asking or what is keyed (contract §3: 400). */
  isProtected(route: Route, name: string): boolean {
    const lower = name.toLowerCase()
    if (this.#protected.has(lower) || route.vary.includes(lower)) return true
    return route.when.some(condition => condition.on === 'header' && condition.name === lower)
  }
}

function refusedAs(refusal: IdentityRefusal): Caller {
  return { digest: undefined, refusal }
}
