// How does a scenario get a real Pillion between a real origin and a real client?
//
// Starts the whole app in this process, on free ports of 127.0.0.1, in front of a
// scripted origin; or the command in a process of its own, where signals matter. Both
// end with `await using`. The client side is the raw client, so that a scenario sees
// the bytes that a browser would. Time is never slept through: what must be stale is
// made so by the Age that the origin states, or by a soft purge.
//
//     await using scene = await startScene('routes: { all: { match: /**, ttl: 1m } }', replyWith('hello'))
//     await scene.get('/a')
//     assert.equal(scene.origin.requests.length, 1)

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { type App, startApp } from '../../src/app.ts'
import type { Clock } from '../../src/base/clock.ts'
import { prepare } from '../../src/insight/prepare.ts'
import { RawClient, type RawResponse, rawRequest } from '../clients/raw-client.ts'
import { type Origin, type OriginHandler, startOrigin } from '../origin/origin.ts'

/** A route that stores everything for a minute and shares it with everybody. */
export const ALL_FOR_A_MINUTE = 'routes: { all: { match: /**, ttl: 1m, share: everyone } }'

interface Configured {
  /** YAML; upstream, addresses, a quick drain and a quiet log are added. */
  readonly text?: string
  /** Instead of `text`: a file, which is watched. */
  readonly file?: string
  readonly clock?: Clock
}

/** `HIT_PATH=off npm test -- scenario conformance` runs all of it the ordinary way. */
const HIT_PATH = process.env['HIT_PATH'] === 'off' ? 'hitPath: off\n' : ''

/** Starts the app in this process. */
export async function startPillion(upstream: string, { text = '', file, clock }: Configured): Promise<App> {
  const way = text.includes('hitPath:') ? '' : HIT_PATH
  const content = way + (text.includes('shutdown:') ? text : `${QUICK_DRAIN}${text}`)
  const input = {
    ...(file === undefined ? { text: content } : { file }),
    environment: { UPSTREAM: upstream, LOG_LEVEL: 'error' },
    overrides: { listen: '127.0.0.1:0', admin: '127.0.0.1:0' },
  }
  const { configuration, problems } = prepare(input)
  if (configuration === undefined) throw new Error(problems.map(({ message }) => message).join('\n'))
  return startApp(configuration, input, clock)
}

export const QUICK_DRAIN = 'shutdown: { delay: 0s, timeout: 5s }\n'

export class Scene implements AsyncDisposable {
  readonly origin: Origin
  readonly app: App
  readonly port: number
  readonly #clients: RawClient[] = []

  constructor(origin: Origin, app: App) {
    this.origin = origin
    this.app = app
    this.port = portOf(app.listen)
  }

  /** One GET on a connection of its own. */
  get(target: string, fields: readonly string[] = []): Promise<RawResponse> {
    return this.request(['GET', target], fields)
  }

  /** GETs `target` until the answer is `body`: for what happens after an answer, with nobody to tell of it. */
  async getUntil(target: string, body: string): Promise<void> {
    const deadline = performance.now() + 5000
    while ((await this.get(target)).body !== body) {
      assert.ok(performance.now() < deadline, `${target} was never answered with ${body}`)
    }
  }

  request(line: readonly [string, string], fields: readonly string[] = [], body?: string): Promise<RawResponse> {
    return rawRequest({ port: this.port }, line, fields, body)
  }

  /** A connection that is closed with the scene. */
  async connect(): Promise<RawClient> {
    const client = await RawClient.connect({ port: this.port })
    client.socket.on('error', () => undefined)
    this.#clients.push(client)
    return client
  }

  /** A POST to the admin API; its JSON. */
  async admin(path: string, content: object): Promise<Record<string, unknown>> {
    const fields = ['Host', 'localhost', 'Content-Type', 'application/json']
    const address = { port: portOf(this.app.admin) }
    const response = await rawRequest(address, ['POST', path], fields, JSON.stringify(content))
    assert.equal(response.status, 200, response.body)
    return JSON.parse(response.body) as Record<string, unknown>
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close()
    await this.origin.close()
    await this.app.close()
    assert.deepEqual(this.origin.errors, [])
  }
}

/** An origin that does what `handler` says and Pillion before it, configured by `text`. */
export async function startScene(text: string, handler: OriginHandler): Promise<Scene> {
  const origin = await startOrigin(handler)
  try {
    return new Scene(origin, await startPillion(origin.url, { text }))
  } catch (error) {
    await origin.close()
    throw error
  }
}

/** Answers every request with 200, these fields and the number of the request after `body`. */
export function replyWith(body: string, fields: readonly string[] = []): OriginHandler {
  return exchange => exchange.respond({ fields, body: `${body} ${exchange.request.number}` })
}

/** Our member of Cache-Status where the origin sent none. */
export function cacheStatusOf(response: Pick<RawResponse, 'field'>): string {
  return response.field('cache-status') ?? ''
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1))
}

/** `pillion serve` in a process of its own. */
export class PillionProcess implements AsyncDisposable {
  readonly child: ChildProcess
  readonly port: number
  readonly adminPort: number
  /** Resolves to the exit code once it has ended. */
  readonly exited: Promise<number | null>

  constructor(child: ChildProcess, listening: { readonly listen: string; readonly admin: string }) {
    this.child = child
    this.port = portOf(listening.listen)
    this.adminPort = portOf(listening.admin)
    this.exited = new Promise(resolve => child.once('exit', code => resolve(code)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return
    this.child.kill('SIGKILL')
    await this.exited
  }
}

const MAIN = new URL('../../src/cli/main.ts', import.meta.url).pathname

export async function spawnPillion(upstream: string, file: string): Promise<PillionProcess> {
  const { npm_lifecycle_event: _npm, ...environment } = process.env
  const words = [MAIN, 'serve', '--config', file, '--upstream', upstream]
  const child = spawn(process.execPath, [...words, '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'], {
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout as NonNullable<ChildProcess['stdout']> })
  const [line] = (await Promise.race([once(lines, 'line'), once(child, 'exit')])) as [string | number]
  lines.on('line', () => undefined)
  if (typeof line !== 'string') throw new Error(`pillion ended with ${line} before it listened`)
  return new PillionProcess(child, JSON.parse(line) as { listen: string; admin: string })
}
