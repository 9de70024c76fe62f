// Which request did the client present, or why is it refused?
//
// node's parser has split the bytes; what it lets through and HTTP doesn't is refused
// here, before anything is routed: a missing, second or invalid Host, a target with a
// fragment, a path that some parser could read as another path (contract §3), too many
// or too large fields. Nothing is normalised: routing, key and origin see the bytes as
// they came. Fields that a client may not set are taken out (server/received-fields.ts),
// those that name the client are believed from trusted peers only (server/trusted-proxies.ts).

import type { IncomingMessage } from 'node:http'
import { Fault } from '../base/fault.ts'
import type { Bytes } from '../base/units.ts'
import { type Fields, fieldLines, fieldValue, hasField } from '../http/fields.ts'
import { statedOrigin } from '../http/forwarding.ts'
import type { PresentedRequest } from '../http/message.ts'
import { hasForbiddenPath, parseAuthority } from '../http/uri.ts'

/** What the reader must know of the connection and the configuration. */
export interface ReadingRules {
  readonly maxTarget: Bytes
  readonly maxHead: Bytes
  /** The peer is inside `trustedProxies`. */
  readonly trusted: boolean
  /** The connection itself is encrypted. */
  readonly encrypted: boolean
}

type OriginRules = Pick<ReadingRules, 'trusted' | 'encrypted'>

const MOST_FIELDS = 200

/** The presented request, or the fault that says why there is none; `accepted`: of its fields, those that go on. */
export function readRequest(message: IncomingMessage, accepted: Fields, rules: ReadingRules): PresentedRequest | Fault {
  const method = message.method as string
  const received = message.rawHeaders as Fields
  const refused = sizeFault(message.url as string, received, rules) ?? headFault(method, message)
  if (refused !== undefined) return refused
  const target = splitTarget(message.url as string, method)
  if (target instanceof Fault) return target
  const host = hostOf(received, target.authority, rules)
  if (host instanceof Fault) return host
  return {
    method,
    scheme: schemeOf(received, rules),
    host,
    path: target.path,
    query: target.query,
    fields: accepted,
    hasBody: announcesBody(received),
    ...(message.httpVersion === '1.0' ? { version: '1.0' } : {}),
  }
}

/**
 * TRACE would show a client what was added to its request, credentials among it; nginx refuses it too.
 * The others are RTSP's and ICE's, which the parser knows.
 */
const UNSUPPORTED = new Set(
  'CONNECT TRACE DESCRIBE ANNOUNCE SETUP PLAY PAUSE TEARDOWN GET_PARAMETER SET_PARAMETER REDIRECT RECORD FLUSH SOURCE'.split(
    ' ',
  ),
)

function headFault(method: string, { headers, httpVersion, rawHeaders }: IncomingMessage): Fault | undefined {
  if (httpVersion !== '1.1' && httpVersion !== '1.0') {
    return new Fault('REQUEST_MALFORMED', `HTTP/${httpVersion} is not spoken here`)
  }
  if (UNSUPPORTED.has(method)) return new Fault('REQUEST_METHOD', `${method} was asked for`)
  const coding = headers['transfer-encoding']
  if (coding !== undefined) {
    // The parser takes any list that ends in chunked, but we could not undo the rest of it (RFC 9112 §6.1).
    const plain = coding.toLowerCase() === 'chunked' && fieldLines(rawHeaders, 'transfer-encoding').length === 1
    if (!plain) return new Fault('REQUEST_MALFORMED', `the transfer coding ${JSON.stringify(coding)} is unknown`)
    if (httpVersion === '1.0') return new Fault('REQUEST_MALFORMED', 'HTTP/1.0 knows no transfer coding')
  }
  const { expect } = headers
  if (expect === undefined || expect.toLowerCase() === '100-continue') return undefined
  return new Fault('REQUEST_EXPECTATION', `the expectation ${JSON.stringify(expect)} can't be met`)
}

function sizeFault(target: string, fields: Fields, rules: ReadingRules): Fault | undefined {
  if (target.length > rules.maxTarget) {
    return new Fault('REQUEST_URI_LENGTH', `the target has ${target.length} octets; limits.uri is ${rules.maxTarget}`)
  }
  if (fields.length / 2 > MOST_FIELDS) {
    return new Fault('REQUEST_HEAD_SIZE', `the head has ${fields.length / 2} fields; at most ${MOST_FIELDS} are taken`)
  }
  let size = target.length
  for (const part of fields) size += part.length + 2
  if (size <= rules.maxHead) return undefined
  return new Fault('REQUEST_HEAD_SIZE', `the head has ${size} octets; limits.head is ${rules.maxHead}`)
}

interface Target {
  /** Only in absolute-form (RFC 9112 §3.2.2). */
  readonly authority: string | undefined
  readonly path: string
  readonly query: string | undefined
}

function splitTarget(target: string, method: string): Target | Fault {
  let authority: string | undefined
  let rest = target
  if (!target.startsWith('/')) {
    const absolute = /^https?:\/\/([^/?#]*)(.*)$/i.exec(target)
    if (absolute !== null) {
      authority = absolute[1] as string
      rest = absolute[2] as string
      // About the server as a whole, as `*` is (RFC 9112 §3.2.4).
      if (rest === '' && method === 'OPTIONS') return { authority, path: '*', query: undefined }
      if (!rest.startsWith('/')) rest = `/${rest}`
    } else if (!(target === '*' && method === 'OPTIONS')) {
      return new Fault('REQUEST_MALFORMED', `the request target ${JSON.stringify(target)} has no form of RFC 9112 §3.2`)
    }
  }
  if (rest.includes('#')) return new Fault('REQUEST_MALFORMED', 'the request target holds a fragment')
  const mark = rest.indexOf('?')
  const path = mark < 0 ? rest : rest.slice(0, mark)
  const query = mark < 0 ? undefined : rest.slice(mark + 1)
  if (hasForbiddenPath(path)) return new Fault('REQUEST_PATH', `the path ${JSON.stringify(path)} is refused`)
  if (query !== undefined && hasControl(query)) return new Fault('REQUEST_PATH', 'the query holds a control byte')
  return { authority, path, query }
}

function hasControl(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code <= 0x20 || code === 0x7f) return true
  }
  return false
}

/** The host as forwarded by a trusted peer, else the one stated by Host (and the target). */
export function hostOf(fields: Fields, authority: string | undefined, rules: OriginRules): string | Fault {
  const lines = fieldLines(fields, 'host')
  if (lines.length !== 1) return new Fault('REQUEST_HOST', `the request has ${lines.length} Host fields instead of one`)
  const scheme = schemeOf(fields, rules)
  const own = parseAuthority(lines[0] as string, scheme)
  if (own === undefined) return new Fault('REQUEST_HOST', `Host ${JSON.stringify(lines[0])} is not a host and port`)
  if (authority !== undefined) {
    const named = parseAuthority(authority, scheme)
    if (named === undefined || named !== own) {
      return new Fault(
        'REQUEST_HOST',
        `the target names ${JSON.stringify(authority)}, Host names ${JSON.stringify(own)}`,
      )
    }
  }
  const stated = rules.trusted ? statedOrigin(fields).host : undefined
  return (stated === undefined ? undefined : parseAuthority(stated, scheme)) ?? own
}

export function schemeOf(fields: Fields, rules: OriginRules): 'http' | 'https' {
  const stated = rules.trusted ? statedOrigin(fields).scheme : undefined
  return stated ?? (rules.encrypted ? 'https' : 'http')
}

function announcesBody(fields: Fields): boolean {
  if (hasField(fields, 'transfer-encoding')) return true
  const length = fieldValue(fields, 'content-length')
  return length !== undefined && length !== '0'
}
