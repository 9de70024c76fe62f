// What does one worker do from its first message to its last?
//
// It waits for the configuration, serves, and answers what the primary asks. Signals to
// the whole group reach it too: to end is to drain, as the primary would have it, and
// everything else is the primary's business. If the primary is gone, it validates what it
// holds (nobody tells it of purges any more), drains at once and ends: no connection can
// reach it, and nothing may stay behind.

import cluster from 'node:cluster'
import { createSeatedApp, type SeatedApp } from '../app.ts'
import { milliseconds } from '../base/units.ts'
import { type Configuration, type ConfigurationInput, errorsOf, prepare } from '../insight/prepare.ts'
import { createTelemetry } from '../observability/telemetry.ts'
import { TrafficDelta } from '../observability/traffic-delta.ts'
import { hearNews, type News, outOfTouch } from '../server/news.ts'
import type { Seat } from '../server/seat.ts'
import { readTlsFiles } from '../upstream/settings.ts'
import type { BeginFailure, Beginning, ConfigurationText, PrimaryCalls, Pulse, WorkerCalls } from './calls.ts'
import { type Calls, type Envelope, Line } from './line.ts'
import { TrafficSample } from './traffic-sample.ts'

/** Resolves to whether everything in flight got its answer, when there is nothing left to do. `input`: as the primary was given it. */
export function runWorker(input: ConfigurationInput): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(input, drained => {
      drained.then(resolve, reject).finally(() => {
        // The line alone would keep the process.
        if (process.connected) process.disconnect?.()
      })
    })
    process.on('message', (envelope: Envelope) => worker.line.receive(envelope))
    process.on('disconnect', () => worker.alone())
    process.on('SIGTERM', () => worker.drain())
    process.on('SIGINT', () => worker.drain())
    process.on('SIGHUP', () => undefined)
    // Otherwise node would end the process as soon as the primary is gone.
    if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true
    // A message that the primary can't take any more: `disconnect` follows.
    cluster.worker?.on('error', () => undefined)
    void worker.line.ask('ready', null).catch(() => undefined)
  })
}

class Worker implements WorkerCalls {
  readonly line: Line<PrimaryCalls>
  readonly #input: ConfigurationInput
  readonly #end: (drained: Promise<boolean>) => void
  readonly #delta = new TrafficDelta()
  readonly #sample = new TrafficSample()
  /** Withdrawals that others have not heard yet. */
  readonly #withdrawals = new Set<Promise<unknown>>()
  #app: SeatedApp | undefined
  #configuration: Configuration | undefined
  #staged: Configuration | undefined
  #ending = false

  constructor(input: ConfigurationInput, end: (drained: Promise<boolean>) => void) {
    this.#input = input
    this.#end = end
    this.line = new Line<PrimaryCalls>(send, callsOf(this))
  }

  async begin(order: Beginning): Promise<{ listen: string } | { failure: BeginFailure }> {
    try {
      const configuration = this.#prepare(order, order.secret)
      if (typeof configuration === 'string') throw new Error(configuration)
      const app = createSeatedApp(configuration, this.#input, this.#seatOf(order))
      this.#configuration = configuration
      this.#app = app
      for (const each of order.news) hearNews(app.news, each)
      await app.start()
      return { listen: app.listen }
    } catch (error) {
      return { failure: failureOf(error) }
    }
  }

  hear(news: News): void {
    if (this.#app !== undefined) hearNews(this.#app.news, news)
  }

  stage(text: ConfigurationText): readonly string[] {
    const next = this.#prepare(text, this.#configuration?.secret)
    if (typeof next === 'string') return [next]
    readTlsFiles(next.settings.upstream.tls)
    this.#staged = next
    return []
  }

  apply(text: ConfigurationText): void {
    const staged = this.#staged ?? this.#prepare(text, this.#configuration?.secret)
    this.#staged = undefined
    if (typeof staged === 'string') throw new Error(staged)
    this.#running.apply(staged)
    this.#configuration = staged
  }

  purge({ order, leads }: Parameters<WorkerCalls['purge']>[0]): ReturnType<WorkerCalls['purge']> {
    return leads ? this.#running.services.purge(order) : this.#running.purgeHere(order)
  }

  entry(...[asked]: Parameters<WorkerCalls['entry']>): ReturnType<WorkerCalls['entry']> {
    return this.#running.services.entry(asked)
  }

  async lift(route: string): Promise<boolean> {
    return !('refused' in (await this.#running.services.liftQuarantine(route)))
  }

  families(): ReturnType<WorkerCalls['families']> {
    return this.#running.services.metrics.families()
  }

  pulse(): Pulse {
    const { services } = this.#running
    const { health } = services
    const [memory] = services.stores()
    if (memory === undefined) throw new Error('a process has no memory store')
    return {
      counted: this.#delta.take(),
      ...this.#sample.take(),
      upstream: health.upstream(),
      memory,
      redisUp: health.redis()?.up,
      quarantined: services.quarantined(),
      residentBytes: process.memoryUsage.rss(),
    }
  }

  drain(): void {
    this.#finish(undefined)
  }

  alone(): void {
    this.line.close()
    if (this.#app !== undefined) outOfTouch(this.#app.news)
    this.#finish(milliseconds(0))
  }

  #finish(delay: ReturnType<typeof milliseconds> | undefined): void {
    if (this.#ending) return
    this.#ending = true
    this.#end(this.#app === undefined ? Promise.resolve(true) : this.#app.close(delay))
  }

  get #running(): SeatedApp {
    if (this.#app === undefined) throw new Error('the worker has not begun')
    return this.#app
  }

  #prepare({ file, text }: ConfigurationText, secret: Configuration['secret'] | undefined): Configuration | string {
    const { environment, overrides } = this.#input
    const given = { text, environment, ...(file !== undefined && { file }), ...(overrides && { overrides }) }
    const prepared = prepare(given, secret)
    return prepared.configuration ?? errorsOf(prepared).join('\n')
  }

  #seatOf({ place, thresholds, queryKey }: Beginning): Seat {
    return {
      place,
      thresholds,
      queryKey: Buffer.from(queryKey),
      telemetry: createTelemetry([this.#delta, this.#sample]),
      tell: news => this.#tell(news),
      withdrawalsTold: () => (this.#withdrawals.size === 0 ? undefined : Promise.all(this.#withdrawals)),
    }
  }

  /** When the primary is gone there is nobody left who would have to know. */
  #tell(news: News): Promise<unknown> {
    const told: Promise<unknown> = this.line.ask('tell', news).catch(() => undefined)
    if (news.kind === 'purge') {
      this.#withdrawals.add(told)
      void told.then(() => this.#withdrawals.delete(told))
    }
    return told
  }
}

/** What the primary may call. */
function callsOf(worker: Worker): Calls<WorkerCalls> {
  return {
    begin: (order: Beginning) => worker.begin(order),
    hear: (news: News) => worker.hear(news),
    stage: (text: ConfigurationText) => worker.stage(text),
    apply: (text: ConfigurationText) => worker.apply(text),
    purge: (asked: Parameters<WorkerCalls['purge']>[0]) => worker.purge(asked),
    entry: (asked: Parameters<WorkerCalls['entry']>[0]) => worker.entry(asked),
    lift: (route: string) => worker.lift(route),
    families: () => worker.families(),
    pulse: () => worker.pulse(),
    drain: () => worker.drain(),
  }
}

/** Nothing is thrown where the primary is gone already: `disconnect` says so. */
function send(envelope: Envelope): void {
  process.send?.(envelope, undefined, undefined, () => undefined)
}

function failureOf(error: unknown): BeginFailure {
  if (!(error instanceof Error)) return { message: String(error) }
  const { message, code, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number }
  return { message, ...(code && { code }), ...(address && { address }), ...(port !== undefined && { port }) }
}
