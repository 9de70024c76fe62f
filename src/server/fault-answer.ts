// What does a client see of a fault?
//
// The catalogue's status, a problem document (RFC 9457) with the fault's code in its
// type, Proxy-Status where the upstream or Pillion itself is to blame (RFC 9209), and
// Retry-After where trying again later makes sense. This is the only file that turns a
// fault into an answer. The detail names no internals: no address, no stack, no path.

import type { Fault } from '../base/fault.ts'
import { formatCacheStatus } from '../http/cache-status.ts'
import type { ResponseHead } from '../http/message.ts'

export interface FaultAnswer {
  readonly head: ResponseHead
  readonly body: Buffer
}

/** Seconds after which a refused client may try again. */
const RETRY_AFTER = '1'

export function answerFault(fault: Fault, requestId: string): FaultAnswer {
  const kind = fault.kind
  const status = kind.status ?? 500
  const problem = {
    type: `urn:pillion:fault:${fault.code.toLowerCase().replaceAll('_', '-')}`,
    title: kind.title,
    status,
    code: fault.code,
    requestId,
  }
  const body = Buffer.from(`${JSON.stringify(problem)}\n`)
  const fields = [
    'Content-Type',
    'application/problem+json',
    'Content-Length',
    String(body.length),
    'Cache-Control',
    'no-store',
  ]
  if (kind.proxyError !== undefined) fields.push('Proxy-Status', `pillion; error=${kind.proxyError}`)
  if (fault.code === 'ONLY_IF_CACHED') fields.push('Cache-Status', formatCacheStatus({ detail: 'only-if-cached' }))
  if (status === 503) fields.push('Retry-After', RETRY_AFTER)
  return { head: { status, fields }, body }
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  414: 'URI Too Long',
  431: 'Request Header Fields Too Large',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
}

/** The same answer as bytes, for a connection whose request node could not parse; it closes the connection. */
export function rawFaultAnswer(fault: Fault, requestId: string): Buffer {
  const { head, body } = answerFault(fault, requestId)
  const lines = [`HTTP/1.1 ${head.status} ${REASONS[head.status] ?? 'Error'}`, 'Connection: close']
  for (let at = 0; at < head.fields.length; at += 2) lines.push(`${head.fields[at]}: ${head.fields[at + 1]}`)
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body])
}
