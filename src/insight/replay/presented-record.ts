// Which request did the proxy see, when the log wrote this line?
//
// Method, URL and the range are in the line; who asked is only where the log names it.
// Then the name stands in for the credential: equal names are equal callers, and '' is a
// request without one. Where the log doesn't say, there are three assumptions: the
// likely one (one caller per address and agent, no credentials where the route leaves
// sharing to the origin) and the two ends, between which the truth lies: everybody a
// caller of their own, and everybody the same.

import type { IdentitySource } from '../../config/identity-schema.ts'
import type { PresentedRequest } from '../../http/message.ts'
import type { CompiledRoutes } from '../../routing/compiled-routes.ts'
import type { Route } from '../../routing/route.ts'
import type { LogRecord } from '../log/log-record.ts'

export type Assumption = 'likely' | 'high'

/** The request as far as the line alone tells; enough to find its route. */
export function bareRequest(record: LogRecord): PresentedRequest {
  const { method, scheme, host, path, query } = record
  return { method, scheme, host, path, query, fields: record.status === 206 ? RANGED : [], hasBody: false }
}

const RANGED = ['Range', 'bytes=0-']

/** Whether the log leaves open who may share the answer, or what was asked in the content. */
export function isUncertain(route: Route, record: LogRecord): boolean {
  if (route.cache === 'off') return false
  const needsTenant = partsOf(route).length > 0 && record.tenant === undefined
  if (route.body && record.method !== 'GET' && record.method !== 'HEAD') return true
  return route.share.kind !== 'everyone' && (record.user === undefined || needsTenant)
}

function partsOf(route: Route): readonly string[] {
  return 'parts' in route.share && Array.isArray(route.share.parts) ? (route.share.parts as string[]) : []
}

export class CredentialMaker {
  readonly #user: readonly IdentitySource[]
  readonly #parts: readonly IdentitySource[]

  constructor({ settings }: Pick<CompiledRoutes, 'settings'>) {
    const { user, parts } = settings.identity
    this.#user = user
    this.#parts = parts.flatMap(({ source }) => (source.kind === 'jwt' ? [] : [source]))
  }

  /** The request with the credentials that the caller had, or is assumed to have had. */
  present(bare: PresentedRequest, record: LogRecord, about: { route: Route; assuming: Assumption }): PresentedRequest {
    const { route, assuming } = about
    const body = route.body && bare.method !== 'GET' && bare.method !== 'HEAD'
    const content = body ? { hasBody: true, bodyDigest: '' } : {}
    const user = record.user ?? assumedUser(route, record, assuming)
    const [source] = this.#user
    if (source === undefined || user === '') return { ...bare, ...content }
    const fields = [...bare.fields, ...fieldOf(source, user)]
    if (record.tenant !== undefined && record.tenant !== '')
      for (const part of this.#parts) fields.push(...fieldOf(part, record.tenant))
    return { ...bare, ...content, fields }
  }
}

/** Under `auto` nobody is assumed to have had credentials: what the origin allows to be shared is not in a log. */
function assumedUser(route: Route, record: LogRecord, assuming: Assumption): string {
  if (route.share.kind === 'auto') return ''
  return assuming === 'high' ? 'everybody' : shortName(record.client)
}

/** Equal for equal texts, of the length of an ordinary token: an address and an agent are long, and a caller is many requests. */
function shortName(text: string): string {
  let [one, other] = [0x811c9dc5, 0x9747b28c]
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    one = Math.imul(one ^ code, 0x01000193)
    other = Math.imul(other ^ code, 0x5bd1e995)
  }
  return `caller-${(one >>> 0).toString(36)}-${(other >>> 0).toString(36)}`
}

const PLAIN = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/

function fieldOf(source: IdentitySource, value: string): [name: string, value: string] {
  const plain = PLAIN.test(value)
    ? value
    : value.replace(/[^\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]/g, octet => `_${octet.charCodeAt(0)}_`)
  if (source.kind === 'header') return [source.name, source.name.toLowerCase() === 'cookie' ? `user=${plain}` : plain]
  return ['Cookie', `${source.name}=${plain}`]
}
