// Do the routes and `identity` fit together?
//
// Errors where nobody could ever be told apart as the file wants it: a part that is not
// there, a claim without a way to verify it, `accepted: token` where something else than
// verified claims decides. Warnings where it works but is probably not meant: a key that
// does nothing here, and `accepted: route` on a path that names objects, since the
// origin may well have rights per object.

import type { IdentityRules, JwtRules } from '../config/identity-schema.ts'
import type { KeyPath } from '../config/problems.ts'
import { needsAcceptance } from '../config/route-values.ts'
import type { RouteSettings, RoutingSettings } from '../config/settings.ts'
import { suggest } from '../config/suggest.ts'
import { writtenAt } from './compiled-routes.ts'
import type { PathPattern } from './path-pattern.ts'

export interface IdentityFinding {
  readonly severity: 'error' | 'warning'
  readonly path: KeyPath
  readonly message: string
  readonly hint: string
}

const RESERVED: readonly string[] = ['auto', 'everyone', 'signed-in', 'user']

/** What is wrong with `identity` itself. */
export function checkIdentity({ parts, jwt, audit }: IdentityRules): IdentityFinding[] {
  const findings: IdentityFinding[] = []
  const error = (path: KeyPath, message: string, hint: string) =>
    findings.push({ severity: 'error', path: ['identity', ...path], message, hint })
  for (const { name, source } of parts) {
    if (!/^[A-Za-z][\w-]{0,63}$/.test(name))
      error([name], `"${name}" is no name for a part`, 'use letters, digits, `_` and `-`')
    if (RESERVED.includes(name))
      error([name], `\`${name}\` means something else under \`share\``, 'choose another name')
    if (source.kind === 'jwt' && jwt === undefined) error([name, 'jwt'], NO_JWT, JWT_HINT)
    if (source.kind === 'header' && source.name === 'cookie')
      error([name, 'header'], 'the whole Cookie field is no part', 'name one cookie: `{ cookie: … }`')
  }
  if (audit?.kind === 'jwt' && jwt === undefined) error(['audit', 'jwt'], NO_JWT, JWT_HINT)
  if (audit?.kind === 'cookie' || (audit?.kind === 'header' && /^(cookie|authorization)$/.test(audit.name)))
    error(
      ['audit'],
      'audit lines would hold a credential',
      'name a header such as X-Remote-User, or a claim: `{ jwt: sub }`',
    )
  if (jwt !== undefined) findings.push(...checkJwt(jwt))
  return findings
}

const NO_JWT = 'a claim needs `identity.jwt`, which says how a token is verified'
const JWT_HINT = 'add `jwt: { jwks: …, issuer: …, audience: …, algorithms: [RS256] }` under `identity`'

function checkJwt({ secret, algorithms }: JwtRules): IdentityFinding[] {
  const path = ['identity', 'jwt', 'algorithms']
  const symmetric = algorithms.filter(name => name.startsWith('HS'))
  const wrong = secret === undefined ? symmetric : algorithms.filter(name => !name.startsWith('HS'))
  const findings: IdentityFinding[] = wrong.map(name => {
    const message =
      secret === undefined ? `${name} verifies with a shared secret` : `${name} can't be verified with a shared secret`
    return {
      severity: 'error',
      path,
      message,
      hint:
        secret === undefined
          ? "set `secret`, or name the issuer's algorithm, such as RS256"
          : 'use HS256, or `jwks` or `file` instead of `secret`',
    }
  })
  if (secret !== undefined && secret.length < 32) {
    const message = `identity.jwt.secret has ${secret.length} characters and could be guessed from any token`
    findings.push({
      severity: 'warning',
      path: ['identity', 'jwt', 'secret'],
      message,
      hint: 'use at least 32 random characters',
    })
  }
  return findings
}

/** What is wrong with how one route uses it. */
export function checkSharing(
  written: RouteSettings,
  pattern: PathPattern,
  settings: RoutingSettings,
): IdentityFinding[] {
  const unknown = unknownParts(written, settings)
  if (!needsAcceptance(written.share)) return [...unknown, ...uselessKeys(written)]
  return [...unknown, ...checkTokens(written, settings), ...checkWord(written, pattern)]
}

function namedParts({ share }: RouteSettings): readonly string[] {
  return share.kind === 'parts' ? share.parts : []
}

function unknownParts(written: RouteSettings, { identity: { parts } }: RoutingSettings): IdentityFinding[] {
  const known = parts.map(part => part.name)
  const missing = namedParts(written).filter(name => !known.includes(name))
  return missing.map(name => {
    const meant = suggest(name, new Set([...known, ...RESERVED]))
    const word = meant !== undefined && RESERVED.includes(meant) ? `share: ${meant}` : meant
    const hint = word === undefined ? `add \`${name}: { header: … }\` under \`identity\`` : `did you mean \`${word}\`?`
    const message = `there is no part \`${name}\` under \`identity\``
    return { severity: 'error', path: writtenAt(written, 'share'), message, hint }
  })
}

function uselessKeys(written: RouteSettings): IdentityFinding[] {
  const keys = (['accepted', 'trust'] as const).filter(key => written.writtenIn[key] === 'route')
  return keys.map(key => ({
    severity: 'warning',
    path: writtenAt(written, key),
    message: `\`${key}\` does nothing under \`share: ${written.share.kind}\``,
    hint: 'it is for `signed-in` and parts',
  }))
}

function checkTokens(written: RouteSettings, { identity: { parts, jwt } }: RoutingSettings): IdentityFinding[] {
  if (written.accepted !== 'token') return []
  const about = { severity: 'error', path: writtenAt(written, 'accepted') } as const
  const claimed = parts.filter(({ name, source }) => namedParts(written).includes(name) && source.kind !== 'jwt')
  const findings: IdentityFinding[] = claimed.map(({ name }) => ({
    ...about,
    message: `\`accepted: token\` needs verified claims, and \`${name}\` is none`,
    hint: `write \`${name}: { jwt: … }\` under \`identity\`, or \`accepted: response\``,
  }))
  const message = '`accepted: token` needs `identity.jwt`, which says how a token is verified'
  return jwt === undefined ? [...findings, { ...about, message, hint: JWT_HINT }] : findings
}

function checkWord(written: RouteSettings, pattern: PathPattern): IdentityFinding[] {
  if (written.accepted !== 'route' || pattern.segments.every(segment => segment.kind === 'literal')) return []
  const message = `\`accepted: route\` on \`${written.name}\` (${pattern.text}) holds for whatever the path names: an origin with rights per object would be bypassed`
  const hint = 'leave `accepted` out (`response`), unless credential and parts alone decide'
  return [{ severity: 'warning', path: writtenAt(written, 'accepted'), message, hint }]
}
