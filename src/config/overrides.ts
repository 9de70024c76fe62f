// Which values come from the command line or the environment instead of the file?
//
// The table of contract §1, one row a setting. An option beats its variable, both beat
// the file. A variable that is set but empty counts as unset, as container tools pass
// them; an empty option is a mistake. A bad value is reported under the name of the
// option or variable it came from, and a secret is never repeated.

import type { z } from 'zod'
import type { KeyPath, Problem } from './problems.ts'
import { type FileSettings, rootSchema } from './schema.ts'
import { schemaAt } from './unknown-keys.ts'
import type { Environment } from './variables.ts'

/** Command-line options as given; absent ones undefined. */
export interface Overrides {
  readonly upstream?: string | undefined
  readonly listen?: string | undefined
  readonly admin?: string | undefined
  readonly redis?: string | undefined
  readonly workers?: string | undefined
  readonly logLevel?: string | undefined
}

interface Row {
  readonly path: readonly string[]
  readonly option?: keyof Overrides
  readonly flag?: string
  readonly variable: string
  /** A list of the file that names this value already stands: a rotation is written there. */
  readonly addsTo?: true
}

const ROWS: readonly Row[] = [
  { path: ['upstream', 'url'], option: 'upstream', flag: '--upstream', variable: 'UPSTREAM' },
  { path: ['listen'], option: 'listen', flag: '--listen', variable: 'LISTEN' },
  { path: ['admin', 'listen'], option: 'admin', flag: '--admin', variable: 'ADMIN' },
  { path: ['admin', 'token'], variable: 'ADMIN_TOKEN' },
  { path: ['store', 'redis', 'url'], option: 'redis', flag: '--redis', variable: 'REDIS_URL' },
  { path: ['store', 'redis', 'secret'], variable: 'CACHE_SECRET', addsTo: true },
  { path: ['workers'], option: 'workers', flag: '--workers', variable: 'WORKERS' },
  { path: ['log', 'level'], option: 'logLevel', flag: '--log-level', variable: 'LOG_LEVEL' },
]

export interface Overridden {
  readonly settings: FileSettings
  readonly problems: readonly Problem[]
  /** Key path joined with dots → the option or variable that decided it. */
  readonly from: ReadonlyMap<string, string>
}

/** `file` with options and variables laid over it. */
export function override(file: FileSettings, overrides: Overrides, environment: Environment): Overridden {
  const problems: Problem[] = []
  const from = new Map<string, string>()
  let settings: unknown = file
  for (const row of ROWS) {
    const given = givenValue(row, overrides, environment)
    if (given === undefined) continue
    from.set(row.path.join('.'), given.from)
    const read = (schemaAt(rootSchema, row.path) as z.ZodType).safeParse(given.text)
    if (read.success && row.addsTo && namesAll(valueAt(settings, row.path), read.data)) continue
    if (read.success) settings = withValue(settings, row.path, read.data)
    else problems.push(...read.error.issues.map(issue => problemOf(issue, row.path, given.from)))
  }
  return { settings: settings as FileSettings, problems, from }
}

function givenValue(
  row: Row,
  overrides: Overrides,
  environment: Environment,
): { text: string; from: string } | undefined {
  const option = row.option === undefined ? undefined : overrides[row.option]
  if (option !== undefined && row.flag !== undefined) return { text: option, from: row.flag }
  const variable = environment[row.variable]
  return variable === undefined || variable === '' ? undefined : { text: variable, from: row.variable }
}

function problemOf(issue: z.core.$ZodIssue, path: KeyPath, from: string): Problem {
  const params = (issue.code === 'custom' ? (issue.params ?? {}) : {}) as { code?: string; hint?: string }
  const code = params.code ?? 'value'
  return { code, severity: 'error', path, from, message: issue.message, hint: params.hint }
}

function namesAll(written: unknown, given: unknown): boolean {
  return Array.isArray(written) && Array.isArray(given) && given.every(value => written.includes(value))
}

function valueAt(settings: unknown, path: readonly string[]): unknown {
  return path.reduce((value, part) => (value as Record<string, unknown>)[part], settings)
}

function withValue(settings: unknown, path: readonly string[], value: unknown): unknown {
  const [first, ...rest] = path as [string, ...string[]]
  const map = settings as Record<string, unknown>
  return { ...map, [first]: rest.length === 0 ? value : withValue(map[first], rest, value) }
}
