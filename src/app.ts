// From settings to a running Pillion, and back to nothing.
//
// The one place that knows every part: it makes them, hands each to whoever needs it,
// swaps rules at a reload and takes all apart again in the order that loses nothing:
// readiness first, then the listener, then what is in flight, then the origin's
// connections, and the log last. Nothing below this file knows how parts are made.

import { setTimeout as pause } from 'node:timers/promises'
import { type Admin, createAdmin } from './admin/admin.ts'
import { carriedOutElsewhere, purgeStore } from './admin/purge-store.ts'
import {
  type AdminServices,
  type AskedRequest,
  answered,
  type Phase,
  type ReloadFailure,
  type ReloadSuccess,
} from './admin/services.ts'
import { BackgroundWork } from './base/background.ts'
import { type Clock, systemClock } from './base/clock.ts'
import type { Telemetry } from './base/events.ts'
import type { Milliseconds } from './base/units.ts'
import { VERSION } from './base/version.ts'
import { BufferBudget } from './cache/buffer-budget.ts'
import { Engine } from './cache/engine.ts'
import { engineRules } from './cache/engine-rules.ts'
import type { Searched } from './cache/search-keys.ts'
import type { EngineRules } from './cache/services.ts'
import { redacted } from './config/effective.ts'
import { changedUntilRestart } from './config/fixed-settings.ts'
import type { Settings } from './config/settings.ts'
import { createConfigurationWatch } from './config/watch.ts'
import { memoryOf, shareOf } from './config/worker-shares.ts'
import { entryReport } from './insight/entry-report.ts'
import { LastDecisions } from './insight/last-decisions.ts'
import { liveExplanation } from './insight/live-explanation.ts'
import { LiveObservation, liveAdvice } from './insight/live-observation.ts'
import { type Configuration, type ConfigurationInput, errorsOf, prepare } from './insight/prepare.ts'
import { createAccessLog } from './observability/access-log.ts'
import { createAuditLog } from './observability/audit-log.ts'
import { createLogSink } from './observability/log-sink.ts'
import { createLogger } from './observability/logger.ts'
import { createMetrics, type Metrics } from './observability/metrics.ts'
import { createTelemetry } from './observability/telemetry.ts'
import { createTrafficStatistics, type TrafficStatistics } from './observability/traffic-statistics.ts'
import { VerifierSwitch } from './routing/verifier-switch.ts'
import { type NewsParts, tellNews } from './server/news.ts'
import { ProxyServer } from './server/proxy-server.ts'
import type { Seat } from './server/seat.ts'
import { AcceptanceRecords } from './store/acceptance-records.ts'
import { PurgeEpochs } from './store/purge-epochs.ts'
import { createStorage, type Storage } from './store/storage.ts'
import { createHttpUpstream } from './upstream/http-upstream.ts'
import { readTlsFiles } from './upstream/settings.ts'
import { SwitchedUpstream } from './upstream/switched-upstream.ts'

export interface App {
  /** As bound, in the form of contract §1. */
  readonly listen: string
  readonly admin: string
  /** Loads the configuration again; keeps the old one when the new one is invalid. */
  reload(): ReloadSuccess | ReloadFailure
  /** Drains; false when requests had to be cut short. */
  close(): Promise<boolean>
}

/** The app of one seat: without admin listener, watch and words about what all do together. */
export interface SeatedApp extends Pick<App, 'listen'> {
  readonly services: AdminServices
  start(): Promise<void>
  /** A part of what another worker's `services.purge` does for all. */
  readonly purgeHere: AdminServices['purge']
  /** What news from the others goes to. */
  readonly news: NewsParts
  /** Puts a configuration in force; throws where a file that it names can't be read. */
  apply(next: Configuration): void
  /** `delay`: instead of `shutdown.delay`. */
  close(delay?: Milliseconds): Promise<boolean>
}

export const createSeatedApp = (configuration: Configuration, input: ConfigurationInput, seat: Seat): SeatedApp =>
  new RunningApp(configuration, input, systemClock, seat)

/** Starts serving. Rejects when an address can't be bound or a TLS file can't be read; nothing is left running then. */
export async function startApp(configuration: Configuration, input: ConfigurationInput, clock = systemClock) {
  const app = new RunningApp(configuration, input, clock)
  await app.start()
  return app as App
}

class RunningApp implements App, SeatedApp {
  listen = ''
  admin = ''
  readonly #seat: Seat | undefined
  readonly #clock: Clock
  readonly #input: ConfigurationInput
  readonly #sink = createLogSink()
  readonly #logger
  readonly #accessLog
  readonly #statistics: TrafficStatistics
  readonly #metrics: Metrics
  readonly #observation = new LiveObservation(() => this.#configuration.compiled.written)
  readonly #lastDecisions = new LastDecisions()
  readonly #telemetry: Telemetry
  readonly #background: BackgroundWork
  readonly #epochs = new PurgeEpochs()
  readonly #acceptances = new AcceptanceRecords()
  readonly #storage: Storage
  readonly #upstream: SwitchedUpstream
  readonly #budget: BufferBudget
  readonly #engine: Engine
  readonly news: NewsParts
  readonly #server: ProxyServer
  readonly #startedAt
  #configuration: Configuration
  readonly #verifiers: VerifierSwitch
  #adminServer: Admin | undefined
  #watch: { close(): void } | undefined
  #phase: Phase = 'starting'

  constructor(given: Configuration, input: ConfigurationInput, clock: Clock, seat?: Seat) {
    const configuration = ofSeat(given, seat)
    const { settings } = configuration
    this.#seat = seat
    this.#configuration = configuration
    this.#input = input
    this.#clock = clock
    this.#startedAt = clock.now()
    this.#logger = createLogger({ level: settings.log.level, sink: this.#sink, clock })
    this.#accessLog = createAccessLog(settings.log, this.#sink, seat?.queryKey)
    this.#statistics = createTrafficStatistics(clock)
    this.#metrics = this.#createMetrics(settings)
    const kept = seat === undefined ? [this.#statistics, this.#observation, this.#lastDecisions] : [seat.telemetry]
    this.#telemetry = createTelemetry([this.#metrics, ...kept, this.#accessLog, this.#logger])
    this.#background = new BackgroundWork(this.#telemetry)
    this.#storage = this.#createStorage(settings)
    this.#verifiers = new VerifierSwitch({ clock, telemetry: this.#telemetry, secret: configuration.secret })
    this.#verifiers.use(configuration)
    this.#upstream = new SwitchedUpstream(this.#createUpstream(settings))
    this.#budget = new BufferBudget(settings.limits.buffers)
    this.#engine = this.#createEngine(configuration)
    const { quarantine } = this.#engine
    this.news = { clock, epochs: this.#epochs, records: this.#acceptances, quarantine }
    if (seat !== undefined) tellNews(this.news, seat.tell)
    const surroundings = { clock, telemetry: this.#telemetry, rulings: this.#engine.rulings }
    this.#server = new ProxyServer(settings, this.#engine, surroundings)
    for (const each of [this.#metrics, this.#statistics]) each.useRoutes(configuration.compiled.written.keys())
  }

  async start(): Promise<void> {
    try {
      if (this.#seat === undefined) await this.#openAdmin()
      this.listen = await this.#server.listen(this.#configuration.settings.listen)
    } catch (error) {
      await this.#release()
      throw error
    }
    this.#phase = 'ready'
    if (this.#seat !== undefined) return
    this.#notice('info', 'listening', { listen: this.listen, admin: this.admin, version: VERSION })
    for (const warning of this.#configuration.warnings) this.#notice('warn', warning)
    this.#watchFile()
  }

  readonly purgeHere: AdminServices['purge'] = order => purgeStore(order, carriedOutElsewhere(this.#purging()))

  async #openAdmin(): Promise<void> {
    const { listen, token } = this.#configuration.settings.admin
    const around = { services: this.services, telemetry: this.#telemetry, clock: this.#clock }
    this.#adminServer = await createAdmin({ listen, token, ...around })
    this.admin = this.#adminServer.address
  }

  reload(): ReloadSuccess | ReloadFailure {
    const prepared = prepare(this.#input, this.#configuration.secret)
    if (prepared.configuration === undefined) return this.#refuseReload(errorsOf(prepared))
    const next = prepared.configuration
    try {
      this.apply(next)
    } catch (error) {
      return this.#refuseReload([error instanceof Error ? error.message : String(error)])
    }
    this.#telemetry.emit({ kind: 'reload', ok: true, hash: next.hash })
    this.#notice('info', 'configuration reloaded', { hash: next.hash, routes: next.settings.routes.length })
    for (const warning of next.warnings) this.#notice('warn', warning)
    return { ok: true, hash: next.hash }
  }

  async close(delay?: Milliseconds): Promise<boolean> {
    const { shutdown } = this.#configuration.settings
    this.#phase = 'draining'
    this.#watch?.close()
    if (this.#seat === undefined)
      this.#notice('info', 'draining', { delay_ms: shutdown.delay, timeout_ms: shutdown.timeout })
    this.#server.startDraining()
    await pause(delay ?? shutdown.delay)
    const inTime = await this.#server.close(shutdown.timeout)
    await this.#release()
    return inTime
  }

  #refuseReload(errors: readonly string[]): ReloadFailure {
    this.#telemetry.emit({ kind: 'reload', ok: false, hash: this.#configuration.hash })
    this.#notice('error', 'the new configuration is invalid; the old one goes on', { errors })
    return { ok: false, errors }
  }

  apply(given: Configuration): void {
    const next = ofSeat(given, this.#seat)
    const before = this.#configuration.settings
    const { settings } = next
    this.#verifiers.use(next)
    if (JSON.stringify(before.upstream) !== JSON.stringify(settings.upstream)) {
      this.#upstream.switchTo(this.#createUpstream(settings))
    }
    this.#configuration = next
    for (const each of [this.#metrics, this.#statistics]) each.useRoutes(next.compiled.written.keys())
    this.#engine.reconfigure(this.#engineRules(next))
    this.#server.reconfigure(settings)
    this.#storage.memory.resize(memoryOf(settings))
    this.#budget.resize(settings.limits.buffers)
    this.#logger.setLevel(settings.log.level)
    this.#accessLog.use(settings.log)
    this.#adminServer?.useToken(settings.admin.token)
    if (this.#seat !== undefined) return
    for (const key of changedUntilRestart(before, settings)) {
      this.#notice('warn', `${key} changed, which takes effect at the next start`, { key })
    }
  }

  #createMetrics(settings: Settings): Metrics {
    return createMetrics({
      sources: {
        upstream: () => this.#upstream.state(),
        stores: () => [{ tier: 'memory', ...this.#storage.memory.usage() }],
        memoryOperations: () => this.#storage.memory.operations,
        redisUp: () => this.#storage.redis?.up,
        configurationHash: () => this.#configuration.hash,
        quarantined: () => this.#engine.quarantine.byRoute(),
      },
      thresholds: this.#seat?.thresholds ?? [settings.slo.cached, settings.slo.uncached],
    })
  }

  #createStorage(settings: Settings): Storage {
    const { redis } = settings.store
    const around = {
      clock: this.#clock,
      telemetry: this.#telemetry,
      epochs: this.#epochs,
      acceptances: this.#acceptances,
    }
    const tls = readTlsFiles(redis.tls, 'store.redis.tls')
    return createStorage({ limit: memoryOf(settings), redis, tls, ...around })
  }

  #createEngine(configuration: Configuration): Engine {
    const parts = { clock: this.#clock, telemetry: this.#telemetry, background: this.#background, ...this.#storage }
    const others = { epochs: this.#epochs, upstream: this.#upstream, budget: this.#budget, random: Math.random }
    const withdrawalsTold = this.#seat?.withdrawalsTold
    const audit = createAuditLog(this.#sink)
    const sharing = { records: this.#acceptances, secret: configuration.secret, audit, withdrawalsTold }
    return new Engine({ ...parts, ...others, ...sharing }, this.#engineRules(configuration))
  }

  #createUpstream({ upstream }: Settings) {
    const around = { clock: this.#clock, telemetry: this.#telemetry }
    return createHttpUpstream({ ...upstream, tls: readTlsFiles(upstream.tls) }, around)
  }

  #watchFile(): void {
    const { file, hash } = this.#configuration
    if (file === undefined) return
    const onNotice = (message: string) => this.#notice('warn', message, { file })
    this.#watch = createConfigurationWatch({ file, hash, onChange: () => void this.reload(), onNotice })
  }

  get services(): AdminServices {
    const compiled = () => this.#configuration.compiled
    return {
      health: {
        phase: () => this.#phase,
        upstream: () => this.#upstream.state(),
        redis: () => this.#storage.redis && { up: this.#storage.redis.up },
      },
      settings: {
        version: VERSION,
        startedAt: this.#startedAt,
        slo: () => this.#configuration.settings.slo,
        configurationHash: () => this.#configuration.hash,
        effective: () => redacted(this.#configuration.settings),
        routes: () => new Map([...compiled().written].map(([name, { match }]) => [name, match])),
      },
      metrics: this.#metrics,
      statistics: this.#statistics,
      stores: () => [{ tier: 'memory', ...this.#storage.memory.usage() }],
      entry: async asked => answered(await this.#entry(asked)),
      explain: async asked => answered(await this.#explain(asked)),
      purge: order => purgeStore(order, this.#purging()),
      advice: () => liveAdvice(this.#observation, this.#configuration),
      quarantined: () => this.#engine.quarantine.all,
      liftQuarantine: async route =>
        answered(this.#engine.quarantine.lift(route) ? { route, lifted: true } : `${route} is no quarantined route`),
      reload: () => Promise.resolve(this.reload()),
    }
  }

  #purging() {
    const { epochs } = this.news
    const { acceptances } = this.#engine
    const { compiled } = this.#configuration
    return { compiled, store: this.#storage.memory, acceptances, epochs, telemetry: this.#telemetry }
  }

  #entry(asked: AskedRequest): Promise<object | string> {
    const { compiled } = this.#configuration
    const keyOf = (searched: Searched) => this.#engine.keyOf(searched)
    return entryReport(asked, { compiled, store: this.#storage.store, now: this.#clock.now(), keyOf })
  }

  #explain(asked: AskedRequest): Promise<object | string> {
    const live = { entry: (each: AskedRequest) => this.#entry(each), lastDecisions: this.#lastDecisions }
    return liveExplanation(asked, this.#configuration.compiled, live)
  }

  #notice(level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#telemetry.emit({ kind: 'notice', level, message, fields })
  }

  #engineRules({ settings, compiled }: Configuration): EngineRules {
    return engineRules(settings, compiled, this.#storage.redis?.sealed ?? false)
  }

  /** Lets go of everything but what the operating system takes back. */
  async #release(): Promise<void> {
    this.#watch?.close()
    await this.#upstream.close()
    await this.#background.settled()
    await this.#engine.close()
    await this.#storage.store.close()
    await this.#adminServer?.close()
    this.#metrics.close()
    this.#sink.close()
  }
}

/** With this process's part of the totals. */
function ofSeat(given: Configuration, seat: Seat | undefined): Configuration {
  return seat === undefined ? given : { ...given, settings: shareOf(given.settings, seat.place) }
}
