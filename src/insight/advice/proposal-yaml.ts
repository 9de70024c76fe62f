// How does a proposal read as a configuration?
//
// A whole file that `check` accepts: each route with what is expected of it and why in
// comments above it, and a purging route for each resource that is written to. Every text
// that comes from traffic is quoted, or made of letters and digits.

import { milliseconds, type Ratio } from '../../base/units.ts'
import { formatDuration } from '../../config/quantities.ts'
import type { AdviceTerms } from '../advice.ts'
import type { TrafficProfile, WriteProfile } from '../traffic-profile.ts'
import { resourceOf } from './path-words.ts'
import { inWords, type RouteProposal } from './route-proposal.ts'

export function proposalYaml(
  routes: readonly RouteProposal[],
  profile: TrafficProfile,
  { upstream }: AdviceTerms,
): string {
  const seen = profile.source === 'log' ? 'the log' : 'what this Pillion saw'
  const span = inWords((profile.to - profile.from) / 1000)
  const lines = [
    `# Proposed from ${span} of ${seen}. Look at each \`share\` before you believe it, and try it`,
    '# under `mode: observe` first: the origin still answers everything, and hits are counted as if.',
    `upstream: { url: ${JSON.stringify(upstream)} }`,
    'mode: observe',
  ]
  if (routes.length === 0) return `${[...lines, 'routes: {}'].join('\n')}\n`
  const names = new Set(routes.map(({ name }) => name))
  const blocks = [...routes.map(routeLines), ...writeBlocks(routes, profile.writes, names)]
  return `${[...lines, 'routes:', ...blocks.flat()].join('\n')}\n`
}

function routeLines(route: RouteProposal): string[] {
  const staleness = route.staleness === null ? 'staleness unknown' : `${percent(route.staleness)} of answers outdated`
  const keys = [
    `    match: ${JSON.stringify(route.match)}`,
    ...(route.ttl === null ? [] : [`    ttl: ${formatDuration(milliseconds(route.ttl * 1000))}`]),
    ...(route.share === 'auto' ? [] : [`    share: ${route.share}`]),
    ...(route.share === 'everyone' && !route.immutable ? ['    verify: 1%'] : []),
    ...(route.immutable ? ['    client: immutable'] : []),
    ...(route.tags.length === 0 ? [] : [`    tags: [${route.tags.join(', ')}]`]),
  ]
  return [
    `  # Expected: ${percent(route.hitRate)} hits, ${staleness}, ${mebibytes(route.memory)} of memory,`,
    `  # ${route.originSecondsSaved === 0 ? 'origin time saved unknown' : `${inWords(route.originSecondsSaved)} of origin time saved`}.`,
    ...route.reasons.map(reason => `  # ${reason[0]?.toUpperCase()}${reason.slice(1)}.`),
    `  ${route.name}:`,
    ...keys,
  ]
}

/** One purging route per place that is written to and whose resource has a tag here. */
function writeBlocks(
  routes: readonly RouteProposal[],
  writes: readonly WriteProfile[],
  names: Set<string>,
): string[][] {
  const tagged = new Set(routes.flatMap(({ tags }) => tags))
  const methods = new Map<string, Set<string>>()
  for (const { shape, method, successes } of writes) {
    const resource = resourceOf(shape)
    if (successes === 0 || resource === undefined || !tagged.has(resource) || !/^[A-Z]+$/.test(method)) continue
    methods.set(shape, (methods.get(shape) ?? new Set()).add(method))
  }
  return [...methods].map(([shape, named]) => {
    const resource = resourceOf(shape) as string
    let name = `${resource}-writes`
    for (let number = 2; names.has(name); number += 1) name = `${resource}-writes-${number}`
    names.add(name)
    const match = JSON.stringify(`${[...named].sort().join('|')} ${shape}`)
    return [`  ${name}:`, `    match: ${match}`, `    purge: [${resource}]`]
  })
}

function percent(share: Ratio): string {
  return `${Math.round(share * 1000) / 10} %`
}

function mebibytes(size: number): string {
  return size < 1_048_576 ? `${Math.max(1, Math.round(size / 1024))} KiB` : `${Math.round(size / 104_857.6) / 10} MiB`
}
