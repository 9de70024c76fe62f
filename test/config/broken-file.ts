// One broken file and what is to be said of it, for the tables of broken files.
//
// In the text `▸` stands just before the place that the problem must name; it is taken
// out before loading. `errors` are all codes that the file gives, so that follow-ups
// and false alarms show.

import assert from 'node:assert/strict'
import { loadConfiguration } from '../../src/config/load.ts'
import { isError, type Problem } from '../../src/config/problems.ts'

export interface BrokenFile {
  /** What is wrong, as a sentence. */
  readonly name: string
  readonly text: string
  readonly code: string
  readonly says: string | RegExp
  readonly hint?: string | RegExp
  readonly warning?: boolean
  readonly environment?: Readonly<Record<string, string>>
}

const UPSTREAM = 'upstream: { url: "http://backend:8000" }\n'

/** `text` below a valid upstream, unless it has one. */
export function assertBroken(broken: BrokenFile): void {
  const whole = /^.?upstream/m.test(broken.text) ? broken.text : `${UPSTREAM}${broken.text}`
  const at = whole.indexOf('▸')
  assert.ok(at >= 0, 'the table names no place')
  const text = whole.replace('▸', '')
  const before = text.slice(0, at).split('\n')
  const { problems, settings } = loadConfiguration({ text, environment: broken.environment ?? {} })

  assert.equal(problems.length, 1, `one problem, not ${JSON.stringify(problems, null, 1)}`)
  const problem = problems[0] as Problem
  assert.equal(`${problem.line}:${problem.column}`, `${before.length}:${(before.at(-1) as string).length + 1}`)
  assert.equal(problem.code, broken.code)
  assertSays(problem.message, broken.says)
  if (broken.hint !== undefined) assertSays(problem.hint ?? '', broken.hint)
  assert.equal(isError(problem), broken.warning !== true)
  assert.equal(settings === undefined, broken.warning !== true)
}

function assertSays(text: string, expected: string | RegExp): void {
  if (typeof expected === 'string') assert.equal(text, expected)
  else assert.match(text, expected)
}
