// Does the configuration do what its own `expect` lines say?
//
// `METHOD TARGET => ROUTE[, CLAUSE]…` with the clauses share, accepted, trust, cache, ttl, origin, key, tags
// and purges. A line is read strictly and held against `explain`, so it tests what the
// proxy does. Whatever is wrong, the line or the configuration, is a flaw with its place
// in the line. Clauses end at a comma followed by white space or the next clause, since
// parameters may hold commas.

import { milliseconds } from '../base/units.ts'
import type { Problem } from '../config/problems.ts'
import { formatDuration, parseDuration } from '../config/quantities.ts'
import type { ConfigurationSource } from '../config/source-document.ts'
import { suggest } from '../config/suggest.ts'
import type { CompiledRoutes } from '../routing/compiled-routes.ts'
import type { TextFlaw } from '../routing/path-pattern.ts'
import { keyedQuery } from '../routing/query.ts'
import { presentedRequest } from './asked-request.ts'
import { type Explanation, explain } from './explain.ts'

interface Clause {
  readonly name: string
  readonly value: string
  /** Offset of the name. */
  readonly begin: number
  /** Offset of the value; of the name where there is none. */
  readonly at: number
}

interface Expectation {
  readonly method: string
  readonly target: string
  /** Offset of the target. */
  readonly at: number
  readonly route: Clause
  readonly clauses: readonly Clause[]
}

export interface ExpectOutcome {
  readonly passed: number
  readonly problems: readonly Problem[]
}

/** Runs every `expect` line. */
export function runExpectations(compiled: CompiledRoutes, source: Pick<ConfigurationSource, 'locate'>): ExpectOutcome {
  const problems: Problem[] = []
  let passed = 0
  for (const [index, line] of compiled.settings.expect.entries()) {
    const flaws = checkLine(line, compiled)
    if (flaws.length === 0) passed += 1
    const path = ['expect', index]
    for (const { message, hint, at } of flaws) {
      const place = source.locate(path, { of: 'value', offset: at })
      problems.push({ code: 'expect', severity: 'error', path, ...place, message, hint })
    }
  }
  return { passed, problems }
}

/** What is wrong with one line, or with the configuration by its word; empty: it holds. */
export function checkLine(line: string, compiled: CompiledRoutes): TextFlaw[] {
  const expectation = parseLine(line)
  if ('message' in expectation) return [expectation]
  const { method, target, at, route, clauses } = expectation
  const request = presentedRequest({ method, url: target, fields: [] })
  if (typeof request === 'string') return [{ message: request, at }]
  const explanation = explain(compiled, request)
  if (explanation.route !== route.value) return [routeFlaw(explanation, route, compiled)]
  return clauses.flatMap(clause => checkClause(clause, { explanation, compiled }) ?? [])
}

const FORM = 'write `METHOD PATH[?QUERY] => ROUTE, CLAUSE…`, such as `GET /items?page=2 => items, ttl 1m, key ?page=2`'

function parseLine(line: string): Expectation | TextFlaw {
  const arrow = line.indexOf('=>')
  if (arrow < 0) return { message: `the expectation "${line}" has no "=>"`, hint: FORM, at: 0 }
  const request = /^\s*([A-Z]+)\s+(\S+)\s*$/.exec(line.slice(0, arrow))
  if (request === null) return { message: `"${line.slice(0, arrow).trim()}" is no request`, hint: FORM, at: 0 }
  const [, method = '', target = ''] = request
  const [route, ...clauses] = splitClauses(line, arrow + 2)
  if (route === undefined || route.name === '' || route.value !== '') {
    return { message: 'a route name is due after "=>"', hint: FORM, at: route?.begin ?? arrow }
  }
  const at = line.indexOf(target, line.indexOf(method) + method.length)
  return { method, target, at, route: { ...route, value: route.name }, clauses }
}

/** The first word of each part is its name. */
function splitClauses(line: string, from: number): Clause[] {
  let start = from
  return line
    .slice(from)
    .split(/,(?=\s|[a-z]+\s)(?![^[\]]*\])/i)
    .map(part => {
      const [, name = '', gap = '', value = ''] = /^\s*(\S*)(\s*)(.*?)\s*$/s.exec(part) ?? []
      const begin = start + part.length - part.trimStart().length
      start += part.length + 1
      return { name, value, begin, at: value === '' ? begin : begin + name.length + gap.length }
    })
}

function routeFlaw(explanation: Explanation, wanted: Clause, { router, written }: CompiledRoutes): TextFlaw {
  const { at, value } = wanted
  if (!written.has(value)) {
    const meant = suggest(value, written.keys())
    const hint = meant === undefined ? `there are ${[...written.keys()].join(', ')}` : `did you mean \`${meant}\`?`
    return { message: `there is no route \`${value}\``, hint, at }
  }
  const lost = explanation.others.find(({ route }) => route === value)?.lost
  const taken = explanation.route === router.fallback.name ? 'no route takes it' : `\`${explanation.route}\` takes it`
  return {
    message: `expected route \`${value}\`, but ${taken}`,
    hint: lost === undefined ? undefined : `${value} lost: ${lost}`,
    at,
  }
}

interface Against {
  readonly explanation: Explanation
  readonly compiled: CompiledRoutes
}

const CLAUSES: Readonly<Record<string, (value: string, against: Against) => string | undefined>> = {
  share: (value, { explanation }) => differing(value.replace(/\s*,\s*/g, ', '), explanation.share),
  accepted: (value, { explanation }) => differing(value, explanation.accepted ?? 'none'),
  trust: (value, { explanation }) => differingDuration(value, explanation.trust),
  cache: (value, { explanation }) => differing(value, explanation.cache),
  origin: (value, { explanation }) => differing(value, explanation.origin),
  ttl: checkTtl,
  key: checkKey,
  tags: checkTags,
  purges: checkPurges,
}

function checkClause(clause: Clause, against: Against): TextFlaw | undefined {
  const { name, value, begin, at } = clause
  const check = Object.hasOwn(CLAUSES, name) ? CLAUSES[name] : undefined
  if (check === undefined) {
    const meant = suggest(name, Object.keys(CLAUSES))
    const hint = meant === undefined ? `there are ${Object.keys(CLAUSES).join(', ')}` : `did you mean \`${meant}\`?`
    return { message: `"${name}" is no clause of an expectation`, hint, at: begin }
  }
  if (value === '') return { message: `\`${name}\` of an expectation has no value`, hint: FORM, at }
  const difference = check(value, against)
  return difference === undefined ? undefined : { message: `expected ${name} ${value}, but ${difference}`, at }
}

function differing(expected: string, actual: string): string | undefined {
  return expected === actual ? undefined : `it is ${actual}`
}

function checkTtl(value: string, { explanation: { ttl } }: Against): string | undefined {
  return differingDuration(value, ttl)
}

function differingDuration(value: string, ttl: number | null): string | undefined {
  const actual = ttl === null ? 'none' : formatDuration(milliseconds(ttl * 1000))
  if (value === 'none') return differing(value, actual)
  const parsed = parseDuration(value)
  if (!parsed.ok) return `${parsed.message} (${parsed.hint})`
  return differing(formatDuration(parsed.value), actual)
}

/** Parameters in any order, as in the key. */
function checkKey(value: string, { explanation: { key } }: Against): string | undefined {
  const actual = key.query === null ? 'none' : `?${key.query}`
  if (value === 'none') return differing(value, actual)
  if (!value.startsWith('?')) return 'a key is written `?NAME=VALUE&…`, or `none`'
  return differing(`?${keyedQuery({ kind: 'all' }, value.slice(1))}`, actual)
}

function checkTags(value: string, { explanation, compiled }: Against): string | undefined {
  return differingTags(value, explanation.tags, compiled.written.get(explanation.route)?.tags ?? [])
}

function checkPurges(value: string, { explanation, compiled }: Against): string | undefined {
  const templates = compiled.written.get(explanation.route)?.purge ?? []
  return differingTags(
    value,
    explanation.purges,
    templates.filter(tag => tag !== 'user'),
  )
}

/** Each may be given as the tag or as its template. */
function differingTags(value: string, actual: readonly string[], templates: readonly string[]): string | undefined {
  const expected = value === 'nothing' ? [] : value.split(/\s+/)
  const named = (tag: string, at: number) => expected.includes(tag) || expected.includes(templates[at] ?? tag)
  const complete = actual.every(named) && expected.every(tag => actual.includes(tag) || templates.includes(tag))
  return complete ? undefined : `it is ${actual.length === 0 ? 'nothing' : actual.join(' ')}`
}
