// Who is asking, and who may be given the same stored response?
//
// One answer per request and route: how it may share, as facts for `cache/decide.ts`, and
// the caller's part of the key. Identity that can't be made is never guessed (contract §3):
// no credential, an empty one, or one that is there twice passes the request through.
// Credentials leave this file only as keyed digests, and no table remembers them: a digest
// costs under two microseconds, less than a secret lying about in the heap is worth.
// Parts of identity, `signed-in` and acceptance will be further facts beside these.

import { hash, hkdfSync, randomBytes } from 'node:crypto'
import type { IdentitySource } from '../config/schema.ts'
import type { RoutingSettings } from '../config/settings.ts'
import { type Fields, fieldLines } from '../http/fields.ts'
import type { PresentedRequest } from '../http/message.ts'
import { cookieValues } from './cookies.ts'
import { FieldNames } from './field-names.ts'
import type { Route } from './route.ts'

/** Keyed digest of a caller's credentials: equal for equal credentials, worthless without the key. */
export type CallerDigest = string & { readonly callerDigest: true }

/** Random and secret; the same one over reloads, or every caller's stored responses are lost. */
export type IdentitySecret = string & { readonly identitySecret: true }

export function createIdentitySecret(): IdentitySecret {
  return randomBytes(32).toString('hex') as IdentitySecret
}

/** Why a caller can't be told apart: nothing to tell by, an empty value, the same field or cookie twice. */
type IdentityRefusal = 'identity-missing' | 'identity-empty' | 'identity-repeated'

/**
 * The same for all replicas that share the cache's secret. Of several (a rotation) the oldest counts, so that
 * replicas that know the new one already and those that don't yet mean the same callers by the same digests.
 */
export function sharedIdentitySecret(secrets: readonly string[]): IdentitySecret | undefined {
  const oldest = secrets.at(-1)
  if (oldest === undefined) return undefined
  return Buffer.from(hkdfSync('sha256', oldest, '', 'pillion identity', 32)).toString('hex') as IdentitySecret
}

export interface Sharing {
  /** Why this request can't have a stored response at all; undefined: it can. */
  readonly refusal: IdentityRefusal | undefined
  /** Under `share: auto`, which credentials the request carries; they decide what the origin must allow (RFC 9111 §3.5). */
  readonly credentials: 'none' | 'authorization' | 'other'
  /** The key's identity part; undefined where the stored response is not one caller's. */
  readonly caller: CallerDigest | undefined
}

/** A caller under `identity.user`, whatever the route. */
export type Caller =
  | { readonly digest: CallerDigest; readonly refusal: undefined }
  | { readonly digest: undefined; readonly refusal: IdentityRefusal }

const SHARED: Sharing = { refusal: undefined, credentials: 'none', caller: undefined }
const WITH_AUTHORIZATION: Sharing = { ...SHARED, credentials: 'authorization' }
const WITH_CREDENTIALS: Sharing = { ...SHARED, credentials: 'other' }

export type IdentitySettings = Pick<RoutingSettings, 'identity' | 'credentials'>

export class Identification {
  readonly #user: IdentitySettings['identity']['user']
  readonly #credentials: FieldNames
  readonly #protected: FieldNames
  readonly #secret: IdentitySecret

  constructor(settings: IdentitySettings, secret: IdentitySecret) {
    this.#user = settings.identity.user
    // RFC 9111 §3.5 holds for Authorization whatever the list says.
    this.#credentials = new FieldNames([...settings.credentials, 'authorization'])
    this.#protected = new FieldNames([...settings.credentials, 'authorization', 'cookie', ...this.#headerNames()])
    this.#secret = secret
  }

  #headerNames(): string[] {
    return this.#user.map(source => (source.kind === 'header' ? source.name : 'cookie'))
  }

  /** How this request may share on this route. */
  sharing(route: Route, request: PresentedRequest): Sharing {
    if (route.share.kind === 'everyone') return SHARED
    if (route.share.kind === 'auto') return this.#byCredentials(request.fields)
    const { digest, refusal } = this.caller(request)
    return { refusal, credentials: 'none', caller: digest }
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

  /** One digest per source that is present: what a purge of a user may know the caller by, when it knows one credential only. */
  aliases(request: Pick<PresentedRequest, 'fields'>): CallerDigest[] {
    return this.#user.flatMap((source, index) => {
      const value = valuesOf(source, request.fields)[0]
      return value === undefined ? [] : [this.#digest(`${index}:${value.length}:${value}`)]
    })
  }

  /** SHA-512/256 can't be extended, so behind a secret of fixed length it is a MAC in one call. */
  #digest(text: string): CallerDigest {
    return hash('sha512-256', this.#secret + text, 'base64url') as CallerDigest
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

function valuesOf(source: IdentitySource, fields: Fields): string[] {
  return source.kind === 'header' ? fieldLines(fields, source.name) : cookieValues(fields, source.name)
}

function refusedAs(refusal: IdentityRefusal): Caller {
  return { digest: undefined, refusal }
}
