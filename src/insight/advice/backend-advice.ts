// What should the backend's owners know?
//
// One finding per kind and route, each with what was seen and what to do, in the terms of
// those who write the backend. Only what a profile shows plainly; a source that can't
// know says nothing.

import type { Milliseconds } from '../../base/units.ts'
import type { BackendAdvice } from '../advice.ts'
import type { RouteProfile, TrafficProfile, WriteProfile } from '../traffic-profile.ts'
import { resourceOf } from './path-words.ts'

const LEAST = 10
const LARGE_LIST = 100 * 1024
const PAGING = /^(?:page|page_?size|per_?page|limit|offset|skip|take|cursor|after|before|start|count|top|first|last)$/i

type Finding = Omit<BackendAdvice, 'route'>

export function backendAdvice(profile: TrafficProfile, slow: Milliseconds): BackendAdvice[] {
  const ofRoutes = profile.routes.flatMap(route =>
    [slowness(route, slow), listing(route), validators(route), compression(route), versions(route), order(route)]
      .filter(finding => finding !== undefined)
      .map(finding => ({ ...finding, route: label(route) })),
  )
  return [...ofRoutes, ...profile.writes.flatMap(write => purging(write, profile))]
}

function label({ route, method, shape }: { route: string; method: string; shape: string }): string {
  return route === 'default' ? `${method} ${shape}` : route
}

function slowness({ originTime }: RouteProfile, slow: Milliseconds): Finding | undefined {
  if (originTime === undefined || originTime.count < LEAST || originTime.p95 <= slow) return undefined
  const evidence = `95 % of ${originTime.count} answers took up to ${seconds(originTime.p95)}, half of them ${seconds(originTime.p50)}`
  return { kind: 'slow-route', evidence, advice: `Bring it below ${seconds(slow)} (slo.uncached), or cache it.` }
}

function listing({ shape, size, growth, query, assets }: RouteProfile): Finding | undefined {
  // What ends in an identifier is one item, what has an extension a file.
  const isItem = /\{[^}]*\}$|\.[a-z0-9]{1,6}$/i.test(shape)
  const isPaged = query.names.some(({ name }) => PAGING.test(name))
  if (size === undefined || size.count < LEAST || isItem || isPaged || assets.requests > 0) return undefined
  if (growth !== undefined && growth.last > growth.first * 1.2 && growth.last > 10 * 1024) {
    const evidence = `bodies grew from ${kibibytes(growth.first)} to ${kibibytes(growth.last)} while watched, and no parameter pages`
    return {
      kind: 'growing-list',
      evidence,
      advice: 'Give it pages (limit and cursor), with a bound that holds by default.',
    }
  }
  if (size.p50 < LARGE_LIST) return undefined
  const evidence = `half of the bodies have more than ${kibibytes(size.p50)}, and no parameter pages`
  return {
    kind: 'unpaginated-list',
    evidence,
    advice: 'Give it pages (limit and cursor), with a bound that holds by default.',
  }
}

function validators({ heads, size }: RouteProfile): Finding | undefined {
  if (heads === undefined || heads.looked < LEAST || heads.withEtag + heads.withLastModified > 0) return undefined
  const mean = size === undefined ? 0 : size.total / size.count
  if (mean < 1024) return undefined
  const evidence = `none of ${heads.looked} answers had ETag or Last-Modified, at ${kibibytes(mean)} each`
  const advice = 'Send an ETag (a version or a hash), so that an unchanged answer costs a 304 instead of its body.'
  return { kind: 'missing-validators', evidence, advice }
}

function compression({ heads }: RouteProfile): Finding | undefined {
  if (heads === undefined || heads.looked < LEAST || heads.uncompressed < heads.looked / 2) return undefined
  const evidence = `${heads.uncompressed} of ${heads.looked} answers went uncompressed to clients that take a coding, ${kibibytes(heads.uncompressedBytes)} in all`
  return {
    kind: 'uncompressed',
    evidence,
    advice: 'Compress text and JSON, or leave it to Pillion where it is cached.',
  }
}

function versions({ assets }: RouteProfile): Finding | undefined {
  if (assets.requests < LEAST || assets.fingerprinted > assets.requests / 2) return undefined
  const evidence = `${assets.requests - assets.fingerprinted} of ${assets.requests} requests were for files whose names don't change with their content`
  const advice =
    'Put a hash of the content into file names: then browsers may keep them for good (`client: immutable`).'
  return { kind: 'unversioned-assets', evidence, advice }
}

function order({ query }: RouteProfile): Finding | undefined {
  if (query.reordered === 0) return undefined
  const evidence = `${query.reordered} URLs came with the same parameters in different order`
  const advice = 'Let clients write parameters in one order: Pillion takes them for one, browsers and CDNs do not.'
  return { kind: 'query-order', evidence, advice }
}

function purging(write: WriteProfile, { routes }: TrafficProfile): BackendAdvice[] {
  const resource = resourceOf(write.shape)
  const read = routes.find(route => resource !== undefined && resourceOf(route.shape) === resource)
  if (write.purges || write.successes === 0 || read === undefined) return []
  const route = label(write)
  const evidence = `${write.successes} writes succeeded and purge nothing, while ${label(read)} reads the same`
  const advice = `Give the route that takes them \`purge: [${resource}]\`, and those that read \`tags: [${resource}]\`.`
  return [{ kind: 'write-without-purge', route, evidence, advice }]
}

function seconds(duration: number): string {
  return `${Math.round(duration) / 1000} s`
}

function kibibytes(size: number): string {
  return `${Math.max(1, Math.round(size / 1024))} KiB`
}
