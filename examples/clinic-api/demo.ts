// `npm run demo`: what does Pillion do for a slow API?
//
// Starts the clinic API on a free port and Pillion in front of it, each as a process of
// its own, lets the staff work through Pillion, and shows what comes of it until Ctrl-C.
// `--once` stops after 20 seconds, compares the figures with the targets, and exits 1
// when one is missed. Pillion gets 127.0.0.1:8080 and :9090, or free ports where those
// are taken. Ends in order: staff, Pillion (which drains), API.

import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { STAFF } from './accounts.ts'
import { type Child, startChild } from './child.ts'
import { Measurements } from './measurements.ts'
import { type Addresses, createScreen, type Screen, statusLine, type Visitor, welcome } from './screen.ts'
import type { CostByRoute } from './server.ts'
import { type Staff, startStaff } from './staff.ts'
import { formatTargets, judge, type QueryCount } from './targets.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const ONCE_SECONDS = 20
const PLAIN_LINE_SECONDS = 5
/** A signal that comes sooner after the first is the same Ctrl-C, delivered by terminal and npm. */
const SAME_SIGNAL_MILLISECONDS = 500
const DRAIN_MILLISECONDS = 8000

/** Whatever has to be ended again, in the order in which it was started. */
interface Stage {
  api?: Child
  pillion?: Child
  staff?: Staff
}

interface Show {
  readonly addresses: Addresses
  readonly measurements: Measurements
  readonly screen: Screen
  readonly end: AbortSignal
}

async function main(): Promise<number> {
  const isOnce = parseOnce()
  if (isOnce === undefined) return 2
  const end = endOnSignals()
  const stage: Stage = {}
  try {
    return await perform(stage, isOnce, end)
  } catch (error) {
    if (end.signal.aborted && stage.staff === undefined) return 0
    console.error(`The demo failed: ${(error as Error).message}`)
    return 1
  } finally {
    await stage.staff?.stop()
    await stage.pillion?.end(DRAIN_MILLISECONDS)
    await stage.api?.end(DRAIN_MILLISECONDS)
  }
}

function parseOnce(): boolean | undefined {
  try {
    return parseArgs({ options: { once: { type: 'boolean', default: false } } }).values.once
  } catch (error) {
    console.error(`${(error as Error).message}\nUsage: npm run demo [-- --once]`)
    return undefined
  }
}

/** Aborts at the first signal; a second one, later, ends everything at once. */
function endOnSignals(): AbortController {
  const end = new AbortController()
  let first: number | undefined
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (first === undefined) first = performance.now()
      else if (performance.now() - first > SAME_SIGNAL_MILLISECONDS) process.exit(1)
      end.abort()
    })
  }
  return end
}

async function perform(stage: Stage, isOnce: boolean, end: AbortController): Promise<number> {
  stage.api = await startApi(end.signal)
  const api = stage.api.listening.url ?? ''
  stage.pillion = await startPillion(api, end.signal)
  const addresses: Addresses = {
    api,
    pillion: `http://${stage.pillion.listening.listen}`,
    admin: `http://${stage.pillion.listening.admin}`,
  }
  const measurements = new Measurements()
  const screen = createScreen(process.stdout)
  screen.say(welcome(addresses, await signInVisitor(addresses.pillion)))
  const fallen = watchChildren(stage, end)
  stage.staff = startStaff(addresses.pillion, measurements)
  const queries = await watch({ addresses, measurements, screen, end: end.signal }, isOnce ? ONCE_SECONDS : Infinity)
  if (fallen()) throw new Error(fallen())
  if (!isOnce || end.signal.aborted) {
    screen.say('Ending: staff, Pillion, API.')
    return 0
  }
  const targets = judge(measurements, queries)
  screen.say(`\n${formatTargets(targets)}`)
  return targets.every(({ isMet }) => isMet) ? 0 : 1
}

function startApi(signal: AbortSignal): Promise<Child> {
  const script = [join(import.meta.dirname, 'main.ts')]
  const environment = { ...process.env, PORT: '0', HOST: '127.0.0.1' }
  return startChild({ name: 'The clinic API', script, environment }, signal)
}

/** Variables that `pillion serve` would take over from whoever runs the demo. */
const NOT_FOR_THE_DEMO = ['ADMIN_TOKEN', 'REDIS_URL', 'CACHE_SECRET', 'WORKERS', 'LOG_LEVEL', 'PILLION_CONFIG']

async function startPillion(upstream: string, signal: AbortSignal): Promise<Child> {
  const environment: Record<string, string | undefined> = { ...process.env }
  for (const name of NOT_FOR_THE_DEMO) delete environment[name]
  const options = {
    config: join(ROOT, 'config', 'demo.yaml'),
    upstream,
    listen: `127.0.0.1:${await freePort(8080)}`,
    admin: `127.0.0.1:${await freePort(9090)}`,
  }
  const script = [join(ROOT, 'src', 'cli', 'main.ts'), 'serve']
  for (const [name, value] of Object.entries(options)) script.push(`--${name}`, value)
  return startChild({ name: 'Pillion', script, environment }, signal)
}

/** `wanted` when nobody listens there, else 0: any free one. */
async function freePort(wanted: number): Promise<number> {
  const probe = createServer()
  try {
    probe.listen(wanted, '127.0.0.1')
    await once(probe, 'listening')
    return wanted
  } catch {
    return 0
  } finally {
    await new Promise(closed => probe.close(closed))
  }
}

async function signInVisitor(url: string): Promise<Visitor> {
  const { login, password } = STAFF.find(person => person.login === 'visitor') ?? { login: '', password: '' }
  const answer = await fetch(`${url}/api/v1/auth/sign-in`, {
    method: 'POST',
    body: JSON.stringify({ login, password }),
  })
  if (!answer.ok) throw new Error(`signing in through ${url} was answered with ${answer.status}`)
  return (await answer.json()) as Visitor
}

/** Ends the show when a process falls over; the returned function then says which and with what words. */
function watchChildren(stage: Stage, end: AbortController): () => string {
  let fallen = ''
  for (const [name, child] of Object.entries({ Pillion: stage.pillion, 'The clinic API': stage.api })) {
    void child?.gone.then(() => {
      if (end.signal.aborted) return
      fallen = `${name} ended by itself:\n${child.lastLines()}`
      end.abort()
    })
  }
  return () => fallen
}

/** Shows the line until `seconds` are over or the end is asked for; the last count of queries. */
async function watch(show: Show, seconds: number): Promise<QueryCount> {
  const { addresses, measurements, screen, end } = show
  const start = performance.now()
  const before = (await costsOf(addresses.api))?.queries ?? 0
  let queries: QueryCount = { expected: 0, actual: 0 }
  for (let tick = 1; !end.aborted; tick += 1) {
    await pause(Math.max(0, start + tick * 500 - performance.now()), undefined, { signal: end }).catch(() => undefined)
    if (end.aborted) break
    const [costs, use] = await Promise.all([costsOf(addresses.api), poolUse(addresses.admin)])
    if (costs) queries = { expected: measurements.expectedQueries(costs.routes), actual: costs.queries - before }
    if (use !== undefined) measurements.poolUse.add(use)
    const elapsed = (performance.now() - start) / 1000
    const isOver = elapsed >= seconds
    if (screen.isLive || isOver || tick % (PLAIN_LINE_SECONDS * 2) === 0)
      screen.line(statusLine(Math.floor(elapsed), measurements, queries))
    if (isOver) break
  }
  return queries
}

/** What the API's queries have come to; undefined when it can't be asked just now. */
async function costsOf(api: string): Promise<{ queries: number; routes: CostByRoute } | undefined> {
  const text = await textAt(`${api}/internal/queries`)
  return text === undefined ? undefined : (JSON.parse(text) as { queries: number; routes: CostByRoute })
}

async function poolUse(admin: string): Promise<number | undefined> {
  const metrics = await textAt(`${admin}/metrics`)
  const value = /^pillion_upstream_pool_utilization(?:\{[^}]*\})? (\S+)/m.exec(metrics ?? '')?.[1]
  return value === undefined ? undefined : Number(value)
}

/** A child that is gone ends the demo by itself (`watchChildren`), one that is slow misses a figure. */
async function textAt(url: string): Promise<string | undefined> {
  try {
    return await (await fetch(url, { signal: AbortSignal.timeout(3000) })).text()
  } catch {
    return undefined
  }
}

process.exitCode = await main()
