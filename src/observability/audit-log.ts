// Who was given what without the backend knowing?
//
// One line an answer, beside the other lines, told apart by `audit: true`. Never sampled,
// whatever the level of the log. It says first whether a line can be written (somebody
// reads, the log is open, there is room for the longest); where not, the request is
// forwarded. Holds no credential.

import type { AuditEntry } from '../base/events.ts'
import type { LogSink } from './log-sink.ts'

export interface AuditLog {
  takes(): boolean
  write(entry: AuditEntry): void
}

/** A path, parts and a name fit into that many characters: `limits.head` bounds them. */
const LONGEST = 128 * 1024

export function createAuditLog(sink: Pick<LogSink, 'write' | 'takes'>): AuditLog {
  return {
    takes: () => sink.takes(LONGEST),
    write: entry => sink.write(auditLine(entry), false),
  }
}

function auditLine({ at, route, method, path, status, requestId, caller, parts, who }: AuditEntry): string {
  const time = new Date(at).toISOString()
  const whom = { request_id: requestId, caller, parts, who: who ?? null }
  return JSON.stringify({ audit: true, time, route, method, path, status, ...whom })
}
