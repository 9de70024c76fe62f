// How is a refusal counted that came before there was a request?
//
// Octets that are no request, a head that took too long or grew too large: the parser
// refuses them, and no exchange ever exists. They are as worth a line and a number as any
// other answer: a scan, an attack, or a client that somebody has to mend. Of what was sent
// nothing is told, because nobody knows what it is.

import type { RequestEvent } from '../base/events.ts'
import type { Fault } from '../base/fault.ts'
import { bytes, type EpochMs, milliseconds } from '../base/units.ts'

export function refusalEvent(fault: Fault, client: string, at: EpochMs): RequestEvent {
  return {
    kind: 'request',
    at,
    route: 'default',
    method: '',
    path: '',
    query: '',
    status: fault.kind.status ?? 400,
    outcome: 'error',
    reason: fault.code.toLowerCase().replaceAll('_', '-'),
    duration: milliseconds(0),
    upstream: undefined,
    bodyBytes: bytes(0),
    encoding: 'identity',
    client,
    who: '',
    requestId: '',
    counted: false,
    saved: undefined,
    fault: fault.code,
  }
}
