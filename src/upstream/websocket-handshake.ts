// Is this a WebSocket handshake, and does the answer match it?
//
// RFC 6455 §4.1 and §4.2.1, as far as a proxy must know: GET, the upgrade asked for, a
// key of 16 octets; and in the 101 the upgrade granted and the key's digest, which no
// origin sends that took the request for something else. The version is the origin's
// business (it answers 426), and so is the subprotocol.

import { createHash } from 'node:crypto'
import { type Fields, fieldLines } from '../http/fields.ts'
import { connectionOptions } from '../http/hop-by-hop.ts'
import { splitList } from '../http/list-syntax.ts'

const KEY = /^[A-Za-z0-9+/]{22}==$/
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** The key of a valid opening request over HTTP/1.1, or undefined: then Upgrade is to be ignored. */
export function websocketKey(method: string, fields: Fields): string | undefined {
  const keys = fieldLines(fields, 'sec-websocket-key')
  const valid = method === 'GET' && keys.length === 1 && KEY.test(keys[0] as string) && upgradesToWebsocket(fields)
  return valid ? keys[0] : undefined
}

/** Whether a 101 with these fields answers the request with `key`. */
export function answersKey(fields: Fields, key: string): boolean {
  const accepts = fieldLines(fields, 'sec-websocket-accept')
  return upgradesToWebsocket(fields) && accepts.length === 1 && accepts[0] === acceptFor(key)
}

function upgradesToWebsocket(fields: Fields): boolean {
  const protocols = fieldLines(fields, 'upgrade').flatMap(line => splitList(line))
  const named = protocols.length === 1 && protocols[0]?.toLowerCase() === 'websocket'
  return named && connectionOptions(fields).includes('upgrade')
}

export function acceptFor(key: string): string {
  return createHash('sha1').update(`${key}${GUID}`).digest('base64')
}
