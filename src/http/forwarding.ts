// What does a forwarded message say about its way, and what is believed of it?
//
// Via (RFC 9110 §7.6.3), Forwarded (RFC 7239) and its older relatives X-Forwarded-For,
// -Proto and -Host. A trusted peer's are extended, anybody else's replaced; of the other
// X-Forwarded-* fields an untrusted peer may keep only those that name the user, which
// are credentials, not statements about the way. An X-Real-IP is replaced where a stranger
// sent one, and not made where none did. A chain that came in one of the two
// forms is carried over into the other, so that the backend reads the same in both.

import { eachField, type Fields, fieldLines, fieldValue, hasField, withField, withoutFields } from './fields.ts'
import { nameAndArgument, splitList, splitOutsideQuotes, tokenOrQuoted, trimOws } from './list-syntax.ts'
import { isIpv6 } from './uri.ts'

const PSEUDONYM = 'pillion'

/** The fields with this hop appended to Via; `version` is that of the message received (RFC 9110 §7.6.3). */
export function withVia(fields: Fields, version = '1.1'): string[] {
  const before = fieldValue(fields, 'via')
  const hop = `${version} ${PSEUDONYM}`
  return withField(fields, 'Via', before === undefined || before === '' ? hop : `${before}, ${hop}`)
}

/** What is known of the connection a request came by. */
export interface Peer {
  /** IP address without brackets or port; undefined on a unix socket. */
  readonly address: string | undefined
  /** Whether its statements are believed. */
  readonly trusted: boolean
  /** Of the presented request, after what a trusted peer says. */
  readonly scheme: 'http' | 'https'
  readonly host: string
}

/** They say who the user is, not which way the request came. */
const IDENTITY_FIELDS: ReadonlySet<string> = new Set([
  'x-forwarded-access-token',
  'x-forwarded-client-cert',
  'x-forwarded-email',
  'x-forwarded-groups',
  'x-forwarded-preferred-username',
  'x-forwarded-user',
])
/** nginx's custom, which backends take for the client's address. */
const REAL_IP = 'x-real-ip'
const WRITTEN: ReadonlySet<string> = new Set(['forwarded', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host'])

/** The fields with this hop told in Forwarded and X-Forwarded-For, -Proto, -Host. */
export function withForwarding(fields: Fields, peer: Peer): string[] {
  const chain = peer.trusted ? forwardedChain(fields) : []
  const told = peer.trusted ? fieldValue(fields, 'forwarded') : undefined
  const kept = withoutFields(fields, peer.trusted ? WRITTEN : statementsAboutTheWay(fields))
  if (!peer.trusted && peer.address !== undefined && hasField(fields, REAL_IP)) kept.push('X-Real-IP', peer.address)
  const addresses = [...chain, peer.address].filter(address => address !== undefined)
  if (addresses.length > 0) kept.push('X-Forwarded-For', addresses.join(', '))
  kept.push('X-Forwarded-Proto', peer.scheme, 'X-Forwarded-Host', peer.host)
  const own = `${forwardedFor(peer.address)};host=${tokenOrQuoted(peer.host)};proto=${peer.scheme}`
  const before = told ?? chain.map(forwardedFor).join(', ')
  kept.push('Forwarded', before === '' ? own : `${before}, ${own}`)
  return kept
}

function statementsAboutTheWay(fields: Fields): ReadonlySet<string> {
  const names = new Set(WRITTEN).add(REAL_IP)
  eachField(fields, name => {
    if (name.startsWith('x-forwarded-') && !IDENTITY_FIELDS.has(name)) names.add(name)
  })
  return names
}

function forwardedFor(address: string | undefined): string {
  if (address === undefined) return 'for=unknown'
  return `for=${tokenOrQuoted(isIpv6(address) ? `[${address}]` : address)}`
}

/** The addresses a request says it came by, the client first: X-Forwarded-For, else Forwarded's `for`. */
export function forwardedChain(fields: Fields): string[] {
  const lines = fieldLines(fields, 'x-forwarded-for')
  if (lines.length > 0) return lines.flatMap(line => splitList(line)).map(bareAddress)
  return forwardedElements(fields)
    .map(element => element.get('for'))
    .filter(node => node !== undefined)
    .map(bareAddress)
}

/** `[::1]:80` and `192.0.2.1:80` without brackets and port; anything else as it is. */
function bareAddress(node: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(node)?.[1]
  return bracketed ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(node)?.[1] ?? node
}

function forwardedElements(fields: Fields): ReadonlyMap<string, string>[] {
  const elements = fieldLines(fields, 'forwarded').flatMap(line => splitList(line))
  return elements.map(element => {
    const pairs = splitOutsideQuotes(element, { separator: ';', escapes: true }).map(nameAndArgument)
    return new Map(pairs.map(([name, argument]) => [name.toLowerCase(), argument ?? '']))
  })
}

/** What a trusted peer says the client used; undefined where it says nothing usable. */
export interface StatedOrigin {
  readonly scheme: 'http' | 'https' | undefined
  /** As written; see `parseAuthority`. */
  readonly host: string | undefined
}

/** Scheme and host as the client used them, by X-Forwarded-* or else Forwarded; the first of a chain counts. */
export function statedOrigin(fields: Fields): StatedOrigin {
  const [element] = forwardedElements(fields)
  const scheme = (firstMember(fields, 'x-forwarded-proto') ?? element?.get('proto'))?.toLowerCase()
  const host = firstMember(fields, 'x-forwarded-host') ?? element?.get('host')
  return { scheme: scheme === 'http' || scheme === 'https' ? scheme : undefined, host: host === '' ? undefined : host }
}

function firstMember(fields: Fields, name: string): string | undefined {
  const [first] = fieldLines(fields, name).flatMap(line => splitList(line))
  return first === undefined ? undefined : trimOws(first)
}

/** The client's address: the last of the chain that is not a trusted proxy's, the peer's own where there is none. */
export function forwardedClient(
  fields: Fields,
  peer: Pick<Peer, 'address' | 'trusted'>,
  isTrusted: (address: string) => boolean,
): string | undefined {
  if (!peer.trusted) return peer.address
  const chain = forwardedChain(fields)
  return chain.findLast(address => !isTrusted(address)) ?? chain[0] ?? peer.address
}
