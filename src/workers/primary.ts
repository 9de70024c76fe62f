// How do several processes look like one?
//
// The primary holds the admin port, the configuration and the signals, and serves no
// request. It asks its workers and adds up what they answer; a reload is checked here,
// then by every worker, and only then put in force by all. Statistics are kept here, fed
// by what workers counted since the last second, so that a lost worker takes little along.

import { randomBytes } from 'node:crypto'
import { type Admin, createAdmin } from '../admin/admin.ts'
import {
  type AdminServices,
  type AskedRequest,
  answered,
  type Phase,
  type PurgeOrder,
  type PurgeReceipt,
  type Refusal,
  type ReloadFailure,
  type ReloadSuccess,
} from '../admin/services.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import type { Telemetry } from '../base/events.ts'
import { removeStaleSocket } from '../base/stale-socket.ts'
import { milliseconds } from '../base/units.ts'
import { VERSION } from '../base/version.ts'
import { redacted } from '../config/effective.ts'
import { changedUntilRestart } from '../config/fixed-settings.ts'
import { createConfigurationWatch } from '../config/watch.ts'
import { workerCount } from '../config/worker-shares.ts'
import { LastDecisions } from '../insight/last-decisions.ts'
import { liveExplanation } from '../insight/live-explanation.ts'
import { LiveObservation, liveAdvice } from '../insight/live-observation.ts'
import { type Configuration, type ConfigurationInput, errorsOf, type Prepared, prepare } from '../insight/prepare.ts'
import { createLogSink } from '../observability/log-sink.ts'
import { createLogger } from '../observability/logger.ts'
import { createMetrics } from '../observability/metrics.ts'
import { SummedMetrics } from '../observability/summed-metrics.ts'
import { createTelemetry } from '../observability/telemetry.ts'
import { createTrafficStatistics } from '../observability/traffic-statistics.ts'
import type { Pulse } from './calls.ts'
import { Crew, type Member } from './crew.ts'
import { bestEntry, summedReceipt, summedUpstream, summedUsage } from './sums.ts'

const PULSE_EVERY_MS = 1_000
/** Beyond the drain's own limits, for processes to end. */
const GRACE_MS = 5_000

export interface Primary {
  reload(): Promise<ReloadSuccess | ReloadFailure>
  /** Drains; false when requests had to be cut short. */
  close(): Promise<boolean>
}

/** Rejects when an address can't be bound or a file can't be read; no process is left then. */
export async function startPrimary(prepared: Prepared & { configuration: Configuration }, input: ConfigurationInput) {
  const primary = new RunningPrimary(prepared, input, systemClock)
  await primary.start()
  return primary
}

class RunningPrimary implements Primary {
  readonly #clock: Clock
  readonly #input: ConfigurationInput
  readonly #sink = createLogSink()
  readonly #logger
  readonly #statistics
  readonly #metrics: SummedMetrics
  readonly #observation = new LiveObservation(() => this.#configuration.compiled.written)
  readonly #lastDecisions = new LastDecisions()
  readonly #telemetry: Telemetry
  readonly #crew: Crew
  readonly #queryKey = randomBytes(32)
  readonly #thresholds
  readonly #startedAt
  readonly #pulses = new Map<Member, Pulse>()
  #configuration: Configuration
  #text: string
  #admin: Admin | undefined
  #watch: { close(): void } | undefined
  #pulsing: NodeJS.Timeout | undefined
  #draining = false
  #reloading: Promise<unknown> = Promise.resolve()

  constructor(
    { configuration, source }: Prepared & { configuration: Configuration },
    input: ConfigurationInput,
    clock: Clock,
  ) {
    const { settings, compiled } = configuration
    this.#configuration = configuration
    this.#text = source.text
    this.#input = input
    this.#clock = clock
    this.#startedAt = clock.now()
    this.#thresholds = [settings.slo.cached, settings.slo.uncached]
    this.#logger = createLogger({ level: settings.log.level, sink: this.#sink, clock })
    this.#statistics = createTrafficStatistics(clock)
    const own = createMetrics({ sources: undefined, thresholds: this.#thresholds })
    this.#metrics = new SummedMetrics(own, () => this.#families())
    this.#telemetry = createTelemetry([this.#metrics, this.#logger])
    this.#crew = new Crew({
      size: workerCount(settings),
      clock,
      telemetry: this.#telemetry,
      beginning: () => this.#beginning(),
      onLost: member => this.#lost(member),
    })
    for (const each of [this.#metrics, this.#statistics]) each.useRoutes(compiled.written.keys())
  }

  async start(): Promise<void> {
    const { listen, admin } = this.#configuration.settings
    let address: string
    try {
      if (listen.kind === 'unix') await removeStaleSocket(listen.path)
      const around = { services: this.#services(), telemetry: this.#telemetry, clock: this.#clock }
      this.#admin = await createAdmin({ listen: admin.listen, token: admin.token, ...around })
      address = await this.#crew.start()
    } catch (error) {
      await this.#release()
      throw error
    }
    this.#pulsing = setInterval(() => void this.#gather(), PULSE_EVERY_MS)
    const workers = this.#crew.serving.length
    this.#notice('info', 'listening', { listen: address, admin: this.#admin.address, version: VERSION, workers })
    for (const warning of this.#configuration.warnings) this.#notice('warn', warning)
    this.#watchFile()
  }

  /** One after the other: each begins with what the one before left in force. */
  reload(): Promise<ReloadSuccess | ReloadFailure> {
    const reloading = this.#reloading.then(() => this.#reload())
    this.#reloading = reloading.catch(() => undefined)
    return reloading
  }

  async close(): Promise<boolean> {
    const { delay, timeout } = this.#configuration.settings.shutdown
    this.#draining = true
    this.#watch?.close()
    this.#notice('info', 'draining', { delay_ms: delay, timeout_ms: timeout })
    const inTime = await this.#crew.drain(milliseconds(delay + timeout + GRACE_MS))
    await this.#release()
    return inTime
  }

  async #reload(): Promise<ReloadSuccess | ReloadFailure> {
    const prepared = prepare(this.#input, this.#configuration.secret)
    const next = prepared.configuration
    if (next === undefined) return this.#refuse(errorsOf(prepared))
    const text = { file: next.file, text: prepared.source.text }
    const staged = await this.#crew.askAll(line => line.ask('stage', text).catch(messageOf))
    const errors = [...new Set(staged.flat())]
    if (errors.length > 0) return this.#refuse(errors)
    const before = this.#configuration
    this.#configuration = next
    this.#text = text.text
    await this.#crew.askAll((line, member) => line.ask('apply', text).catch(() => this.#crew.replace(member)))
    this.#putInForce(before, next)
    return { ok: true, hash: next.hash }
  }

  #putInForce(before: Configuration, next: Configuration): void {
    for (const each of [this.#metrics, this.#statistics]) each.useRoutes(next.compiled.written.keys())
    this.#logger.setLevel(next.settings.log.level)
    this.#admin?.useToken(next.settings.admin.token)
    this.#telemetry.emit({ kind: 'reload', ok: true, hash: next.hash })
    this.#notice('info', 'configuration reloaded', { hash: next.hash, routes: next.settings.routes.length })
    for (const key of changedUntilRestart(before.settings, next.settings)) {
      this.#notice('warn', `${key} changed, which takes effect at the next start`, { key })
    }
    for (const warning of next.warnings) this.#notice('warn', warning)
  }

  #refuse(errors: readonly string[]): ReloadFailure {
    this.#telemetry.emit({ kind: 'reload', ok: false, hash: this.#configuration.hash })
    this.#notice('error', 'the new configuration is invalid; the old one goes on', { errors })
    return { ok: false, errors }
  }

  #beginning() {
    const { file, secret } = this.#configuration
    return { file, text: this.#text, secret, thresholds: this.#thresholds, queryKey: this.#queryKey }
  }

  #watchFile(): void {
    const { file, hash } = this.#configuration
    if (file === undefined) return
    const onNotice = (message: string) => this.#notice('warn', message, { file })
    this.#watch = createConfigurationWatch({ file, hash, onChange: () => void this.reload(), onNotice })
  }

  async #gather(): Promise<void> {
    await this.#crew.askAll(async (line, member) => this.#take(member, await line.ask('pulse', null)))
  }

  #take(member: Member, pulse: Pulse): void {
    if (this.#crew.serving.includes(member)) this.#pulses.set(member, pulse)
    for (const [route, tally] of pulse.counted) this.#statistics.add(route, tally)
    for (const { event, weight } of pulse.requests) {
      this.#observation.request(event, weight)
      this.#lastDecisions.emit(event)
    }
    for (const event of pulse.observed) {
      this.#observation.emit(event)
      this.#statistics.emit(event)
    }
  }

  async #families() {
    return this.#crew.askAll(async (line, member) => ({ of: member, families: await line.ask('families', null) }))
  }

  #lost(member: Member): void {
    this.#pulses.delete(member)
    this.#metrics.lost(member)
  }

  get #phase(): Phase {
    if (this.#draining) return 'draining'
    return this.#crew.serving.length > 0 ? 'ready' : 'starting'
  }

  #services(): AdminServices {
    const pulses = () => [...this.#pulses.values()]
    const current = () => this.#configuration
    return {
      health: {
        phase: () => this.#phase,
        upstream: () => summedUpstream(pulses().map(each => each.upstream)),
        redis: () => redisOf(pulses(), current()),
      },
      settings: {
        version: VERSION,
        startedAt: this.#startedAt,
        slo: () => current().settings.slo,
        configurationHash: () => current().hash,
        effective: () => redacted(current().settings),
        routes: () => new Map([...current().compiled.written].map(([name, { match }]) => [name, match])),
      },
      metrics: this.#metrics,
      statistics: this.#statistics,
      stores: () => [{ tier: 'memory', ...summedUsage(pulses().map(each => each.memory)) }],
      entry: async asked => answered(await this.#entry(asked)),
      explain: async asked => answered(await this.#explain(asked)),
      purge: order => this.#purge(order),
      advice: () => liveAdvice(this.#observation, current()),
      quarantined: () => [...new Map(pulses().flatMap(each => each.quarantined.map(one => [one.route, one]))).values()],
      liftQuarantine: route => this.#lift(route),
      reload: () => this.reload(),
      gather: () => this.#gather(),
      residentBytes: () => pulses().reduce((sum, each) => sum + each.residentBytes, process.memoryUsage.rss()),
    }
  }

  async #entry(asked: AskedRequest): Promise<object | string> {
    const entries = await this.#crew.askAll(line => line.ask('entry', asked))
    const refusal = entries.find(each => 'refused' in each) as Refusal | undefined
    return refusal?.detail ?? bestEntry(entries) ?? 'no worker is there to ask'
  }

  async #explain(asked: AskedRequest): Promise<object | string> {
    await this.#gather()
    const live = { entry: (each: AskedRequest) => this.#entry(each), lastDecisions: this.#lastDecisions }
    return liveExplanation(asked, this.#configuration.compiled, live)
  }

  /** One tells the replicas; should it be lost meanwhile, the order is carried out again. */
  async #purge(order: PurgeOrder): Promise<PurgeReceipt | Refusal> {
    const [leader] = this.#crew.serving
    let led = false
    const receipts = await this.#crew.askAll(async (line, member) => {
      const receipt = await line.ask('purge', { order, leads: member === leader })
      led ||= member === leader
      return receipt
    })
    const refusal = receipts.find(each => 'refused' in each)
    if (refusal !== undefined) return refusal
    if (!led && leader !== undefined) return this.#purge(order)
    return summedReceipt(receipts as PurgeReceipt[])
  }

  async #lift(route: string): Promise<object | Refusal> {
    const lifted = await this.#crew.askAll(line => line.ask('lift', route))
    await this.#gather()
    return answered(lifted.includes(true) ? { route, lifted: true } : `${route} is no quarantined route`)
  }

  #notice(level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#telemetry.emit({ kind: 'notice', level, message, fields })
  }

  async #release(): Promise<void> {
    clearInterval(this.#pulsing)
    this.#watch?.close()
    await this.#admin?.close()
    this.#metrics.close()
    this.#sink.close()
  }
}

function redisOf(pulses: readonly Pulse[], { settings }: Configuration): { up: boolean } | undefined {
  if (settings.store.redis.url === undefined) return undefined
  return { up: pulses.length > 0 && pulses.every(each => each.redisUp === true) }
}

function messageOf(error: unknown): string[] {
  return [error instanceof Error ? error.message : String(error)]
}
