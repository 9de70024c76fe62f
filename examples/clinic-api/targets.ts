// Did the demo reach what it promises?
//
// Five targets and one condition: that whoever wrote saw the change at the next read.
// A figure for which there was no sample is missed, never met.

import type { Measurements } from './measurements.ts'

export interface Target {
  readonly name: string
  readonly wanted: string
  readonly measured: string
  readonly isMet: boolean
}

export interface QueryCount {
  /** What the same requests would have cost without a cache. */
  readonly expected: number
  readonly actual: number
}

/** Share of the queries that did not have to be made; undefined before the first request. */
export function avoidedShare({ expected, actual }: QueryCount): number | undefined {
  return expected === 0 ? undefined : Math.max(0, 1 - actual / expected)
}

export function judge(measurements: Measurements, queries: QueryCount): Target[] {
  const { checked, seen } = measurements.ownWrites
  return [
    above('hit rate', 0.7, measurements.hitRate),
    above('database queries avoided', 0.6, avoidedShare(queries)),
    below('from the cache, p95', 200, measurements.cached.percentile(0.95)),
    below('from the API, p95', 1000, measurements.uncached.percentile(0.95)),
    pool(measurements.poolUse.percentile(0.95)),
    {
      name: 'own writes seen at the next read',
      wanted: 'all',
      measured: `${seen} of ${checked}`,
      isMet: checked > 0 && seen === checked,
    },
    {
      name: 'requests without an answer',
      wanted: 'none',
      measured: `${measurements.failed} of ${measurements.requests}`,
      isMet: measurements.requests > 0 && measurements.failed === 0,
    },
  ]
}

function above(name: string, share: number, measured: number | undefined): Target {
  const isMet = measured !== undefined && measured > share
  return { name, wanted: `> ${percent(share)}`, measured: percent(measured), isMet }
}

function below(name: string, milliseconds: number, measured: number | undefined): Target {
  const isMet = measured !== undefined && measured < milliseconds
  return { name, wanted: `< ${milliseconds} ms`, measured: duration(measured), isMet }
}

function pool(measured: number | undefined): Target {
  const isMet = measured !== undefined && measured < 0.8
  return { name: 'upstream pool use, p95', wanted: '< 80 %', measured: percent(measured), isMet }
}

export function percent(share: number | undefined): string {
  return share === undefined ? 'no sample' : `${Math.floor(share * 1000) / 10} %`
}

export function duration(milliseconds: number | undefined): string {
  if (milliseconds === undefined) return 'no sample'
  return milliseconds < 10 ? `${milliseconds.toFixed(1)} ms` : `${Math.round(milliseconds)} ms`
}

export function formatTargets(targets: readonly Target[]): string {
  const rows = targets.map(({ name, wanted, measured, isMet }) => [name, wanted, measured, isMet ? 'ok' : 'missed'])
  return [['target', 'wanted', 'measured', ''], ...rows]
    .map(([name = '', wanted = '', measured = '', verdict = '']) =>
      `  ${name.padEnd(34)}${wanted.padEnd(12)}${measured.padEnd(16)}${verdict}`.trimEnd(),
    )
    .join('\n')
}
