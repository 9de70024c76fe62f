// What does the file say about who is asking?
//
// `user` tells callers apart; further parts, under names of the operator's choice, say
// which group a caller claims or is proved to belong to; `jwt` says how a token is
// verified, and `audit` how a person is named in audit lines. A part comes from a header,
// one cookie or a verified claim. Algorithms are pinned: a token never says by itself how
// it wants to be verified. Whether the pieces fit together is checked in `routing/`.

import { z } from 'zod'
import type { Milliseconds } from '../base/units.ts'
import { key, requiredKey } from './keys.ts'
import { choice, delay, headerName, list, printers, section, text } from './kinds.ts'
import { formatDuration } from './quantities.ts'

/** One place in a request that says who is asking. */
export type IdentitySource =
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'cookie'; readonly name: string }

/** A part of identity, or a name for audit lines: `jwt` is a claim of the verified token. */
export type PartSource = IdentitySource | { readonly kind: 'jwt'; readonly name: string }

export interface IdentityPart {
  /** As `share` and tags call it. */
  readonly name: string
  readonly source: PartSource
}

export interface JwtRules {
  /** Where the keys are: exactly one of the three. */
  readonly jwks: string | undefined
  readonly secret: string | undefined
  readonly file: string | undefined
  readonly issuer: string
  readonly audience: readonly string[]
  readonly algorithms: readonly string[]
  /** How far `nbf` may lie ahead; `exp` is never stretched. */
  readonly clockSkew: Milliseconds
}

export interface IdentityRules {
  readonly user: readonly IdentitySource[]
  readonly parts: readonly IdentityPart[]
  readonly jwt: JwtRules | undefined
  readonly audit: PartSource | undefined
}

const cookieName = text({
  title: 'cookie name',
  pattern: /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/,
  hint: 'write the name alone, such as `session`',
})
const claimName = text({ title: 'claim name', hint: 'write the name of a claim, such as `tenant`' })

const identityItem = section({
  header: key(headerName(), { prose: 'A header field.' }),
  cookie: key(cookieName, { prose: 'A single cookie.' }),
})
  .refine(item => (item.header === undefined) !== (item.cookie === undefined), {
    message: 'needs exactly one of `header` and `cookie`',
    params: { code: 'value', hint: 'write `{ header: Authorization }` or `{ cookie: session }`, one item each' },
  })
  .transform((item): IdentitySource => {
    return item.header === undefined
      ? { kind: 'cookie', name: item.cookie ?? '' }
      : { kind: 'header', name: item.header }
  })
printers.add(identityItem, { print: printSource })

const partSource = section({
  header: key(headerName(), { prose: 'A header field.' }),
  cookie: key(cookieName, { prose: 'A single cookie.' }),
  jwt: key(claimName, { prose: 'A claim of the token that `identity.jwt` verifies.' }),
})
  .refine(part => [part.header, part.cookie, part.jwt].filter(name => name !== undefined).length === 1, {
    message: 'needs exactly one of `header`, `cookie` and `jwt`',
    params: { code: 'value', hint: 'write `{ header: X-Clinic }`, `{ cookie: clinic }` or `{ jwt: clinic }`' },
  })
  .transform((part): PartSource => {
    if (part.header !== undefined) return { kind: 'header', name: part.header }
    return part.cookie === undefined ? { kind: 'jwt', name: part.jwt ?? '' } : { kind: 'cookie', name: part.cookie }
  })
printers.add(partSource, { print: printSource })

function printSource(source: PartSource): object {
  return { [source.kind]: source.name }
}

const JWT_ALGORITHMS = [
  'HS256',
  'HS384',
  'HS512',
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const

const some = <T extends z.ZodType>(items: T, hint: string) =>
  list(items).refine(listed => listed.length > 0, { message: 'is empty', params: { code: 'empty', hint } })

const oneOrMore = z
  .union([text({ title: 'text' }).transform(one => [one]), some(text({ title: 'text' }), 'name at least one')])
  .meta({ title: 'text | list of text' })

const jwt = section({
  jwks: key(
    text({
      title: 'URL',
      pattern: /^(https:\/\/|http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?\/)/,
      hint: 'write an https:// URL (http:// only to this machine): who can change the keys can be anybody',
    }),
    {
      prose: 'URL of a JSON Web Key Set. Fetched in the background, again every 10 minutes and when a key is missing.',
    },
  ),
  secret: key(text({ title: 'secret', secret: true }), {
    prose: 'Shared secret of the HS algorithms; at least 32 characters.',
    examples: [`\${JWT_SECRET}`],
  }),
  file: key(text({ title: 'file name' }), {
    prose:
      'PEM file with a public key or certificate, or a JSON file with a key or key set. Read at a start and reload.',
  }),
  issuer: requiredKey(text({ title: 'text' }), { prose: 'What `iss` has to be.' }),
  audience: requiredKey(oneOrMore, { prose: 'What `aud` has to name; of a list any one.' }),
  algorithms: requiredKey(some(choice(...JWT_ALGORITHMS), 'name the algorithms that the issuer signs with'), {
    prose: 'Algorithms that are accepted, whatever a token says.',
    examples: [['RS256']],
  }),
  clockSkew: key(delay(), {
    default: '30s',
    prose: 'How far `nbf` may lie ahead of the clock here. `exp` is never stretched.',
  }),
})
  .refine(rules => [rules.jwks, rules.secret, rules.file].filter(source => source !== undefined).length === 1, {
    message: 'needs exactly one of `jwks`, `secret` and `file`',
    params: { code: 'value', hint: 'say where the keys come from' },
  })
  .transform(({ jwks, secret, file, ...rest }): JwtRules => ({ jwks, secret, file, ...rest }))

const user = list(identityItem).refine(items => items.length > 0, {
  message: 'names nobody',
  params: { code: 'value', hint: 'name at least one `{ header: … }` or `{ cookie: … }`, or leave the key out' },
})

const shape = {
  user: key(user, {
    default: [{ header: 'Authorization' }, { header: 'Cookie' }],
    prose: 'The fields and cookies that tell users apart; all of these that are present count together.',
    examples: [[{ header: 'Authorization' }, { cookie: 'session' }]],
  }),
  jwt: key(jwt, {
    prose:
      'How the token in `Authorization: Bearer`, or else in an item of `user`, is verified, for parts that are claims.',
  }),
  audit: key(partSource, {
    prose: 'What names a person in audit lines (`who`): a header or a verified claim.',
    examples: [{ header: 'X-Remote-User' }, { jwt: 'sub' }],
  }),
}

/** Part names stand beside `user`, `jwt` and `audit`. */
export const identity = section(shape, partSource).transform((written): IdentityRules => {
  const { user: sources, jwt: rules, audit, ...parts } = written as z.output<z.ZodObject<typeof shape>>
  const named = Object.entries(parts as Record<string, PartSource>)
  return { user: sources, jwt: rules, audit, parts: named.map(([name, source]) => ({ name, source })) }
})
printers.add(identity, {
  print: ({ user: sources, parts, jwt: rules, audit }: IdentityRules) => ({
    user: sources.map(printSource),
    ...Object.fromEntries(parts.map(({ name, source }) => [name, printSource(source)])),
    ...(rules === undefined ? {} : { jwt: printJwt(rules) }),
    ...(audit === undefined ? {} : { audit: printSource(audit) }),
  }),
})

function printJwt({ jwks, secret, file, ...rules }: JwtRules): object {
  const keys = jwks === undefined ? (secret === undefined ? { file } : { secret: '***' }) : { jwks }
  return { ...keys, ...rules, clockSkew: formatDuration(rules.clockSkew) }
}
