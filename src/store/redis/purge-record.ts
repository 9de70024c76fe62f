// How is a purged scope written down in Redis?
//
// One letter for the mode, `h` or `s`, then the scope, sealed where there is a secret; in
// front of a user's a `u`, because users are kept apart. Equal purges give equal records, so that a scope purged again replaces itself. Messages
// on the channel are JSON made by the script; anything else on it is not ours and ignored.

import type { PurgeMode } from '../purge-channel.ts'
import { ALL_SCOPE, ALL_USERS_SCOPE, isUser, type Scope } from '../scopes.ts'
import type { Seal } from './seal.ts'

export interface PurgeRecord {
  readonly mode: PurgeMode
  readonly scope: Scope
}

export function writeRecord(scope: Scope, mode: PurgeMode, seal: Seal): string {
  return `${isUser(scope) ? 'u' : ''}${mode === 'hard' ? 'h' : 's'}${seal.sealText(scope)}`
}

/** Undefined for what is no record. A scope that none of our secrets sealed may be any scope, so it is all of them. */
export function readRecord(record: string, seal: Seal): PurgeRecord | undefined {
  const ofUser = record[0] === 'u'
  const letter = record[Number(ofUser)]
  const mode = letter === 'h' ? 'hard' : letter === 's' ? 'soft' : undefined
  if (mode === undefined) return undefined
  const scope = seal.openText(record.slice(ofUser ? 2 : 1))
  if (scope === undefined) return { mode, scope: ofUser ? ALL_USERS_SCOPE : ALL_SCOPE }
  return { mode, scope: scope as Scope }
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
