// What is whose? An origin that marks every answer with whom it is for.
//
// The truth of the leak hunt, in one place for origin and judge: who holds which token,
// who may see which object, which version of it is current. Every 200 carries its mark
// `<<group|path|language|version>>` in the body, in X-For and (but for object 2, whose tags
// Pillion makes) in the ETag, so that a mark shows wherever it leaks. Worlds of many runs
// live side by side: tokens and paths name their run. `Flaws` break the origin on purpose,
// to prove that the hunt finds leaks.

import { SignJWT } from 'jose'
import type { Answer, OriginExchange, OriginRequest } from '../origin/exchange.ts'
import { wireField } from '../origin/wire.ts'

export const TOKEN_SECRET = 'a secret of more than thirty-two characters'
export const KINDS = ['open', 'auto', 'mine', 'members', 'clinic', 'word', 'claimed'] as const
export type Kind = (typeof KINDS)[number]
export const OBJECTS = ['1', '2', 'secret'] as const

/** One credential: what the origin knows of it, and what Pillion can have learnt from the origin's answers. */
export interface Credential {
  readonly name: string
  readonly clinic: string
  readonly token: string
  readonly valid: boolean
  revoked: boolean
  readonly forbidden: Set<Kind>
  /** An answer or a logout told Pillion so. */
  revocationKnown: boolean
  readonly forbiddenKnown: Set<Kind>
}

/** Deliberate mistakes of the origin. */
export interface Flaws {
  readonly forgetsVary?: boolean
  readonly marksPersonalPublic?: boolean
  /** Rights per object on the route whose operator gave their word that there are none. */
  readonly rightsPerObject?: boolean
}

/** Who asks for what, as far as the origin's rules look at it. */
export interface Asking {
  readonly kind: Kind
  readonly object: string
  readonly credential: Credential | undefined
  /** X-Clinic, the first line of it. */
  readonly clinic: string | undefined
}

export class World {
  readonly flaws: Flaws
  readonly #credentials = new Map<string, Credential>()
  readonly #versions = new Map<string, number>()
  readonly #failing = new Set<string>()
  #runs = 0

  constructor(flaws: Flaws = {}) {
    this.flaws = flaws
  }

  newRun(): string {
    this.#runs += 1
    return `r${this.#runs}`
  }

  async credential(run: string, name: string, making: { clinic: string; forged?: boolean; expired?: boolean }) {
    const { clinic, forged = false, expired = false } = making
    const token = await new SignJWT({ sub: `${run}-${name}`, tenant: `${run}-${clinic}`, kind: `${forged}${expired}` })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer('idp')
      .setAudience('api')
      .setExpirationTime(Math.floor(Date.now() / 1000) + (expired ? -60 : 600))
      .sign(new TextEncoder().encode(forged ? TOKEN_SECRET.toUpperCase() : TOKEN_SECRET))
    const valid = !forged && !expired
    const none = { revoked: false, revocationKnown: false }
    const rights = { forbidden: new Set<Kind>(), forbiddenKnown: new Set<Kind>() }
    const credential: Credential = { name, clinic, token, valid, ...none, ...rights }
    this.#credentials.set(`Bearer ${token}`, credential)
    return credential
  }

  versionOf(run: string, object: string): number {
    return this.#versions.get(`${run}/${object}`) ?? 1
  }

  setFailing(run: string, failing: boolean): void {
    if (failing) this.#failing.add(run)
    else this.#failing.delete(run)
  }

  /** Whose answer this is, were no right ever withdrawn; a number: the status of a refusal. */
  groupOf({ kind, object, credential, clinic }: Asking): string | 401 | 403 {
    if (kind === 'open') return 'all'
    if (credential === undefined) return kind === 'auto' ? 'nobody' : 401
    if (!credential.valid) return 401
    if (kind === 'auto' || kind === 'mine') return `user ${credential.name}`
    if (kind === 'claimed') return `clinic ${credential.clinic}`
    const guarded = kind !== 'word' || this.flaws.rightsPerObject === true
    if (guarded && object === 'secret' && credential.name !== 'alice') return 403
    if (kind === 'members') return 'members'
    return credential.clinic === clinic ? `clinic ${clinic}` : 403
  }

  readonly answer = async (exchange: OriginExchange): Promise<void> => {
    const { request } = exchange
    const [, kind = '', run = '', object = ''] = request.target.split('/')
    await new Promise(resolve => setImmediate(resolve))
    const credential = this.#credentials.get(wireField(request.fields, 'authorization') ?? '')
    const clinic = wireField(request.fields, 'x-clinic')
    if (this.#failing.has(run)) exchange.respond({ status: 503, body: 'down' })
    else if (kind === 'write' || kind === 'logout') {
      if (kind === 'write') this.#versions.set(`${run}/${object}`, this.versionOf(run, object) + 1)
      else if (credential !== undefined) credential.revoked = true
      exchange.respond({ status: 204 })
    } else exchange.respond(this.#shown(request, { kind: kind as Kind, object, credential, clinic }, run))
  }

  #shown(request: OriginRequest, asking: Asking, run: string): Answer {
    const { kind, object, credential } = asking
    const asks = kind !== 'open'
    if (asks && credential?.revoked === true) return { status: 401, body: 'who?' }
    if (asks && credential?.forbidden.has(kind) === true) return { status: 403, body: 'no' }
    const group = this.groupOf(asking)
    if (typeof group === 'number') return { status: group, body: 'refused' }
    const mark = `<<${group}|${request.target}|${languageOf(request)}|${this.versionOf(run, object)}>>`
    const fields = ['X-For', mark, 'Content-Type', 'text/plain', ...this.#policy(kind, group)]
    const etag = `"${mark.replaceAll(' ', '_')}"`
    if (object !== '2') fields.push('ETag', etag)
    if (kind === 'open') fields.push('Set-Cookie', `id=${request.number}`)
    const known = object !== '2' && wireField(request.fields, 'if-none-match')?.includes(etag) === true
    return known ? { status: 304, fields } : { fields, body: `${mark} and what there is to say about it` }
  }

  #policy(kind: Kind, group: string): string[] {
    const { forgetsVary, marksPersonalPublic } = this.flaws
    const vary = forgetsVary === true ? [] : ['Vary', 'Accept-Language']
    const isPublic = marksPersonalPublic === true && kind === 'auto' && group !== 'nobody'
    return isPublic ? [...vary, 'Cache-Control', 'public, max-age=60'] : vary
  }
}

function languageOf({ fields }: Pick<OriginRequest, 'fields'>): string {
  return wireField(fields, 'accept-language') ?? 'none'
}
