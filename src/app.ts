// From settings to a running Pillion, and back to nothing.
//
// The one place that knows every part: it makes them, hands each to whoever needs it,
// swaps rules at a reload and takes all apart again in the order that loses nothing:
// readiness first, then the listener, then what is in flight, then the origin's
// connections, and the log last. Nothing below this file knows how parts are made.

import { setTimeout as pause } from 'node:timers/promises'
import { type Admin, createAdmin } from './admin/admin.ts'
import { purgeStore } from './admin/purge-store.ts'
import type { AdminServices, AskedRequest, Phase, Refusal, ReloadFailure, ReloadSuccess } from './admin/services.ts'
import { BackgroundWork } from './base/background.ts'
import { type Clock, systemClock } from './base/clock.ts'
import type { Telemetry } from './base/events.ts'
import { VERSION } from './base/version.ts'
import { BufferBudget } from './cache/buffer-budget.ts'
import { Engine } from './cache/engine.ts'
import type { Searched } from './cache/search-keys.ts'
import type { EngineRules } from './cache/services.ts'
import { redacted } from './config/effective.ts'
import { memoryAuto } from './config/memory-limit.ts'
import { formatProblem, isError } from './config/problems.ts'
import type { Settings } from './config/settings.ts'
import { createConfigurationWatch } from './config/watch.ts'
import { presentedRequest } from './insight/asked-request.ts'
import { entryReport } from './insight/entry-report.ts'
import { explain } from './insight/explain.ts'
import { LastDecisions } from './insight/last-decisions.ts'
import { LiveObservation, liveAdvice } from './insight/live-observation.ts'
import { type Configuration, type ConfigurationInput, type Prepared, prepare } from './insight/prepare.ts'
import { createAccessLog } from './observability/access-log.ts'
import { createAuditLog } from './observability/audit-log.ts'
import { createLogSink } from './observability/log-sink.ts'
import { createLogger } from './observability/logger.ts'
import { createMetrics, type Metrics } from './observability/metrics.ts'
import { createTelemetry } from './observability/telemetry.ts'
import { createTrafficStatistics, type TrafficStatistics } from './observability/traffic-statistics.ts'
import { VerifierSwitch } from './routing/verifier-switch.ts'
import { ProxyServer } from './server/proxy-server.ts'
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

/** Starts serving. Rejects when an address can't be bound or a TLS file can't be read; nothing is left running then. */
export async function startApp(
  configuration: Configuration,
  input: ConfigurationInput,
  clock: Clock = systemClock,
): Promise<App> {
  const app = new RunningApp(configuration, input, clock)
  await app.start()
  return app
}

class RunningApp implements App {
  listen = ''
  admin = ''
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
  readonly #server: ProxyServer
  readonly #startedAt
  #configuration: Configuration
  readonly #verifiers: VerifierSwitch
  #adminServer: Admin | undefined
  #watch: { close(): void } | undefined
  #phase: Phase = 'starting'

  constructor(configuration: Configuration, input: ConfigurationInput, clock: Clock) {
    const { settings } = configuration
    this.#configuration = configuration
    this.#input = input
    this.#clock = clock
    this.#startedAt = clock.now()
    this.#logger = createLogger({ level: settings.log.level, sink: this.#sink, clock })
    this.#accessLog = createAccessLog(settings.log, this.#sink)
    this.#statistics = createTrafficStatistics(clock)
    this.#metrics = createMetrics({
      sources: {
        upstream: () => this.#upstream.state(),
        stores: () => [{ tier: 'memory', ...this.#storage.memory.usage() }],
        memoryOperations: () => this.#storage.memory.operations,
        redisUp: () => this.#storage.redis?.up,
        configurationHash: () => this.#configuration.hash,
        quarantined: () => this.#engine.quarantine.byRoute(),
      },
      thresholds: [settings.slo.cached, settings.slo.uncached],
    })
    const all = [this.#metrics, this.#statistics, this.#observation, this.#lastDecisions, this.#accessLog, this.#logger]
    this.#telemetry = createTelemetry(all)
    this.#background = new BackgroundWork(this.#telemetry)
    this.#storage = this.#createStorage(settings)
    this.#verifiers = new VerifierSwitch({ clock, telemetry: this.#telemetry, secret: configuration.secret })
    this.#verifiers.use(configuration)
    this.#upstream = new SwitchedUpstream(this.#createUpstream(settings))
    this.#budget = new BufferBudget(settings.limits.buffers)
    this.#engine = this.#createEngine(configuration)
    const surroundings = { clock, telemetry: this.#telemetry, rulings: this.#engine.rulings }
    this.#server = new ProxyServer(settings, this.#engine, surroundings)
    for (const each of [this.#metrics, this.#statistics]) each.useRoutes(configuration.compiled.written.keys())
  }

  async start(): Promise<void> {
    const { settings } = this.#configuration
    try {
      this.#adminServer = await createAdmin({
        listen: settings.admin.listen,
        token: settings.admin.token,
        services: this.#adminServices(),
        telemetry: this.#telemetry,
        clock: this.#clock,
      })
      this.admin = this.#adminServer.address
      this.listen = await this.#server.listen(settings.listen)
    } catch (error) {
      await this.#release()
      throw error
    }
    this.#phase = 'ready'
    this.#notice('info', 'listening', { listen: this.listen, admin: this.admin, version: VERSION })
    for (const warning of this.#configuration.warnings) this.#notice('warn', warning)
    this.#watchFile()
  }

  reload(): ReloadSuccess | ReloadFailure {
    const prepared = prepare(this.#input, this.#configuration.secret)
    if (prepared.configuration === undefined) return this.#refuseReload(errorsOf(prepared))
    const next = prepared.configuration
    try {
      this.#apply(next)
    } catch (error) {
      return this.#refuseReload([error instanceof Error ? error.message : String(error)])
    }
    this.#telemetry.emit({ kind: 'reload', ok: true, hash: next.hash })
    this.#notice('info', 'configuration reloaded', { hash: next.hash, routes: next.settings.routes.length })
    for (const warning of next.warnings) this.#notice('warn', warning)
    return { ok: true, hash: next.hash }
  }

  async close(): Promise<boolean> {
    const { shutdown } = this.#configuration.settings
    this.#phase = 'draining'
    this.#watch?.close()
    this.#notice('info', 'draining', { delay_ms: shutdown.delay, timeout_ms: shutdown.timeout })
    this.#server.startDraining()
    await pause(shutdown.delay)
    const inTime = await this.#server.close(shutdown.timeout)
    await this.#release()
    return inTime
  }

  #refuseReload(errors: readonly string[]): ReloadFailure {
    this.#telemetry.emit({ kind: 'reload', ok: false, hash: this.#configuration.hash })
    this.#notice('error', 'the new configuration is invalid; the old one goes on', { errors })
    return { ok: false, errors }
  }

  #apply(next: Configuration): void {
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
    this.#warnOfRestart(before, settings)
  }

  /** What a listener was opened with stays until the process starts anew. */
  #warnOfRestart(before: Settings, after: Settings): void {
    const fixed = {
      listen: (each: Settings) => each.listen,
      'admin.listen': (each: Settings) => each.admin.listen,
      'store.redis': (each: Settings) => each.store.redis,
    }
    for (const [key, of] of Object.entries(fixed)) {
      if (JSON.stringify(of(before)) === JSON.stringify(of(after))) continue
      this.#notice('warn', `${key} changed, which takes effect at the next start`, { key })
    }
  }

  #createStorage(settings: Settings): Storage {
    const { redis } = settings.store
    return createStorage({
      limit: memoryOf(settings),
      redis,
      tls: readTlsFiles(redis.tls, 'store.redis.tls'),
      clock: this.#clock,
      telemetry: this.#telemetry,
      epochs: this.#epochs,
      acceptances: this.#acceptances,
    })
  }

  #createEngine(configuration: Configuration): Engine {
    const parts = { clock: this.#clock, telemetry: this.#telemetry, background: this.#background, ...this.#storage }
    const others = { epochs: this.#epochs, upstream: this.#upstream, budget: this.#budget, random: Math.random }
    const { secret } = configuration
    const sharing = { records: this.#acceptances, secret, audit: createAuditLog(this.#sink) }
    return new Engine({ ...parts, ...others, ...sharing }, this.#engineRules(configuration))
  }

  #createUpstream(settings: Settings) {
    const { upstream } = settings
    return createHttpUpstream(
      { ...upstream, tls: readTlsFiles(upstream.tls) },
      { clock: this.#clock, telemetry: this.#telemetry },
    )
  }

  #watchFile(): void {
    const { file, hash } = this.#configuration
    if (file === undefined) return
    this.#watch = createConfigurationWatch({
      file,
      hash,
      onChange: () => void this.reload(),
      onNotice: message => this.#notice('warn', message, { file }),
    })
  }

  #adminServices(): AdminServices {
    const compiled = () => this.#configuration.compiled
    return {
      health: { phase: () => this.#phase, upstream: () => this.#upstream.state(), redis: () => this.#redisState() },
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
      explain: async asked => this.#explain(asked),
      purge: order =>
        purgeStore(order, {
          compiled: compiled(),
          store: this.#storage.memory,
          epochs: this.#epochs,
          telemetry: this.#telemetry,
          acceptances: this.#engine.acceptances,
        }),
      advice: () => liveAdvice(this.#observation, this.#configuration),
      quarantined: () => this.#engine.quarantine.all,
      liftQuarantine: async route =>
        answered(this.#engine.quarantine.lift(route) ? { route, lifted: true } : `${route} is no quarantined route`),
      reload: () => Promise.resolve(this.reload()),
    }
  }

  #redisState() {
    const { redis } = this.#storage
    return redis === undefined ? undefined : { up: redis.up }
  }

  #entry(asked: AskedRequest): Promise<object | string> {
    const { compiled } = this.#configuration
    const keyOf = (searched: Searched) => this.#engine.keyOf(searched)
    return entryReport(asked, { compiled, store: this.#storage.store, now: this.#clock.now(), keyOf })
  }

  async #explain(asked: AskedRequest): Promise<object | Refusal> {
    const { compiled } = this.#configuration
    const request = presentedRequest(asked)
    if (typeof request === 'string') return answered(request)
    const live = await this.#entry(asked)
    const decisions = this.#lastDecisions.of(compiled.router.match(request), request)
    return { ...explain(compiled, request), ...(typeof live === 'string' ? {} : { live }), decisions }
  }

  #notice(level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#telemetry.emit({ kind: 'notice', level, message, fields })
  }

  #engineRules({ settings, compiled }: Configuration): EngineRules {
    const { host, url } = settings.upstream
    const authority = url.socketPath === undefined ? new URL(url.href).host : 'localhost'
    return {
      router: compiled.router,
      identification: compiled.identification,
      sealed: this.#storage.redis?.sealed ?? false,
      upstreamHost: host === 'upstream' ? authority : undefined,
      maxBody: settings.store.maxBody,
    }
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

function errorsOf({ problems, source }: Prepared): string[] {
  return problems.filter(isError).map(problem => formatProblem(problem, source.text, source.file))
}

/** One sentence instead of a report is a refusal. */
function answered(report: object | string): object | Refusal {
  return typeof report === 'string' ? { refused: true, detail: report } : report
}

function memoryOf({ store }: Settings) {
  return store.memory === 'auto' ? memoryAuto() : store.memory
}
