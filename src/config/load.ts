// How does a file, with options and environment over it, become Settings?
//
// Read, parse, validate, lay options over it, check keys against each other: every step
// runs on what the step before could make of the text, so that one attempt finds all
// problems. Precedence is option, environment, file, default (contract §1). Nothing is
// started or looked up here but the file itself.

import { isUtf8 } from 'node:buffer'
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { crossCheck } from './cross-checks.ts'
import { problemsOf, withoutFaulty } from './issues.ts'
import { type Overrides, override } from './overrides.ts'
import { inFileOrder, isError, type Problem } from './problems.ts'
import { type FileSettings, rootSchema } from './schema.ts'
import { absoluteKeyFile, absoluteTls, type RoutingSettings, routingSettings, type Settings } from './settings.ts'
import { type ConfigurationSource, readSource, type SourceDocument, withoutMark } from './source-document.ts'
import type { Environment } from './variables.ts'

export interface ConfigurationInput {
  /** `--config`; without it PILLION_CONFIG, else `pillion.yaml` in the working directory if there is one. */
  readonly file?: string | undefined
  /** Instead of the file's content; `file` then only names it. */
  readonly text?: string | undefined
  readonly environment: Environment
  readonly overrides?: Overrides
}

export interface LoadedConfiguration {
  /** Only when no problem is an error. */
  readonly settings: Settings | undefined
  /** What could be made of the routes in spite of errors, so that routing can add its own problems. */
  readonly routing: RoutingSettings
  /** In the order of the file. */
  readonly problems: readonly Problem[]
  readonly source: ConfigurationSource
}

const USUAL_FILE = 'pillion.yaml'

/** Never throws: whatever can't be read or understood is a problem. */
export function loadConfiguration(input: ConfigurationInput): LoadedConfiguration {
  const { environment, overrides = {} } = input
  const { file, text, problems: unreadable } = textOf(input)
  const source = readSource(text, file, environment)
  const { settings: written, problems: invalid } = validate(source)
  const { settings, problems: overridden, from } = override(written, overrides, environment)
  const found = [...unreadable, ...source.problems, ...invalid, ...overridden]
  const problems = inFileOrder([...found, ...crossCheck({ settings, from, source, found })])
  const routing = routingSettings(settings)
  return { settings: problems.some(isError) ? undefined : complete(settings, routing, file), routing, problems, source }
}

interface ReadText {
  readonly file: string | undefined
  readonly text: string
  readonly problems: readonly Problem[]
}

function textOf(input: ConfigurationInput): ReadText {
  if (input.text !== undefined) return { file: input.file ?? USUAL_FILE, text: withoutMark(input.text), problems: [] }
  const variable = input.environment['PILLION_CONFIG'] || undefined
  const file = input.file ?? variable ?? (existsSync(USUAL_FILE) ? USUAL_FILE : undefined)
  if (file === undefined) return { file, text: '', problems: [] }
  const from = input.file !== undefined ? '--config' : variable !== undefined ? 'PILLION_CONFIG' : undefined
  const unreadable = (message: string, hint: string): ReadText => {
    return { file, text: '', problems: [{ code: 'unreadable', severity: 'error', path: [], from, message, hint }] }
  }
  try {
    const content = readFileSync(file)
    if (isUtf8(content)) return { file, text: withoutMark(content.toString()), problems: [] }
    return unreadable(`${file} is not UTF-8 text`, 'save it as UTF-8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
    const [reason, hint] = REASONS[code] ?? [code, 'check the path and its permissions']
    return unreadable(`${file} cannot be read: ${reason}`, `${hint} (${resolve(file)})`)
  }
}

const REASONS: Readonly<Record<string, readonly [string, string]>> = {
  ENOENT: ['there is no such file', 'check the path'],
  EISDIR: ['it is a folder', 'name the file in it'],
  EACCES: ['permission denied', 'make it readable for the user Pillion runs as'],
}

/** Validates; where there are faults, again without the faulty parts, so that the rest can be looked at. */
function validate(source: SourceDocument): { settings: FileSettings; problems: Problem[] } {
  let { content } = source
  let first: Problem[] | undefined
  for (let attempt = 0; attempt < 4; attempt++) {
    const read = rootSchema.safeParse(content)
    const sound = attempt > 0 || source.problems.length === 0
    if (read.success && sound) return { settings: read.data, problems: first ?? [] }
    const issues = read.success ? [] : read.error.issues
    const problems = problemsOf(issues, { root: rootSchema, content, source })
    first ??= problems.filter(problem => !isFollowUp(problem, source.problems))
    content = withoutFaulty(content, [...source.problems, ...problems])
  }
  return { settings: rootSchema.parse({}), problems: first ?? [] }
}

/** A value whose variable is unset has no right kind either; saying so would only distract. */
function isFollowUp({ code, path }: Problem, earlier: readonly Problem[]): boolean {
  return code !== 'unknown-key' && earlier.some(other => other.path.join('\0') === path.join('\0'))
}

function complete(settings: FileSettings, routing: RoutingSettings, file: string | undefined): Settings | undefined {
  const { upstream, store, defaults: _, ...rest } = settings
  if (upstream.url === undefined) return undefined
  const identity = absoluteKeyFile(routing.identity, file)
  const redis = { ...store.redis, tls: absoluteTls(store.redis.tls, file) }
  const origin = { ...upstream, url: upstream.url, tls: absoluteTls(upstream.tls, file) }
  return { ...rest, ...routing, identity, upstream: origin, store: { ...store, redis } }
}
