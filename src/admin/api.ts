// Which paths are there, and what does each do?
//
// The table of contract §4. Handlers turn a request into one call of a service and its
// value into an answer; anything with a rule of its own has a file of its own.

import { json, problem, type WholeAnswer } from './answer.ts'
import { parseAskedRequest } from './asked-request.ts'
import { dashboardRoutes } from './dashboard-files.ts'
import type { EventStream } from './event-stream.ts'
import { type JsonObject, readJson } from './json-content.ts'
import { answerLive, answerReady } from './probes.ts'
import { parsePurgeOrder } from './purge-order.ts'
import { parseQuarantineOrder } from './quarantine-order.ts'
import type { AdminRequest, AdminRoute } from './router.ts'
import type { AdminServices, Refusal } from './services.ts'

export interface ApiParts {
  readonly services: AdminServices
  readonly events: EventStream
  readonly stats: () => object
}

export function apiRoutes({ services, events, stats }: ApiParts): AdminRoute[] {
  const get = (path: string, handle: AdminRoute['handle']): AdminRoute => ({
    method: 'GET',
    path,
    access: 'private',
    handle,
  })
  const post = (path: string, act: (content: JsonObject) => Promise<WholeAnswer>): AdminRoute => ({
    method: 'POST',
    path,
    access: 'private',
    handle: request => withJson(request, act),
  })
  return [
    { ...get('/livez', answerLive), access: 'open' },
    { ...get('/readyz', request => answerReady(services.health, request.query)), access: 'open' },
    { ...get('/metrics', request => answerMetrics(services, request.accept)), access: 'open' },
    ...dashboardRoutes(),
    get('/api/stats', async () => {
      await services.gather?.()
      return json(stats())
    }),
    get('/api/events', () => events.subscribe()),
    get('/api/config', () => json(services.settings.effective())),
    get('/api/advice', async () => {
      await services.gather?.()
      return json(services.advice())
    }),
    post('/api/entry', content => ask(parseAskedRequest(content, true), asked => services.entry(asked))),
    post('/api/explain', content => ask(parseAskedRequest(content, false), asked => services.explain(asked))),
    post('/api/purge', content => ask(parsePurgeOrder(content), order => services.purge(order))),
    post('/api/quarantine', content =>
      ask(parseQuarantineOrder(content), ({ route }) => services.liftQuarantine(route)),
    ),
    post('/api/reload', () => reload(services)),
  ]
}

async function withJson(
  request: AdminRequest,
  act: (content: JsonObject) => Promise<WholeAnswer>,
): Promise<WholeAnswer> {
  const content = await readJson(request)
  return 'refusal' in content ? content.refusal : act(content.value)
}

async function ask<T extends object>(
  asked: T | string,
  service: (asked: T) => Promise<object | Refusal>,
): Promise<WholeAnswer> {
  if (typeof asked === 'string') return problem(400, asked)
  const answer = await service(asked)
  return 'refused' in answer && answer.refused === true ? problem(422, (answer as Refusal).detail) : json(answer)
}

async function reload(services: AdminServices): Promise<WholeAnswer> {
  const done = await services.reload()
  if (done.ok) return json({ reloaded: true, hash: done.hash })
  const detail = 'The new configuration has errors; the one before goes on.'
  return problem(422, detail, { members: { errors: done.errors } })
}

async function answerMetrics(services: AdminServices, accept: string | undefined): Promise<WholeAnswer> {
  const scrape = await services.metrics.scrape(prefersOpenMetrics(accept) ? 'openmetrics' : 'prometheus')
  return { status: 200, fields: { 'Content-Type': scrape.contentType, Vary: 'Accept' }, body: scrape.body }
}

/** True where Accept names OpenMetrics 1.0.0 (or no version) at least as strongly as plain text. */
function prefersOpenMetrics(accept = ''): boolean {
  let [open, plain] = [0, 0]
  for (const range of accept.toLowerCase().split(',')) {
    const [type, ...parameters] = range.split(';').map(part => part.trim())
    const quality = Number(parameters.find(parameter => parameter.startsWith('q='))?.slice(2) ?? 1)
    const version = parameters.find(parameter => parameter.startsWith('version='))?.slice(8)
    const isOpen = type === 'application/openmetrics-text' && (version ?? '1.0.0') === '1.0.0'
    if (isOpen) open = Math.max(open, quality)
    else if (type === 'text/plain') plain = Math.max(plain, quality)
  }
  return open > 0 && open >= plain
}
