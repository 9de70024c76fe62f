// Which requests does a route's `when` mean, beyond method and path?
//
// Every condition must hold. Fields and parameters are compared as received, without
// decoding: `true` wants one, `false` wants none, a value wants every occurrence equal
// to it, so that a second `?mode=` can't slip a request past a condition that the
// origin would read otherwise (contract §2 `when`).

import type { Conditions } from '../config/route-values.ts'
import { fieldLines } from '../http/fields.ts'
import type { PresentedRequest } from '../http/message.ts'
import type { TextFlaw } from './path-pattern.ts'
import { parameterName, parametersOf } from './query.ts'

type Expected = string | boolean

export type Condition =
  | { readonly on: 'header'; readonly name: string; readonly expected: Expected }
  | { readonly on: 'query'; readonly name: string; readonly expected: Expected }
  | { readonly on: 'host'; readonly value: string }

export type ConditionSet = readonly Condition[]

/** The conditions of a route's `when`; none where it has no `when`. */
export function compileConditions(when: Conditions | undefined): ConditionSet {
  if (when === undefined) return []
  const { host, header, query } = when
  return [
    ...(host === undefined ? [] : [{ on: 'host', value: host } as const]),
    ...header.map(({ name, is }) => ({ on: 'header', name, expected: is }) as const),
    ...query.map(({ name, is }) => ({ on: 'query', name, expected: is }) as const),
  ]
}

/** What keeps a `host` from ever meaning anything; undefined when it is fine. */
export function hostFlaw(host: string): TextFlaw | undefined {
  const at = host.indexOf('*', host.startsWith('*.') ? 1 : 0)
  if (at < 0) return undefined
  const hint = 'write a name, or `*.example.com` for every name below example.com'
  return { message: `"${host}": a wildcard can only stand for the first labels of a host`, hint, at }
}

/** Whether all conditions hold for the request. */
export function conditionsHold(conditions: ConditionSet, request: PresentedRequest): boolean {
  for (const condition of conditions) if (!holds(condition, request)) return false
  return true
}

/** The first condition that doesn't hold, in words; undefined when all do. */
export function failedCondition(conditions: ConditionSet, request: PresentedRequest): string | undefined {
  const failed = conditions.find(condition => !holds(condition, request))
  return failed === undefined ? undefined : describeCondition(failed)
}

export function describeCondition(condition: Condition): string {
  if (condition.on === 'host') return `host ${condition.value}`
  const { on, name, expected } = condition
  if (expected === true) return `${on} ${name} present`
  if (expected === false) return `${on} ${name} absent`
  return `${on} ${name} = ${expected}`
}

function holds(condition: Condition, request: PresentedRequest): boolean {
  switch (condition.on) {
    case 'host':
      return hostMatches(condition.value, request.host)
    case 'header':
      return asExpected(fieldLines(request.fields, condition.name), condition.expected)
    case 'query':
      return asExpected(parameterValues(request.query, condition.name), condition.expected)
  }
}

/** A condition without a port means every port; `*.` means one label or more. */
function hostMatches(wanted: string, host: string): boolean {
  if (wanted.startsWith('*.')) {
    const suffix = wanted.slice(1)
    return isBelow(host, suffix) || isBelow(withoutPort(host), suffix)
  }
  return host === wanted || withoutPort(host) === wanted
}

function isBelow(host: string, suffix: string): boolean {
  return host.length > suffix.length && host.endsWith(suffix)
}

function withoutPort(host: string): string {
  const colon = host.lastIndexOf(':')
  return colon > host.lastIndexOf(']') ? host.slice(0, colon) : host
}

function asExpected(values: readonly string[], expected: Expected): boolean {
  if (expected === false) return values.length === 0
  if (values.length === 0) return false
  return expected === true || values.every(value => value === expected)
}

function parameterValues(query: string | undefined, name: string): string[] {
  const values: string[] = []
  for (const parameter of parametersOf(query)) {
    if (parameterName(parameter) === name) values.push(parameter.slice(name.length + 1))
  }
  return values
}

/** True when no request can satisfy both sets: then the two routes never tie. */
export function areExclusive(a: ConditionSet, b: ConditionSet): boolean {
  return a.some(one => b.some(other => contradict(one, other)))
}

function contradict(a: Condition, b: Condition): boolean {
  if (a.on === 'host' || b.on === 'host') return a.on === 'host' && b.on === 'host' && !hostsOverlap(a.value, b.value)
  if (a.on !== b.on || a.name !== b.name || a.expected === b.expected) return false
  if (a.expected === false || b.expected === false) return true
  return a.expected !== true && b.expected !== true
}

/** Whether some host satisfies both: one is the other, with a port more, or below the other's wildcard. */
function hostsOverlap(a: string, b: string): boolean {
  return hostMatches(a, sampleOf(b)) || hostMatches(b, sampleOf(a))
}

/** A host that the condition means. */
function sampleOf(wanted: string): string {
  return wanted.startsWith('*.') ? `sample${wanted.slice(1)}` : wanted
}
