// How is a purged scope written down in Redis?
//
// One letter for the mode, then the scope, sealed where there is a secret: `h` or `s`.
// Equal purges give equal records, so that a scope purged again replaces itself. Messages
// on the channel are JSON made by the script; anything else on it is not ours and ignored.

import type { PurgeMode } from '../purge-channel.ts'
import { ALL_SCOPE, type Scope } from '../scopes.ts'
import type { Seal } from './seal.ts'

export interface PurgeRecord {
  readonly mode: PurgeMode
  readonly scope: Scope
}

export function writeRecord(scope: Scope, mode: PurgeMode, seal: Seal): string {
  return `${mode === 'hard' ? 'h' : 's'}${seal.sealText(scope)}`
}

/** Undefined for what is no record. A scope that none of our secrets sealed may be any scope, so it is all of them. */
export function readRecord(record: string, seal: Seal): PurgeRecord | undefined {
  const mode = record[0] === 'h' ? 'hard' : record[0] === 's' ? 'soft' : undefined
  if (mode === undefined) return undefined
  return { mode, scope: (seal.openText(record.slice(1)) ?? ALL_SCOPE) as Scope }
}

export interface PurgeMessage {
  readonly incarnation: string
  readonly sequence: number
  readonly records: readonly string[]
}

/** Undefined for what is no purge message. */
export function parsePurgeMessage(text: string): PurgeMessage | undefined {
  let message: { i?: unknown; n?: unknown; s?: unknown } | null
  try {
    message = JSON.parse(text) as typeof message
  } catch {
    return undefined
  }
  if (message === null || typeof message !== 'object') return undefined
  const { i: incarnation, n: sequence, s: records } = message
  if (typeof incarnation !== 'string' || typeof sequence !== 'number' || !Array.isArray(records)) return undefined
  if (!records.every(record => typeof record === 'string')) return undefined
  return { incarnation, sequence, records }
}
