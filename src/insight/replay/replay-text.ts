// How is a prediction said to a person?
//
// One line for all, a table of routes with most requests at the origin first, and, where
// there was a sweep, the curve of each. Percentages in whole numbers: a simulation that
// says more claims more than it knows.

import { bytes, milliseconds } from '../../base/units.ts'
import { formatDuration } from '../../config/quantities.ts'
import type { LogTally } from '../log/read-logs.ts'
import type { ReplayFigures } from './outcome-tally.ts'
import type { ReplayReport } from './replay.ts'
import type { SweepPoint } from './sweep.ts'

/** The whole report, with a newline at the end. */
export function formatReplay(report: ReplayReport, tally: LogTally): string {
  const routes = Object.entries(report.routes).sort(([, one], [, other]) => other.originRequests - one.originRequests)
  const head = ['route', 'requests', 'hit rate', 'at the origin', 'bytes saved']
  const rows = routes.map(([name, figures]) => [name, ...cells(figures)])
  const parts = [summary(report, tally), table([head, ...rows])]
  if (report.sweep !== undefined) parts.push(...sweepTables(report.sweep))
  return `${parts.join('\n\n')}\n`
}

function summary(report: ReplayReport, { first, last }: LogTally): string {
  const span = first === undefined || last === undefined ? '' : ` over ${spoken(last - first)}`
  const saved = report.requests - report.originRequests
  return [
    `${count(report.requests)} requests${span}: hit rate ${rates(report)}`,
    `${count(saved)} requests (${percent(saved / Math.max(1, report.requests))}) and ${sizeText(report.bytesSaved)} would not have reached the origin`,
  ].join('\n')
}

function cells(figures: ReplayFigures): string[] {
  const { requests, originRequests, bytesSaved } = figures
  return [count(requests), rates(figures), count(originRequests), sizeText(bytesSaved)]
}

/** `62 %`, or with bounds where they are apart: `40 % (0 to 62 %)`. */
export function rates({ hitRate, low, high }: Pick<ReplayFigures, 'hitRate' | 'low' | 'high'>): string {
  const bounded = high - low >= 0.005
  return bounded ? `${percent(hitRate)} (${Math.round(low * 100)} to ${percent(high)})` : percent(hitRate)
}

export const percent = (share: number): string => `${Math.round(share * 100)} %`
export const count = (value: number): string => value.toLocaleString('en-US')

/** Decimal units, as disks and networks are sold; sizes of the configuration are binary and written otherwise. */
export function sizeText(octets: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = octets
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${value.toFixed(value < 10 && unit > 0 ? 1 : 0)} ${units[unit]}`
}

/** `3.2 days`, `45 minutes`. */
export function spoken(ms: number): string {
  for (const [unit, length] of [
    ['days', 86_400_000],
    ['hours', 3_600_000],
    ['minutes', 60_000],
  ] as const) {
    if (ms >= 2 * length) return `${(ms / length).toFixed(ms < 10 * length ? 1 : 0)} ${unit}`
  }
  return `${Math.round(ms / 1000)} seconds`
}

/** Columns aligned; text left, figures right. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map(row => (row[at] ?? '').length)))
  const line = (row: readonly string[]) =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join('  ')
  return rows.map(row => line(row).trimEnd()).join('\n')
}

function sweepTables(sweep: readonly SweepPoint[]): string[] {
  const byTtl = sweep.filter(({ ttl }) => ttl !== null)
  const byMemory = sweep.filter(({ ttl }) => ttl === null)
  return [
    `Hit rate by lifetime (ttl), memory as configured\n${grid(byTtl, point => durationText(point.ttl ?? 0))}`,
    `Hit rate by memory, lifetimes as configured\n${grid(byMemory, point => memoryText(point.memory))}`,
  ]
}

function grid(points: readonly SweepPoint[], label: (point: SweepPoint) => string): string {
  const labels = [...new Set(points.map(label))]
  const routes = [...new Set(points.map(({ route }) => route))]
  const cell = (route: string, name: string) => points.find(point => point.route === route && label(point) === name)
  const rows = routes.map(route => [
    route === '*' ? 'all' : route,
    ...labels.map(name => percent(cell(route, name)?.hitRate ?? 0)),
  ])
  return table([['route', ...labels], ...rows])
}

export const durationText = (seconds: number): string => formatDuration(milliseconds(seconds * 1000))

/** Binary, as `store.memory` is written, to a sensible number of digits. */
export function memoryText(octets: number): string {
  const [unit, size] = octets >= 1024 ** 3 ? (['GiB', 1024 ** 3] as const) : (['MiB', 1024 ** 2] as const)
  const value = bytes(octets) / size
  return `${value < 10 ? Math.round(value * 10) / 10 : Math.round(value)}${unit}`
}
