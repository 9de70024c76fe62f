// What is wrong with the configuration, where, and what should be written instead?
//
// A Problem is a plain value; all of them are collected before anything is said. Lines
// and columns count from 1, columns in UTF-16 units as editors do. A problem of a
// command-line option or an environment variable has no line: `from` names it instead.
// Values of secrets are never part of a message, and the quoted source line shows them
// masked, because these texts end up in logs.

export type Severity = 'error' | 'warning'

/** Keys and list positions from the top of the file. */
export type KeyPath = readonly (string | number)[]

export interface Problem {
  /** Kebab-case and stable, for machines: `unknown-key`, `unit-missing`, `syntax` … */
  readonly code: string
  readonly severity: Severity
  readonly path: KeyPath
  readonly line?: number | undefined
  readonly column?: number | undefined
  /** The option (`--listen`) or variable (`LISTEN`) the value came from, where it was not the file. */
  readonly from?: string | undefined
  readonly message: string
  readonly hint?: string | undefined
}

export const isError = (problem: Problem): boolean => problem.severity === 'error'

/** `routes.patient.tags[0]`, as messages name keys. */
export function formatKeyPath(path: KeyPath): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`
    return text === '' ? part : `${text}.${part}`
  }, '')
}

/**
 * `FILE:LINE:COL: message`, the source line, a caret under the place, `hint: …`.
 *
 * Warnings say so after the place. Several lines without a newline at the end.
 */
export function formatProblem(problem: Problem, sourceText: string, file: string | undefined): string {
  const label = problem.severity === 'warning' ? 'warning: ' : ''
  const hint = problem.hint === undefined ? [] : [`hint: ${problem.hint}`]
  if (problem.line === undefined || problem.column === undefined) {
    const origin = problem.from ?? file
    return [`${origin === undefined ? '' : `${origin}: `}${label}${problem.message}`, ...hint].join('\n')
  }
  const place = `${file}:${problem.line}:${problem.column}`
  const line = maskSecrets(sourceText.split(/\r\n|\n|\r/)[problem.line - 1] ?? '')
  const [shown, before] = excerpt(line, problem.column - 1)
  return [`${place}: ${label}${problem.message}`, shown, `${before.replace(/[^\t]/g, ' ')}^`, ...hint].join('\n')
}

const WIDEST = 160

/** The line, or of a very long one the part around `at`; and what stands before the caret in it. */
function excerpt(line: string, at: number): [shown: string, before: string] {
  if (line.length <= WIDEST) return [line, line.slice(0, at)]
  const start = Math.max(0, Math.min(at - WIDEST / 2, line.length - WIDEST))
  return [line.slice(start, start + WIDEST), line.slice(start, at)]
}

/** Errors before warnings at the same place, otherwise in the order of the file; what has no place comes first. */
export function inFileOrder(problems: readonly Problem[]): Problem[] {
  const place = (problem: Problem) => (problem.line ?? 0) * 1e6 + (problem.column ?? 0)
  return problems.toSorted((one, other) => place(one) - place(other) || Number(isError(other)) - Number(isError(one)))
}

/** The line with the values of secret keys and userinfo of URLs as asterisks of the same width, so that carets still fit. */
function maskSecrets(line: string): string {
  const asterisks = (_: string, before: string, secret: string) => `${before}${'*'.repeat(secret.length)}`
  return line
    .replace(/(\b(?:token|secret|password)["']?\s*:\s*)((?!["']?\$\{)[^\s,}#][^,}#]*)/gi, asterisks)
    .replace(/(:\/\/)([^\s"']+)(?=@)/g, asterisks)
}
