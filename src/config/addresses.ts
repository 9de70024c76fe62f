// How are listening addresses, the upstream's URL and networks written?
//
// Strictly: what is not one of the forms of the contract is refused with the form to
// use. Names are not resolved here. A URL with a path, a query or credentials is an
// error, since Pillion would have to drop them silently; messages never repeat the
// credentials.

import { isIP, isIPv4, isIPv6 } from 'node:net'
import { accepted, type Parsed, type Refused, refused } from './parsed.ts'

/** `host` undefined: every interface (`:8080`). IPv6 without brackets. */
export type Address =
  | { readonly kind: 'tcp'; readonly host: string | undefined; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

export interface UpstreamUrl {
  readonly protocol: 'http' | 'https'
  /** IPv6 without brackets; `localhost` behind a unix socket. */
  readonly hostname: string
  readonly port: number
  /** The socket to connect to instead of hostname and port. */
  readonly socketPath: string | undefined
  /** Host field for `host: upstream`: hostname and any port but the scheme's own. */
  readonly authority: string
  /** In its one normal spelling. */
  readonly href: string
}

const ADDRESS_HINT = 'write HOST:PORT, :PORT, [::1]:PORT or unix:/path (port 0 picks a free one)'
const UPSTREAM_HINT = 'write http://HOST:PORT, https://HOST:PORT or http+unix:///path/to.sock'
/** What sun_path holds on Linux, less its terminating zero. */
const LONGEST_SOCKET_PATH = 107

export function parseAddress(text: string): Parsed<Address> {
  if (text.startsWith('unix:')) {
    const path = parseSocketPath(text.slice('unix:'.length), text)
    return path.ok ? accepted({ kind: 'unix', path: path.value }) : path
  }
  if (/^[a-z+]+:\/\//i.test(text)) return refused(`\`${text}\` is a URL, not an address`, ADDRESS_HINT)
  if (/^[0-9]+$/.test(text))
    return refused(`\`${text}\` is not an address`, `write \`:${text}\` or \`127.0.0.1:${text}\``)
  const parts = /^(?:\[([^\]]*)\]|([^:[\]]*)):([0-9]+)$/.exec(text)
  if (parts === null) return addressRefused(text)
  const [, bracketed, name, digits] = parts
  const port = parsePort(digits as string, text)
  if (!port.ok) return port
  if (bracketed !== undefined && !isIPv6(bracketed))
    return refused(`\`${text}\`: \`${bracketed}\` is not an IPv6 address`, ADDRESS_HINT)
  if (bracketed === undefined && name !== '' && !isHostName(name as string))
    return refused(`\`${text}\`: \`${name}\` is not a host name or IPv4 address`, ADDRESS_HINT)
  return accepted({ kind: 'tcp', host: bracketed ?? (name === '' ? undefined : name), port: port.value })
}

function addressRefused(text: string): Refused {
  if (isIPv6(text)) return refused(`\`${text}\` has no port`, `write \`[${text}]:8080\``)
  if (isHostName(text)) return refused(`\`${text}\` has no port`, `write \`${text}:8080\``)
  return refused(`\`${text}\` is not an address`, ADDRESS_HINT)
}

function parsePort(digits: string, text: string): Parsed<number> {
  const port = Number(digits)
  return port <= 65_535 ? accepted(port) : refused(`\`${text}\`: ${digits} is not a port`, 'ports go from 0 to 65535')
}

function parseSocketPath(path: string, text: string): Parsed<string> {
  if (!path.startsWith('/') || path.length < 2)
    return refused(`\`${text}\` has no absolute path`, 'write unix:/path/to.sock')
  if (path.includes('\0')) return refused(`the socket's path holds a NUL`, 'write unix:/path/to.sock')
  const length = Buffer.byteLength(path)
  if (length <= LONGEST_SOCKET_PATH) return accepted(path)
  return refused(`\`${text}\`: the path has ${length} bytes`, `a socket's path has at most ${LONGEST_SOCKET_PATH}`)
}

export function formatAddress(address: Address): string {
  if (address.kind === 'unix') return `unix:${address.path}`
  const host = address.host === undefined ? '' : isIPv6(address.host) ? `[${address.host}]` : address.host
  return `${host}:${address.port}`
}

/** True where only this machine can connect. */
export function isLoopback(address: Address): boolean {
  if (address.kind === 'unix') return true
  const host = address.host?.toLowerCase()
  if (host === undefined) return false
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'))
}

export function parseUpstreamUrl(text: string): Parsed<UpstreamUrl> {
  const shown = withoutUserinfo(text)
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase()
  if (scheme === undefined) return withoutScheme(shown)
  if (scheme === 'http+unix') return parseUnixUrl(text.slice('http+unix://'.length), shown)
  if (scheme !== 'http' && scheme !== 'https')
    return refused(`\`${shown}\`: ${scheme} is not a scheme Pillion speaks`, UPSTREAM_HINT)
  const url = /[\s\\]/.test(text) ? null : URL.parse(text)
  if (url === null || !isUrlHost(url.hostname)) return refused(`\`${shown}\` is not a URL`, UPSTREAM_HINT)
  const surplus = surplusOf(text, url)
  if (surplus !== undefined) return refused(`\`${shown}\` ${surplus}`, `write \`${url.protocol}//${url.host}\``)
  if (url.port === '0') return refused(`\`${shown}\`: 0 is not a port to connect to`, UPSTREAM_HINT)
  return accepted({
    protocol: scheme,
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (scheme === 'https' ? 443 : 80) : Number(url.port),
    socketPath: undefined,
    authority: url.host,
    href: `${scheme}://${url.host}`,
  })
}

function withoutScheme(shown: string): Refused {
  if (shown === '') return refused('the URL is empty', UPSTREAM_HINT)
  const plausible = /^(\[[0-9a-f:.]+\]|[\w.-]+)(:[0-9]+)?$/i.test(shown)
  return refused(`\`${shown}\` has no scheme`, plausible ? `did you mean \`http://${shown}\`?` : UPSTREAM_HINT)
}

function parseUnixUrl(rest: string, shown: string): Parsed<UpstreamUrl> {
  if (/[?#]/.test(rest)) return refused(`\`${shown}\` has a query or fragment`, UPSTREAM_HINT)
  if (!rest.startsWith('/'))
    return refused(`\`${shown}\` has no absolute path`, 'write three slashes: http+unix:///path/to.sock')
  const path = parseSocketPath(rest, shown)
  if (!path.ok) return path
  const href = `http+unix://${path.value}`
  return accepted({
    protocol: 'http',
    hostname: 'localhost',
    port: 80,
    socketPath: path.value,
    authority: 'localhost',
    href,
  })
}

/** What a proxy for one address can't honour; a lone `/` is no path. */
function surplusOf(text: string, url: URL): string | undefined {
  if (url.username !== '' || url.password !== '' || text.includes('@')) return 'holds credentials; Pillion sends none'
  if (text.includes('?')) return 'has a query; the upstream gets paths and queries as clients send them'
  if (text.includes('#')) return 'has a fragment'
  if (url.pathname !== '/' || /^[^:]+:\/\/[^/]*\/./.test(text)) {
    return 'has a path; the upstream gets paths as clients send them'
  }
  return undefined
}

/** `http://***@host` for `http://user:password@host`. */
export function withoutUserinfo(text: string): string {
  return text.replace(/(:\/\/).*@/gs, '$1***@').replace(/^[^/@]*:[^/@]*@/, '***@')
}

/** A CIDR, a single address, or `private`; as written. */
export function parseNetwork(text: string): Parsed<string> {
  if (text === 'private') return accepted(text)
  const hint = 'write a CIDR such as `10.0.0.0/8`, an address, or `private`'
  const [network, digits, ...more] = text.split('/') as [string, string?, ...string[]]
  const family = isIP(network)
  if (family === 0 || network.includes('%') || more.length > 0) return refused(`\`${text}\` is not a network`, hint)
  if (digits === undefined) return accepted(text)
  const width = family === 4 ? 32 : 128
  if (!/^[0-9]{1,3}$/.test(digits) || Number(digits) > width)
    return refused(`\`${text}\`: the prefix is not a length from 0 to ${width}`, hint)
  return accepted(text)
}

function isHostName(name: string): boolean {
  if (/^[0-9.]+$/.test(name)) return isIPv4(name)
  return name.length <= 253 && /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?$/i.test(name)
}

function isUrlHost(host: string): boolean {
  return host.startsWith('[') || isHostName(host)
}
