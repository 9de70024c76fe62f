// What did the upstream's head say, and may it be believed?
//
// Turns undici's raw pairs into fields as sent (duplicates, order and spelling kept)
// and names what its parser lets pass but RFC 9112 doesn't let us forward: a coding we
// don't know in Transfer-Encoding (§6.1: its content could not be delimited), a 101
// that nobody asked for, and statuses under 100. Everything else malformed is refused
// by the parser itself; test/upstream/malformed.test.ts holds it to that.

import type { FaultCode } from '../base/fault.ts'
import { type Fields, fieldValue, withoutFields } from '../http/fields.ts'

/** name, value, name, value … from undici's buffers. */
export function readFields(raw: readonly Buffer[]): Fields {
  const fields: string[] = []
  for (const part of raw) fields.push(part.toString('latin1'))
  return fields
}

const LENGTH: ReadonlySet<string> = new Set(['content-length'])

/** As received, less what is of no meaning there: a Content-Length of a 1xx or 204, which nobody may send on (RFC 9110 §8.6). */
export function readHead(status: number, raw: readonly Buffer[]): Fields {
  const fields = readFields(raw)
  return status < 200 || status === 204 ? withoutFields(fields, LENGTH) : fields
}

export function headFault(status: number, fields: Fields): FaultCode | undefined {
  if (status < 100 || status === 101) return 'UPSTREAM_MALFORMED'
  const coding = fieldValue(fields, 'transfer-encoding')
  if (coding === undefined || coding.toLowerCase() === 'chunked') return undefined
  return 'UPSTREAM_TRANSFER_ENCODING'
}

/** An endless response by its media type, however the request looked. */
export function isEventStream(fields: Fields): boolean {
  const type = fieldValue(fields, 'content-type')
  return type !== undefined && /^text\/event-stream(?:$|[;\s])/i.test(type)
}

/** Hop-by-hop fields that may not be passed on and that undici writes itself or refuses. */
const NOT_SENT = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'expect'])
const NOT_SENT_LENGTHS = new Set([...NOT_SENT].map(name => name.length))

/** The request's fields without those; the very list where there are none. */
export function sendableFields(fields: Fields): Fields {
  let kept: string[] | undefined
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at] as string
    if (NOT_SENT_LENGTHS.has(name.length) && NOT_SENT.has(name.toLowerCase())) kept ??= fields.slice(0, at)
    else kept?.push(name, fields[at + 1] as string)
  }
  return kept ?? fields
}
