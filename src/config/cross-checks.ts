// Which keys contradict each other, or leave something to be said?
//
// Rules that need more than one key, on values that are each right by themselves:
// errors where Pillion could not do what is asked (no upstream, a loop, one address
// twice, half a client certificate), warnings where it can but the operator should know
// (an admin API open to the network). Silent about what was already reported.

import { type Address, formatAddress, isLoopback, type UpstreamUrl } from './addresses.ts'
import type { KeyPath, Problem, Severity } from './problems.ts'
import { checkRedis } from './redis-checks.ts'
import type { FileSettings } from './schema.ts'
import type { ConfigurationSource } from './source-document.ts'
import { checkWorkers } from './worker-shares.ts'

export interface Checked {
  readonly settings: FileSettings
  /** Key path → option or variable that decided it. */
  readonly from: ReadonlyMap<string, string>
  readonly source: ConfigurationSource
  readonly found: readonly Problem[]
}

export type Finding = readonly [
  severity: Severity,
  path: readonly string[],
  message: string,
  hint: string,
  code?: string,
]

export function crossCheck(checked: Checked): Problem[] {
  const findings: Finding[] = [
    ...checkUpstream(checked),
    ...checkTls(checked.settings),
    ...checkRedis(checked.settings),
    ...checkAddresses(checked.settings),
    ...checkAdmin(checked.settings),
    ...checkWorkers(checked.settings),
    ...checkCredentials(checked.settings),
  ]
  return findings.map(([severity, path, message, hint, code = 'conflict']) => {
    const from = checked.from.get(path.join('.'))
    const place = from === undefined ? placeOf(checked.source, path) : { from }
    return { code, severity, path, message, hint, ...place }
  })
}

function placeOf(source: ConfigurationSource, path: KeyPath): Partial<Problem> {
  return source.file === undefined ? {} : source.locate(path)
}

function checkUpstream({ settings, found }: Checked): Finding[] {
  if (settings.upstream.url !== undefined) return []
  const reported = found.some(({ path, code }) => {
    return code === 'too-large' || ['', 'upstream', 'upstream.url'].includes(path.join('.'))
  })
  if (reported) return []
  const hint = 'set `upstream.url` in the file, pass --upstream URL, or set UPSTREAM, such as http://127.0.0.1:8000'
  return [['error', ['upstream', 'url'], 'no upstream: the address of the backend is missing', hint, 'required']]
}

function checkTls({ upstream: { url, tls } }: FileSettings): Finding[] {
  const findings: Finding[] = []
  const path = ['upstream', 'tls']
  if (tls.cert !== undefined && tls.key === undefined)
    findings.push(['error', [...path, 'cert'], 'upstream.tls.cert has no key', 'set `key` too'])
  if (tls.key !== undefined && tls.cert === undefined)
    findings.push(['error', [...path, 'key'], 'upstream.tls.key has no certificate', 'set `cert` too'])
  if (url !== undefined && url.protocol !== 'https' && Object.values(tls).some(value => value !== undefined)) {
    findings.push([
      'error',
      path,
      `upstream.tls has no meaning for ${url.href}`,
      'use an https:// URL, or remove `tls`',
    ])
  }
  return findings
}

function checkAddresses({ listen, admin, upstream: { url } }: FileSettings): Finding[] {
  const findings: Finding[] = []
  if (isSameAddress(listen, admin.listen)) {
    const message = `admin.listen is the proxy's own address, ${formatAddress(listen)}`
    findings.push(['error', ['admin', 'listen'], message, 'give them different ports'])
  }
  for (const [name, address] of [
    ['listen', listen],
    ['admin.listen', admin.listen],
  ] as const) {
    if (url === undefined || !leadsTo(url, address)) continue
    const message = `upstream.url leads back to Pillion itself (${name} is ${formatAddress(address)})`
    findings.push(['error', ['upstream', 'url'], message, "write the backend's port, or move the listener"])
  }
  return findings
}

function isSameAddress(one: Address, other: Address): boolean {
  if (one.kind === 'unix' || other.kind === 'unix')
    return one.kind === other.kind && formatAddress(one) === formatAddress(other)
  if (one.port === 0 || one.port !== other.port) return false
  return one.host === other.host || isEveryInterface(one) || isEveryInterface(other)
}

function isEveryInterface(address: Address): boolean {
  return address.kind === 'tcp' && (address.host === undefined || address.host === '0.0.0.0' || address.host === '::')
}

function leadsTo(url: UpstreamUrl, address: Address): boolean {
  if (address.kind === 'unix') return url.socketPath === address.path
  if (url.socketPath !== undefined || url.port !== address.port) return false
  const target: Address = { kind: 'tcp', host: url.hostname, port: url.port }
  if (isLoopback(target))
    return isEveryInterface(address) || (isLoopback(address) && isSameLoopback(url.hostname, address.host))
  return url.hostname === address.host || isEveryInterface(target)
}

/** `localhost` may be either of the two. */
function isSameLoopback(one: string, other: string | undefined): boolean {
  return one === other || one === 'localhost' || other === 'localhost'
}

const SHORT_TOKEN = 16

function checkAdmin({ admin }: FileSettings): Finding[] {
  if (admin.token === '') {
    if (isLoopback(admin.listen)) return []
    const message = `the admin API listens on ${formatAddress(admin.listen)} without a token, so it answers little but probes and metrics`
    return [
      [
        'warning',
        ['admin', 'listen'],
        message,
        'set `admin.token` (ADMIN_TOKEN), or listen on 127.0.0.1',
        'admin-open',
      ],
    ]
  }
  if (admin.token.length >= SHORT_TOKEN) return []
  const message = `admin.token has ${admin.token.length} characters and could be guessed`
  return [['warning', ['admin', 'token'], message, 'use at least 16 random characters', 'admin-token']]
}

function checkCredentials({ credentials }: FileSettings): Finding[] {
  if (credentials === 'default' || credentials.includes('authorization')) return []
  const message =
    '`credentials` leaves out Authorization: such requests may be answered with responses stored for others'
  return [['warning', ['credentials'], message, 'add `Authorization` unless the backend ignores it', 'credentials']]
}
