// How is the report on the backend said to a person?
//
// One paragraph a kind of finding: what it is, then each route with what was seen, then
// what to do about it.

import type { Advice, BackendKind } from '../advice.ts'

const TITLES: Readonly<Record<BackendKind, string>> = {
  'slow-route': 'Slow routes',
  'growing-list': 'Lists that grow without pages',
  'unpaginated-list': 'Large lists without pages',
  'missing-validators': 'Answers without ETag or Last-Modified',
  uncompressed: 'Uncompressed answers',
  'unversioned-assets': 'Assets whose names say nothing of their content',
  'query-order': 'The same parameters in different order',
  'write-without-purge': 'Writes that purge nothing',
}

export function adviceReport({ routes, backend }: Pick<Advice, 'routes' | 'backend'>): string {
  const proposed = routes.length === 0 ? 'No route is worth proposing yet.' : `${routes.length} routes proposed.`
  if (backend.length === 0) return `${proposed} Nothing to report about the backend.\n`
  const kinds = (Object.keys(TITLES) as BackendKind[]).filter(kind => backend.some(each => each.kind === kind))
  const paragraphs = kinds.map(kind => {
    const findings = backend.filter(each => each.kind === kind)
    const advice = [...new Set(findings.map(each => each.advice))]
    return [
      TITLES[kind],
      ...findings.map(({ route, evidence }) => `  ${route}: ${evidence}`),
      ...advice.map(text => `  → ${text}`),
    ]
  })
  return `${proposed}\n\n${paragraphs.map(lines => lines.join('\n')).join('\n\n')}\n`
}
