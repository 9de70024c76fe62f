// What stands in the file, and where exactly?
//
// YAML 1.2 by the `yaml` package, turned into plain maps, lists and Written scalars;
// variables are replaced in values on the way. The node tree stays, so that any key
// path has a place for messages. Whatever text comes in, a document comes out: syntax
// errors, repeated keys, unusable keys, runaway aliases and depth are problems.

import { createHash } from 'node:crypto'
import { type Document, LineCounter, parseDocument } from 'yaml'
import { type Mistake, offsetOf, readNodes } from './document-nodes.ts'
import type { KeyPath, Problem } from './problems.ts'
import type { Environment } from './variables.ts'

interface Place {
  readonly line: number
  readonly column: number
}

/** What of a key a message points at: the key itself, or its value, `offset` characters into it (right as long as it holds no escapes). */
interface Target {
  readonly of?: 'key' | 'value'
  readonly offset?: number
}

/** The text of a configuration and where things are in it. */
export interface ConfigurationSource {
  /** undefined: there is no file. */
  readonly file: string | undefined
  readonly text: string
  readonly hash: string
  /** Where `path` is written; of the nearest key above it that is, where it isn't. */
  locate(path: KeyPath, target?: Target): Place
}

export interface SourceDocument extends ConfigurationSource {
  /** Null-prototype maps, lists, and Written scalars; an empty map for an empty file. */
  readonly content: unknown
  readonly problems: readonly Problem[]
}

/** Identifies a text, for metrics and for seeing that a file changed: 16 hexadecimal digits of its SHA-256, any byte order mark left out. */
export function configurationHash(text: string): string {
  return createHash('sha256').update(withoutMark(text)).digest('hex').slice(0, 16)
}

export function readSource(text: string, file: string | undefined, environment: Environment): SourceDocument {
  const lines = new LineCounter()
  const placeAt = (offset: number) => placeOf(lines, offset)
  const problems: Problem[] = []
  const document = parseText(text, problems, lines)
  const readable = problems.length === 0 && document !== undefined
  const report = (mistake: Mistake) => {
    const { offset, ...rest } = mistake
    problems.push({ severity: 'error', ...rest, ...placeAt(offset) })
  }
  const content = readable ? readNodes(document, { text, environment, report }) : undefined
  return {
    file,
    text,
    hash: configurationHash(text),
    content: content === undefined || problems.some(isFlood) ? Object.create(null) : content,
    problems,
    locate: (path, target = {}) => placeAt(document === undefined ? 0 : offsetOf(document, path, target)),
  }
}

/** What was cut off can't be validated. */
const isFlood = (problem: Problem) => problem.code === 'too-large'

/** Without the byte order mark that some editors put in front. */
export function withoutMark(text: string): string {
  return text.startsWith('\uFEFF') ? text.slice(1) : text
}

function placeOf(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(Math.max(0, offset))
  return { line: Math.max(1, line), column: Math.max(1, col) }
}

function parseText(text: string, problems: Problem[], lines: LineCounter): Document | undefined {
  const syntax = (offset: number, message: string, hint?: string) => {
    const place = placeOf(lines, offset)
    // What follows on the same line, or after the first few, is mostly the same mistake once more.
    if (problems.at(-1)?.line === place.line || problems.length >= MOST_SYNTAX_ERRORS) return
    problems.push({ code: 'syntax', severity: 'error', path: [], ...place, message, hint })
  }
  try {
    const settings = { version: '1.2', uniqueKeys: false, prettyErrors: false } as const
    const document = parseDocument(text, { ...settings, lineCounter: lines })
    for (const error of [...document.errors, ...document.warnings]) {
      const offset = Math.min(error.pos[0], text.trimEnd().length)
      const [message, hint] = hasBareVariable(text, offset) ? BARE_VARIABLE : explainSyntax(error.code, error.message)
      syntax(offset, message, hint)
    }
    if (document.directives.yaml.explicit === true && document.directives.yaml.version !== '1.2') {
      syntax(
        0,
        `the file says it is YAML ${document.directives.yaml.version}`,
        'Pillion reads YAML 1.2; remove the %YAML line',
      )
    }
    return document
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const reason = error instanceof RangeError ? 'it is nested too deeply' : error.message
    syntax(0, `the file cannot be read as YAML: ${reason}`, 'check its brackets and indentation')
    return undefined
  }
}

const MOST_SYNTAX_ERRORS = 10
const BARE_VARIABLE = ['a variable without quotes', `inside { } and [ ], write "\${NAME}" in quotes`] as const

/** Our words for the mistakes that people make most; the parser's own for the rest. */
function explainSyntax(code: string, message: string): [message: string, hint: string | undefined] {
  const known = SYNTAX[code]
  return known ?? [`${message.charAt(0).toLowerCase()}${message.slice(1)}`, undefined]
}

const SYNTAX: Readonly<Record<string, [string, string]>> = {
  TAB_AS_INDENT: ['a tab is used for indentation', 'YAML indents with spaces'],
  MULTIPLE_DOCS: ['a second document begins here', 'put everything into one document, without `---` in between'],
  BLOCK_AS_IMPLICIT_KEY: ['a second `: ` on one line', 'put the value in quotes, or the inner map on lines of its own'],
  BAD_INDENT: ['the indentation does not fit', 'keys of one map start in the same column'],
  TAG_RESOLVE_FAILED: ['YAML tags are not used here', 'remove the `!…`'],
  BAD_ALIAS: ['an alias without a name', 'put text that starts with `*` in quotes'],
  RESOURCE_EXHAUSTION: ['the file is nested too deeply', 'check its brackets and indentation'],
}

/** `{ token: ${TOKEN} }`: the braces of the variable are YAML's own there. */
function hasBareVariable(text: string, offset: number): boolean {
  const end = text.indexOf('\n', offset)
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1, end < 0 ? undefined : end)
  const variable = line.indexOf('${')
  return variable > 0 && /[{[]/.test(line.slice(0, variable)) && !/["']/.test(line.charAt(variable - 1))
}
