// What does a first configuration look like?
//
// Comments that say what to do next, the upstream, and either an example to change or the
// routes of an API document. Everything under `mode: observe`: nothing is served from the
// cache until somebody has looked at what would be. Text from a document only ever gets
// in quoted or within names, so that no document can write a line of its own.

import type { ApiDocument } from './openapi-document.ts'
import type { StartingRoute, StartingRoutes } from './starting-routes.ts'

export interface StartingFacts {
  readonly upstream: string | undefined
  readonly document: ApiDocument | undefined
  readonly starting: StartingRoutes | undefined
}

/** The file's text. */
export function startingFile({ upstream, document, starting }: StartingFacts): string {
  const parts = [
    HEAD,
    `upstream:\n  url: ${upstream === undefined ? `\${UPSTREAM:-http://127.0.0.1:8000}   # where your backend listens` : quoted(upstream)}`,
    MODE,
    ...(document === undefined ? [IDENTITY] : [identityOf(document)]),
    starting === undefined || starting.routes.length === 0 ? EXAMPLE : routesOf(starting, document),
  ]
  return `${parts.join('\n\n')}\n`
}

const HEAD = `# A starting file for Pillion, written by \`pillion init\`.
#
#   pillion check FILE             finds every mistake at once
#   pillion explain GET /path      tells what a request would meet
#   pillion serve --config FILE    serves; the dashboard is at http://127.0.0.1:9090/
#   pillion advise --admin http://127.0.0.1:9090   proposes lifetimes from the traffic seen
#   pillion replay access.log      predicts the hit rate of this file on a log`

const MODE = `# Nothing is served from the cache yet: requests pass, and what would have been a hit is
# counted. Take this line out, or write \`mode: serve\`, once the figures look right.
mode: observe`

const IDENTITY = `# Who is asking? Used by \`share: user\`; by default Authorization and the whole Cookie field.
# identity:
#   user: [{ header: Authorization }, { cookie: session }]`

const EXAMPLE = `# Routes: the most specific one wins, order never matters.
routes:
  static:
    match: GET /static/**
    ttl: 1h                      # how long a response is fresh where the backend says nothing
  # patients:
  #   match: GET /api/patients/{id}
  #   ttl: 1m
  #   share: user                # one copy per caller: everyone | user | auto
  #   tags: ["patient:{id}"]     # a name to purge it by
  # patient-writes:
  #   match: POST|PUT|PATCH|DELETE /api/patients/{id}
  #   purge: ["patient:{id}"]    # gone before the writer has its answer`

function identityOf({ credentials }: ApiDocument): string {
  if (credentials.length === 0) return IDENTITY
  const sources = credentials.map(({ kind, name }) => `{ ${kind}: ${name} }`)
  return `# Who is asking, by the document's security schemes.\nidentity:\n  user: [${sources.join(', ')}]`
}

function routesOf({ routes, left }: StartingRoutes, document: ApiDocument | undefined): string {
  const notes = left.map(({ path, why }) => `# Left out, ${printable(why)}: ${printable(path)}`)
  const title = `# ${routes.length} routes from ${printable(document?.title ?? 'the API')}. Lifetimes are guesses: \`pillion advise\` knows better after a day.`
  return [...notes, title, 'routes:', ...routes.map(routeText)].join('\n')
}

const GUESSED_TTL = '30s'

function routeText({ name, match, kind, share, tags, purge, query }: StartingRoute): string {
  const lines = [`  ${name}:`, `    match: ${quoted(match)}`]
  if (kind === 'off') lines.push('    cache: off')
  if (kind === 'write' && purge.length > 0) lines.push(`    purge: ${listText(purge)}`)
  if (kind === 'read') {
    const why = share === 'user' ? 'the document asks for credentials' : 'shared as far as the backend allows'
    lines.push(`    ttl: ${GUESSED_TTL}`, `    share: ${share}   # ${why}`)
    if (tags.length > 0) lines.push(`    tags: ${listText(tags)}`)
    if (query.length > 0) lines.push(`    # query: { only: ${listText(query.map(name => printable(name)))} }`)
  }
  return lines.join('\n')
}

const quoted = (text: string): string => JSON.stringify(text)
const listText = (items: readonly string[]): string => `[${items.map(quoted).join(', ')}]`

/** One line without control characters. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e\xa0-\uffff]+|[\u2028\u2029\u0085]/g, ' ').slice(0, 200)
}
