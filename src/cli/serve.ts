// The proxy, from the first word to the last signal.
//
// Problems of the configuration go to standard error, all at once, exit 2. A first
// SIGTERM or SIGINT drains (exit 0, or 1 when requests had to be cut short), a second
// more than half a second later ends at once; earlier ones are the same key press heard
// twice, once from the terminal and once from npm. SIGHUP reloads. Started by npm, the
// process drains when npm is gone, so that nothing is left behind.

import cluster from 'node:cluster'
import { startApp } from '../app.ts'
import { systemClock } from '../base/clock.ts'
import { formatProblem } from '../config/problems.ts'
import { workerCount } from '../config/worker-shares.ts'
import { type ConfigurationInput, prepare } from '../insight/prepare.ts'
import { startPrimary } from '../workers/primary.ts'
import { runWorker } from '../workers/worker.ts'
import { type Arguments, type Command, EXIT, type ExitCode, type Io } from './arguments.ts'
import { CONFIG_OPTION } from './read-configuration.ts'

export const serve: Command = {
  name: 'serve',
  summary: 'Runs the proxy (the default).',
  usage: 'serve [options]',
  options: [
    CONFIG_OPTION,
    {
      name: 'upstream',
      value: 'URL',
      environment: 'UPSTREAM',
      help: 'The backend: http://host:port, https://… or http+unix:///path.',
    },
    { name: 'listen', value: 'ADDR', environment: 'LISTEN', help: 'Where clients are served; default 0.0.0.0:8080.' },
    {
      name: 'admin',
      value: 'ADDR',
      environment: 'ADMIN',
      help: 'Admin API, metrics and dashboard; default 127.0.0.1:9090.',
    },
    {
      name: 'redis',
      value: 'URL',
      environment: 'REDIS_URL',
      help: 'Shares the cache with other replicas: redis://…, rediss://…, redis+sentinel://…, redis+cluster://…',
    },
    {
      name: 'workers',
      value: 'N|auto',
      environment: 'WORKERS',
      help: 'Processes that serve together, one per core; default 1.',
    },
    { name: 'log-level', value: 'LEVEL', environment: 'LOG_LEVEL', help: 'debug, info, warn or error; default info.' },
  ],
  notes: ['ADDR is HOST:PORT, :PORT, [::1]:PORT or unix:/path; port 0 picks a free one.'],
  run: runServe,
}

/** One process, or several. */
interface Served {
  reload(): unknown
  close(): Promise<boolean>
}

/** A second signal sooner than this is the first one heard again. */
const SAME_SIGNAL_MS = 500
const LOOK_FOR_PARENT_EVERY_MS = 500

async function runServe(given: Arguments, io: Io): Promise<ExitCode> {
  const input = inputOf(given, io)
  if (cluster.isWorker) return (await runWorker(input)) ? EXIT.done : EXIT.failed
  const prepared = prepare(input)
  const { configuration, problems, source } = prepared
  if (configuration === undefined) {
    for (const problem of problems) io.stderr.write(`${formatProblem(problem, source.text, source.file)}\n\n`)
    return EXIT.usage
  }
  try {
    const alone = workerCount(configuration.settings) === 1
    return await untilDrained(
      alone ? startApp(configuration, input) : startPrimary({ ...prepared, configuration }, input),
    )
  } catch (error) {
    io.stderr.write(`pillion: ${startFailure(error)}\n`)
    return EXIT.failed
  }
}

function inputOf(given: Arguments, io: Io): ConfigurationInput {
  const overrides = {
    upstream: given.text('upstream'),
    listen: given.text('listen'),
    admin: given.text('admin'),
    redis: given.text('redis'),
    workers: given.text('workers'),
    logLevel: given.text('log-level'),
  }
  return { file: given.text('config'), environment: io.environment, overrides }
}

function startFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number }
  const place = port === undefined ? address : `${address}:${port}`
  if (code === 'EADDRINUSE') return `${place} is in use by another process; choose another with --listen or --admin`
  if (code === 'EACCES') return `${place} may not be bound: ports below 1024 need more rights`
  return error.message
}

/** Resolves when the app has drained; a second signal ends the process at once. Rejects when it can't start. */
function untilDrained(starting: Promise<Served>): Promise<ExitCode> {
  return new Promise((resolve, reject) => {
    let firstAt: number | undefined
    const end = () => {
      if (firstAt !== undefined) {
        if (systemClock.monotonic() - firstAt > SAME_SIGNAL_MS) process.exit(EXIT.failed)
        return
      }
      firstAt = systemClock.monotonic()
      clearInterval(orphaned)
      starting
        .then(app => app.close())
        .then(inTime => resolve(inTime ? EXIT.done : EXIT.failed))
        .catch(reject)
    }
    const reload = () => {
      starting.then(app => app.reload()).catch(reject)
    }
    // Before anything listens, so that no signal finds the process without them.
    const orphaned = watchParent(end)
    process.on('SIGTERM', end)
    process.on('SIGINT', end)
    process.on('SIGHUP', reload)
    starting.catch((error: unknown) => {
      clearInterval(orphaned)
      reject(error instanceof Error ? error : new Error(String(error)))
    })
  })
}

/** npm does not pass every signal on, and can be killed: then nobody else would end us. */
function watchParent(end: () => void): NodeJS.Timeout | undefined {
  if (process.env['npm_lifecycle_event'] === undefined) return undefined
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid !== parent) end()
  }, LOOK_FOR_PARENT_EVERY_MS)
  return timer.unref()
}
