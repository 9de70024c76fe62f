// From a file, the environment and options to a configuration that can be put in force.
//
// Loads and compiles in one pass, so that all problems are found at once, and runs the
// file's own expectations never: a file that only fails those is still what the operator
// wrote. Starting and reloading both come through here, so that what a reload accepts is
// what a start would have.

import { type ConfigurationInput, type LoadedConfiguration, loadConfiguration } from '../config/load.ts'
import { formatProblem, inFileOrder, isError, type Problem } from '../config/problems.ts'
import type { Settings } from '../config/settings.ts'
import { type CompiledRoutes, compileRoutes } from '../routing/compile.ts'
import { createIdentitySecret, type IdentitySecret, sharedIdentitySecret } from '../routing/identity.ts'

export type { ConfigurationInput }

/** Valid, compiled, and ready to be put in force. */
export interface Configuration {
  readonly settings: Settings
  readonly compiled: CompiledRoutes
  /** Undefined: there is no file. */
  readonly file: string | undefined
  readonly hash: string
  /** Stays the same over reloads. */
  readonly secret: IdentitySecret
  readonly warnings: readonly string[]
}

export interface Prepared {
  /** Undefined when a problem is an error. */
  readonly configuration: Configuration | undefined
  readonly problems: readonly Problem[]
  readonly source: LoadedConfiguration['source']
}

/** Never throws: whatever is wrong is a problem. `kept`: the secret in force, at a reload. */
export function prepare(input: ConfigurationInput, kept?: IdentitySecret): Prepared {
  const { settings, routing, problems: loading, source } = loadConfiguration(input)
  const secret = kept ?? sharedIdentitySecret(settings?.store.redis.secret ?? []) ?? createIdentitySecret()
  const { compiled, problems: compiling } = compileRoutes(routing, source, secret)
  const problems = inFileOrder([...loading, ...compiling])
  if (settings === undefined || problems.some(isError)) return { configuration: undefined, problems, source }
  const { file, hash } = source
  const warnings = problems.map(problem => oneLine(problem, file))
  return { configuration: { settings, compiled, file, hash, secret, warnings }, problems, source }
}

/** `FILE:LINE:COL: message` each, with the line and a caret. */
export function errorsOf({ problems, source }: Prepared): string[] {
  return problems.filter(isError).map(problem => formatProblem(problem, source.text, source.file))
}

function oneLine({ line, column, message, from }: Problem, file: string | undefined): string {
  if (line === undefined) return from === undefined ? message : `${from}: ${message}`
  return `${file}:${line}:${column}: ${message}`
}
