// How does the clinic API speak HTTP?
//
// Plain node:http, one connection of the database per request, JSON in and out, and
// nothing that would help a cache: no Cache-Control, no ETag, no Last-Modified, no 304.
// GET /internal/queries tells what it has cost so far; it costs nothing itself.

import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Asset, createAssets } from './assets.ts'
import { type Answer, type OpenCall, Refusal } from './call.ts'
import { ClinicDatabase, type DatabaseConnection, type RouteCost } from './database.ts'
import { EventStreams } from './events.ts'
import { createLabs, type LabSettings } from './labs.ts'
import { type ClinicRoute, createRoutes, matchRoute, type RouteMatch } from './routes.ts'
import { callerOf } from './session.ts'

const LARGEST_BODY_BYTES = 65_536

export interface ClinicApiSettings {
  /** 0 picks a free one. */
  readonly port?: number
  readonly host?: string
  /** Fixed cost of every database query; 0 makes the API as fast as its SQL. */
  readonly queryMilliseconds?: number
  /** Requests that the database takes at once; the others wait. */
  readonly connections?: number
  readonly labs?: LabSettings
}

export type CostByRoute = Readonly<Record<string, Readonly<RouteCost>>>

export interface ClinicApi {
  readonly url: string
  /** Database queries since the start. */
  queries(): number
  /** Requests and queries by route name (`GET /api/v1/patients/{id}`), routes that were asked only. */
  byRoute(): CostByRoute
  /** Event streams that are open. */
  listeners(): number
  close(): Promise<void>
}

/** Everything that requests share. */
interface House {
  readonly database: ClinicDatabase
  readonly routes: readonly ClinicRoute[]
  readonly assets: ReadonlyMap<string, Asset>
  readonly streams: EventStreams
  readonly costs: Map<string, RouteCost>
}

/** Seeds the database and listens. */
export async function startClinicApi(settings: ClinicApiSettings = {}): Promise<ClinicApi> {
  const database = new ClinicDatabase({
    queryMilliseconds: settings.queryMilliseconds ?? 9,
    connections: settings.connections ?? 12,
  })
  const labs = createLabs(settings.labs ?? { failEvery: 7, hangEvery: 23, hangMilliseconds: 2500 })
  const streams = new EventStreams()
  const costs = new Map<string, RouteCost>()
  const house: House = { database, routes: createRoutes(labs), assets: createAssets(), streams, costs }
  const server = createServer((request, response) => void answerRequest(house, request, response))
  server.keepAliveTimeout = 75_000
  const close = async () => {
    streams.close()
    await closeServer(server)
    database.close()
  }
  try {
    server.listen(settings.port ?? 0, settings.host ?? '127.0.0.1')
    await once(server, 'listening')
  } catch (error) {
    streams.close()
    database.close()
    throw error
  }
  const { address, port } = server.address() as AddressInfo
  return {
    url: `http://${address.includes(':') ? `[${address}]` : address}:${port}`,
    queries: () => database.queries,
    byRoute: () => Object.fromEntries(costs),
    listeners: () => streams.count,
    close,
  }
}

/** Requests under way are answered, idle connections closed. */
async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeIdleConnections()
  await closed
}

async function answerRequest(house: House, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const target = new URL(request.url ?? '/', 'http://clinic.invalid')
    const asset = house.assets.get(target.pathname)
    if (asset && (request.method === 'GET' || request.method === 'HEAD')) return sendAsset(response, asset)
    if (target.pathname === '/internal/queries')
      return sendAnswer(response, {
        status: 200,
        json: { queries: house.database.queries, routes: Object.fromEntries(house.costs) },
      })
    const match = routeFor(house, request, target)
    const body = await readBody(request)
    const cost = costOf(house, match.route)
    await house.database.withConnection(cost, database =>
      serve(house, match, {
        request,
        response,
        open: { parameters: match.parameters, query: target.searchParams, body, database },
      }),
    )
  } catch (error) {
    sendFailure(response, error)
  }
}

function routeFor(house: House, request: IncomingMessage, target: URL): RouteMatch {
  const match = matchRoute(house.routes, request.method ?? 'GET', target.pathname)
  if (match === undefined) throw new Refusal(404, `There is nothing at ${target.pathname}.`)
  if (!('route' in match)) throw new Refusal(405, `${target.pathname} takes ${match.join(', ')} only.`)
  return match
}

function costOf(house: House, route: ClinicRoute): RouteCost {
  let cost = house.costs.get(route.name)
  if (cost === undefined) {
    cost = { requests: 0, queries: 0 }
    house.costs.set(route.name, cost)
  }
  cost.requests += 1
  return cost
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly open: OpenCall & { readonly database: DatabaseConnection }
}

async function serve(house: House, { route }: RouteMatch, exchange: Exchange): Promise<void> {
  const { request, response, open } = exchange
  if (route.serving.kind === 'open') return sendAnswer(response, await route.serving.endpoint(open))
  const caller = await callerOf(request.headers, open.database)
  if (route.serving.kind === 'stream') return house.streams.open(response, caller.clinicId)
  const announce = (event: string, about: Readonly<Record<string, unknown>>) =>
    house.streams.announce(caller.clinicId, event, about)
  sendAnswer(response, await route.serving.endpoint({ ...open, caller, announce }))
}

async function readBody(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > LARGEST_BODY_BYTES) throw new Refusal(413, `A body may be ${LARGEST_BODY_BYTES} bytes long, not more.`)
    chunks.push(chunk)
  }
  if (size === 0) return {}
  const body = parseJson(Buffer.concat(chunks).toString())
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new Refusal(400, 'The body must be a JSON object.')
  return body as Record<string, unknown>
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Refusal(400, `The body is not JSON: ${(error as Error).message}.`)
  }
}

function sendAsset(response: ServerResponse, { type, body }: Asset): void {
  response.writeHead(200, { 'Content-Type': type, 'Content-Length': body.length })
  response.end(body)
}

function sendAnswer(response: ServerResponse, answer: Answer): void {
  if (answer.json === undefined) {
    response.writeHead(answer.status).end()
    return
  }
  const body = Buffer.from(JSON.stringify(answer.json))
  response.writeHead(answer.status, { 'Content-Type': 'application/json', 'Content-Length': body.length })
  response.end(body)
}

function sendFailure(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) return void response.destroy()
  if (!(error instanceof Refusal)) console.error('The clinic API failed:', error)
  const status = error instanceof Refusal ? error.status : 500
  const message = error instanceof Refusal ? error.message : 'The clinic API failed.'
  sendAnswer(response, { status, json: { error: message } })
}
