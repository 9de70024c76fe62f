// How does a command that doesn't serve get at the configuration and tell its problems?
//
// Loaded and compiled as `serve` does it, but problems are only collected: what is an
// error for one command (no upstream) may not matter to another. Problems go to standard
// error, in the order of the file, each with line and caret.

import { type LoadedConfiguration, loadConfiguration } from '../config/load.ts'
import { formatProblem, inFileOrder, type Problem } from '../config/problems.ts'
import type { RouteSettings, RoutingSettings } from '../config/settings.ts'
import { type CompiledRoutes, compileRoutes } from '../routing/compile.ts'
import { createIdentitySecret } from '../routing/identity.ts'
import type { CommandOption, Io } from './arguments.ts'

export const CONFIG_OPTION: CommandOption = {
  name: 'config',
  short: 'c',
  value: 'FILE',
  environment: 'PILLION_CONFIG',
  help: 'Configuration; default: pillion.yaml in the working directory, if there is one.',
}

export interface ReadConfiguration {
  /** Undefined where a problem of the file is an error. */
  readonly settings: LoadedConfiguration['settings']
  readonly compiled: CompiledRoutes
  readonly source: LoadedConfiguration['source']
  /** Of loading and of compiling, in the order of the file. */
  readonly problems: readonly Problem[]
}

/** Never throws; `file` undefined: where `serve` would look. */
export function readConfiguration(
  file: string | undefined,
  io: Io,
  change: (routing: RoutingSettings) => RoutingSettings = asWritten => asWritten,
): ReadConfiguration {
  const loaded = loadConfiguration({ file, environment: io.environment })
  const { compiled, problems } = compileRoutes(change(loaded.routing), loaded.source, createIdentitySecret())
  return {
    settings: loaded.settings,
    compiled,
    source: loaded.source,
    problems: inFileOrder([...loaded.problems, ...problems]),
  }
}

export function printProblems(
  problems: readonly Problem[],
  { source }: Pick<ReadConfiguration, 'source'>,
  io: Io,
): void {
  for (const problem of problems) io.stderr.write(`${formatProblem(problem, source.text, source.file)}\n\n`)
}

/** For a command that sends nothing: no upstream is no problem. */
export function readWithoutUpstream(
  file: string | undefined,
  io: Io,
  change?: (routing: RoutingSettings) => RoutingSettings,
): ReadConfiguration {
  const environment = { ...io.environment, UPSTREAM: io.environment['UPSTREAM'] || 'http://127.0.0.1:8000' }
  return readConfiguration(file, { ...io, environment }, change)
}

/** What only observes is taken to serve: that is what a prediction is asked for. */
export function asServed(routing: RoutingSettings): RoutingSettings {
  const on = (route: RouteSettings): RouteSettings => (route.cache === 'observe' ? { ...route, cache: 'on' } : route)
  return { ...routing, mode: 'serve', routes: routing.routes.map(on), defaultRoute: on(routing.defaultRoute) }
}
