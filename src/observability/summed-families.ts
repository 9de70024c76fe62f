// What do several processes that are one Pillion show together?
//
// Counters and histograms add up, and what a process that is gone had counted stays in the
// sum: a sum that falls would look like a restart, and its next rise like a burst. Most
// gauges add up too (bytes, connections, memory); of states the worse one counts, a share
// is the mean, and instants and versions are those of the process longest there.

import type { Family } from './exposition.ts'

type Line = Family['values'][number]
type Rule = 'sum' | 'highest' | 'lowest' | 'mean'

const RULES: readonly (readonly [RegExp, Rule])[] = [
  [/^pillion_(upstream_breaker_open|quarantined|config_info)$/, 'highest'],
  [/^pillion_redis_up$/, 'lowest'],
  [/^pillion_upstream_pool_utilization$/, 'mean'],
  [/^process_start_time_seconds$/, 'lowest'],
  [/^nodejs_eventloop_lag_min_seconds$/, 'lowest'],
  [/^(nodejs_eventloop_lag_.*|nodejs_version_info|process_max_fds)$/, 'highest'],
]

const ruleOf = (name: string): Rule => RULES.find(([pattern]) => pattern.test(name))?.[1] ?? 'sum'

/** Families in the order in which they first appear. */
export function sumFamilies(scrapes: readonly (readonly Family[])[]): Family[] {
  const byName = new Map<string, Family[]>()
  for (const each of scrapes.flat()) byName.set(each.name, [...(byName.get(each.name) ?? []), each])
  return [...byName].map(([name, families]) => ({ ...(families[0] as Family), values: sumLines(name, families) }))
}

function sumLines(name: string, families: readonly Family[]): Line[] {
  const rule = ruleOf(name)
  const lines = new Map<string, { line: Line; values: number[] }>()
  for (const line of families.flatMap(({ values }) => values)) {
    const series = JSON.stringify([
      line.metricName,
      Object.entries(line.labels).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    ])
    const found = lines.get(series)
    if (found === undefined) lines.set(series, { line, values: [line.value] })
    else found.values.push(line.value)
  }
  return [...lines.values()].map(({ line, values }) => ({ ...line, value: together(rule, values) }))
}

function together(rule: Rule, values: readonly number[]): number {
  if (rule === 'highest') return Math.max(...values)
  if (rule === 'lowest') return Math.min(...values)
  const sum = values.reduce((total, value) => total + value, 0)
  return rule === 'mean' ? sum / values.length : sum
}

/** Only what can't fall: what a process that is gone leaves in the sum. */
export function lasting(families: readonly Family[]): Family[] {
  return families.filter(({ type }) => type === 'counter' || type === 'histogram')
}
