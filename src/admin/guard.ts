// Who may ask the admin port what?
//
// Contract §4. Probes and /metrics are open. With a token, all but those and the page
// (which carries no numbers) needs it. Without one, only a loopback or unix listener
// answers, and only under a loopback name: a page elsewhere that rebinds its own name to
// 127.0.0.1 sends its own Host. A foreign Origin is refused in every case.

import { createHash, timingSafeEqual } from 'node:crypto'
import { problem, type WholeAnswer } from './answer.ts'

/** `open`: probes and metrics. `page`: the dashboard's files. `private`: everything else. */
export type Access = 'open' | 'page' | 'private'

/** The fields of a request that decide; undefined where absent. */
export interface Caller {
  readonly host: string | undefined
  readonly origin: string | undefined
  readonly authorization: string | undefined
}

export interface Door {
  /** The listener is a unix socket or bound to a loopback address. */
  readonly local: boolean
  /** Undefined: no token is configured. */
  readonly token: string | undefined
}

/** The refusal, or undefined where the request may go on. */
export function refuse(caller: Caller, access: Access, door: Door): WholeAnswer | undefined {
  if (caller.origin !== undefined && !isOwnOrigin(caller.origin, caller.host)) {
    return problem(403, `Origin ${shown(caller.origin)} is not this server: other sites may not use the admin API.`)
  }
  if (access === 'open') return undefined
  if (door.token !== undefined) return access === 'page' ? undefined : refuseWithoutToken(caller, door.token)
  if (!door.local) {
    return problem(
      403,
      'Without a token the admin port answers on loopback and unix listeners alone: set admin.token (or ADMIN_TOKEN), or admin.listen to 127.0.0.1:9090.',
    )
  }
  if (isLoopbackName(caller.host)) return undefined
  return problem(
    403,
    `Without a token only Host localhost, 127.0.0.1 or [::1] is answered, not ${shown(caller.host ?? '')}: set admin.token (or ADMIN_TOKEN) to use another name.`,
  )
}

function refuseWithoutToken(caller: Caller, token: string): WholeAnswer | undefined {
  const [, given] = /^Bearer +(\S+) *$/i.exec(caller.authorization ?? '') ?? []
  if (given !== undefined && isEqual(given, token)) return undefined
  const detail = given === undefined ? 'Send Authorization: Bearer TOKEN.' : 'The token is not the one of admin.token.'
  return problem(401, detail, { fields: { 'WWW-Authenticate': 'Bearer realm="pillion"' } })
}

/** Compares digests, so that neither content nor length shows in the time it takes. */
function isEqual(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}

function isOwnOrigin(origin: string, host: string | undefined): boolean {
  const [, authority] = /^https?:\/\/([^/?#@]+)$/.exec(origin.toLowerCase()) ?? []
  return authority !== undefined && authority === host?.toLowerCase()
}

function isLoopbackName(host: string | undefined): boolean {
  return /^(localhost|127\.0\.0\.1|\[::1\])(:[0-9]*)?$/i.test(host ?? '')
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 100))
}

/** True for an address that only this machine can reach. */
export function isLoopbackAddress(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address)
}
