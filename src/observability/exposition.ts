// How do counted numbers become a page that Prometheus reads?
//
// prom-client lives here alone: its text format, and its process and node defaults.
// Each scrape makes a registry of its own for the format asked for, because a registry
// renames counters in place when it speaks OpenMetrics and would spoil the next scrape.
// Left out of the defaults: three gauges named `_total`, which promtool objects to.

import { collectDefaultMetrics, Registry, type RegistryContentType } from 'prom-client'
import type { FamilyDefinition } from './families.ts'

export type ScrapeFormat = 'prometheus' | 'openmetrics'

export interface Scrape {
  readonly contentType: string
  readonly body: string
}

export interface Sample {
  /** Values in the order of the family's label names. */
  readonly labels: readonly string[]
  readonly value: number
}

export interface HistogramSample {
  readonly labels: readonly string[]
  readonly bounds: readonly number[]
  /** One count per bucket, the last beyond all bounds. */
  readonly counts: readonly number[]
  readonly sum: number
}

interface Line {
  readonly metricName?: string
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
}

/** One family with its samples, as prom-client's registry takes it. */
export interface Family {
  readonly name: string
  readonly type: string
  readonly help: string
  readonly values: readonly Line[]
}

/** Names that say counter and are gauges. */
const MISNAMED = /^nodejs_active_(handles|requests|resources)_total$/

export function family(definition: FamilyDefinition, samples: readonly Sample[]): Family {
  const values = samples.map(({ labels, value }) => ({ labels: labelled(definition.labels, labels), value }))
  return { name: definition.name, type: definition.type, help: definition.help, values }
}

export function histogramFamily(definition: FamilyDefinition, samples: readonly HistogramSample[]): Family {
  const values = samples.flatMap(sample => histogramLines(definition, sample))
  return { name: definition.name, type: definition.type, help: definition.help, values }
}

function labelled(names: readonly string[], values: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name, at) => [name, values[at] ?? '']))
}

function histogramLines(definition: FamilyDefinition, sample: HistogramSample): Line[] {
  const own = labelled(definition.labels, sample.labels)
  let count = 0
  const buckets = sample.counts.map((inBucket, at): Line => {
    count += inBucket
    return {
      metricName: `${definition.name}_bucket`,
      labels: { ...own, le: sample.bounds[at] ?? '+Inf' },
      value: count,
    }
  })
  return [
    ...buckets,
    { metricName: `${definition.name}_sum`, labels: own, value: sample.sum },
    { metricName: `${definition.name}_count`, labels: own, value: count },
  ]
}

export interface ProcessMetrics {
  collect(): Promise<Family[]>
  close(): void
}

/** The process's and node's own metrics; one observer of garbage collection and event loop per call. */
export function createProcessMetrics(): ProcessMetrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const { name } of registry.getMetricsAsArray()) if (MISNAMED.test(name)) registry.removeSingleMetric(name)
  return {
    // The declared `type` is a numeric enumeration; at run time it is the word.
    collect: async () => (await registry.getMetricsAsJSON()) as unknown as Family[],
    close: () => registry.clear(),
  }
}

export async function expose(families: readonly Family[], format: ScrapeFormat): Promise<Scrape> {
  const open = format === 'openmetrics'
  const registry = new Registry<RegistryContentType>()
  if (open) registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
  for (const one of families) registry.registerMetric(asMetric(one, open) as never)
  return { contentType: registry.contentType, body: await registry.metrics() }
}

/** OpenMetrics names a counter's family without `_total`; the registry puts it back on each sample. */
function asMetric(one: Family, open: boolean): { name: string; type: string; get(): Promise<Family> } {
  const name = open && one.type === 'counter' ? one.name.replace(/_total$/, '') : one.name
  return { name, type: one.type, get: () => Promise.resolve({ ...one, name }) }
}
