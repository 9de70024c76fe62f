// What is to be purged?
//
// `{tag|url|prefix|route|user|all, soft?}` with exactly one target. Anything unclear is
// refused: a purge that silently means less than its sender thought leaves wrong answers
// in the cache. The `purge` command checks its options by the same function.

import type { JsonObject } from './json-content.ts'
import type { PurgeOrder, PurgeTarget } from './services.ts'

const TARGETS: readonly PurgeTarget[] = ['tag', 'url', 'prefix', 'route', 'user', 'all']

/** The order, or one sentence that says what is wrong. */
export function parsePurgeOrder(content: JsonObject): PurgeOrder | string {
  const unknown = Object.keys(content).find(key => key !== 'soft' && !TARGETS.includes(key as PurgeTarget))
  if (unknown !== undefined)
    return `${JSON.stringify(unknown)} is no key of a purge; there are ${TARGETS.join(', ')} and soft.`
  const [by, another] = TARGETS.filter(target => content[target] !== undefined)
  if (by === undefined) return `Say what to purge: one of ${TARGETS.join(', ')}.`
  if (another !== undefined) return `Give one target only, not both ${by} and ${another}.`
  const { soft = false } = content
  if (typeof soft !== 'boolean') return 'soft is true or false.'
  const value = content[by]
  if (by === 'all') return value === true ? { by, value: '', soft } : 'all takes the value true alone.'
  if (typeof value !== 'string' || value.trim() === '') return `${by} takes a string that is not empty.`
  return wrongPlace(by, value) ?? { by, value, soft }
}

function wrongPlace(by: PurgeTarget, value: string): string | undefined {
  if (by !== 'url' && by !== 'prefix') return undefined
  if (/^(https?:\/\/[^/]|\/)/i.test(value)) return undefined
  return `${by} is a path that begins with "/", or a whole URL (http://host/path), not ${JSON.stringify(value)}.`
}
