// How many workers are there, and which part of a total is each one's?
//
// What the configuration limits, it limits for Pillion as a whole. Memory and buffers are
// divided evenly and rounded down, so that the sum never exceeds the total. Numbers
// (connections, queue, streams) give their remainder to the first workers, one each; each
// worker needs at least one connection, so more workers than connections are an error, and
// `auto` makes no more than that.

import { availableParallelism } from 'node:os'
import { type Bytes, bytes } from '../base/units.ts'
import { memoryAuto } from './memory-limit.ts'
import type { Severity } from './problems.ts'
import type { FileSettings } from './schema.ts'
import type { Settings } from './settings.ts'

/** One worker's place: the first has `at` 0. */
export interface Place {
  readonly at: number
  readonly of: number
}

/** `cores`: those that this process may use, by affinity and cgroup. */
export function workerCount(
  { workers, upstream, limits }: Pick<FileSettings, 'workers' | 'upstream' | 'limits'>,
  cores: number = availableParallelism(),
): number {
  if (workers !== 'auto') return workers
  return Math.max(1, Math.min(cores, upstream.connections, limits.connections))
}

/** `store.memory` as a size. */
export function memoryOf({ store: { memory } }: Pick<Settings, 'store'>): Bytes {
  return memory === 'auto' ? memoryAuto() : memory
}

/** The settings with the totals divided; `store.memory` is always a size then. */
export function shareOf<T extends Pick<Settings, 'upstream' | 'store' | 'limits'>>(settings: T, place: Place): T {
  const { upstream, store, limits } = settings
  const number = (total: number) => Math.floor(total / place.of) + (place.at < total % place.of ? 1 : 0)
  const size = (total: Bytes) => bytes(Math.floor(total / place.of))
  const { connections, queue, streams } = upstream
  return {
    ...settings,
    upstream: {
      ...upstream,
      connections: number(connections),
      queue: number(queue),
      streams: number(streams),
    },
    store: { ...store, memory: size(memoryOf(settings)) },
    limits: { ...limits, connections: number(limits.connections), buffers: size(limits.buffers) },
  }
}

type Finding = readonly [severity: Severity, path: readonly string[], message: string, hint: string]

/** A worker without a single connection could answer nothing. */
export function checkWorkers({ workers, upstream, limits }: FileSettings): Finding[] {
  if (workers === 'auto') return []
  const totals = [
    ['upstream.connections', upstream.connections],
    ['limits.connections', limits.connections],
  ] as const
  return totals.flatMap(([key, total]): Finding[] => {
    if (workers <= total) return []
    const message = `${workers} workers can't share ${total} connections (${key}): each needs one`
    return [['error', ['workers'], message, `at most ${total}, or raise ${key}`]]
  })
}
