// Which tests of the public suite count as passed?
//
// A test counts only if all that it depends on passed: a cache that stores nothing would
// otherwise shine in every test on what must not be reused. Kinds as the suite has them:
// `required` (the default), `optimal`, and `check`, which has no right answer.

export interface SuiteTest {
  readonly id: string
  readonly name: string
  readonly kind?: 'required' | 'optimal' | 'check'
  readonly depends_on?: readonly string[]
  readonly browser_only?: boolean
}

/** What the suite's client says of a test: passed, or the kind of failure and its message. */
export type Answer = true | readonly [kind: string, message: string]

export type Outcome = 'passed' | 'failed' | 'setup' | 'dependency' | 'not run'

export interface Judgement {
  readonly id: string
  readonly kind: 'required' | 'optimal' | 'check'
  readonly outcome: Outcome
  readonly why: string
}

export interface Score {
  readonly passed: number
  readonly of: number
}

export function judge(tests: readonly SuiteTest[], answers: Readonly<Record<string, Answer>>): Judgement[] {
  const byId = new Map(tests.map(test => [test.id, test]))
  return tests
    .filter(test => test.browser_only !== true)
    .map(test => ({ id: test.id, kind: test.kind ?? 'required', ...verdict(test, byId, answers) }))
}

function verdict(
  test: SuiteTest,
  byId: ReadonlyMap<string, SuiteTest>,
  answers: Readonly<Record<string, Answer>>,
): { outcome: Outcome; why: string } {
  const failedDependency = test.depends_on?.find(id => {
    const dependency = byId.get(id)
    return dependency === undefined || verdict(dependency, byId, answers).outcome !== 'passed'
  })
  if (failedDependency !== undefined) return { outcome: 'dependency', why: failedDependency }
  const answer = answers[test.id]
  if (answer === undefined) return { outcome: 'not run', why: '' }
  if (answer === true) return { outcome: 'passed', why: '' }
  return { outcome: answer[0] === 'Setup' ? 'setup' : 'failed', why: `${answer[0]}: ${answer[1]}` }
}

export function score(judgements: readonly Judgement[], kind: Judgement['kind']): Score {
  const ofKind = judgements.filter(judgement => judgement.kind === kind)
  return { passed: ofKind.filter(judgement => judgement.outcome === 'passed').length, of: ofKind.length }
}
