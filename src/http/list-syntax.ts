// How do field values split into their parts?
//
// The one copy of token, OWS, quoted-string and the comma list (RFC 9110 §5.6.1 to
// §5.6.6). Everything is total: a quote that never closes is an ordinary character, so
// that it can't swallow the rest of a field, and empty list members are dropped.
// Entity tags know no escapes inside their quotes (RFC 9110 §8.8.3): they split with
// `escapes: false`.

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** One or more tchar (RFC 9110 §5.6.2). */
export function isToken(text: string): boolean {
  return TOKEN.test(text)
}

/** Without the spaces and tabs at both ends (RFC 9110 §5.6.3); no other white space counts. */
export function trimOws(text: string): string {
  let [start, end] = [0, text.length]
  while (start < end && isOws(text.charCodeAt(start))) start += 1
  while (end > start && isOws(text.charCodeAt(end - 1))) end -= 1
  return text.slice(start, end)
}

function isOws(code: number): boolean {
  return code === 0x20 || code === 0x09
}

export interface SplitRules {
  readonly separator: ',' | ';'
  /** Whether a backslash inside quotes escapes the next character. */
  readonly escapes: boolean
}

const LIST: SplitRules = { separator: ',', escapes: true }

/** Members of a comma list, trimmed, empty ones left out; commas inside a quoted-string don't split. */
export function splitList(value: string, escapes = true): string[] {
  const rules = escapes ? LIST : { separator: ',' as const, escapes }
  return splitOutsideQuotes(value, rules).filter(member => member !== '')
}

/** Every part between separators that stand outside quotes, trimmed, empty parts kept. */
export function splitOutsideQuotes(value: string, rules: SplitRules): string[] {
  const parts: string[] = []
  let start = 0
  let at = 0
  // Looking for the end of a quote that has none is done once: else long fields take quadratic time.
  let quoting = true
  while (at < value.length) {
    const end = quoting && value[at] === '"' ? afterQuoted(value, at, rules.escapes) : undefined
    if (end === -1) quoting = false
    if (value[at] === rules.separator) {
      parts.push(trimOws(value.slice(start, at)))
      start = at + 1
    }
    at = end === undefined || end === -1 ? at + 1 : end
  }
  parts.push(trimOws(value.slice(start)))
  return parts
}

/** Where the quoted part that opens at `at` ends; -1 where it never does. */
function afterQuoted(value: string, at: number, escapes: boolean): number {
  for (let end = at + 1; end < value.length; end += 1) {
    if (value[end] === '"') return end + 1
    if (escapes && value[end] === '\\') end += 1
  }
  return -1
}

/** True when a quote opens and never closes: what follows it can't be told apart from what is inside. */
export function hasOpenQuote(value: string): boolean {
  let at = value.indexOf('"')
  while (at !== -1) {
    const end = afterQuoted(value, at, true)
    if (end === -1) return true
    at = value.indexOf('"', end)
  }
  return false
}

/** What a quoted-string means, escapes resolved; undefined where `text` is not exactly one (RFC 9110 §5.6.4). */
export function unquote(text: string): string | undefined {
  if (text.length < 2 || text[0] !== '"' || afterQuoted(text, 0, true) !== text.length) return undefined
  return text.slice(1, -1).replace(/\\(.)/gs, '$1')
}

/** `text` as a token where it is one, else as a quoted-string. */
export function tokenOrQuoted(text: string): string {
  return isToken(text) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`
}

export interface Parameterised {
  /** What stands before the first `;`. */
  readonly value: string
  /** Names in lower case; the first of a repeated name counts. Valueless ones map to ''. */
  readonly parameters: ReadonlyMap<string, string>
}

/** `value;name=value;name="value"` taken apart (RFC 9110 §5.6.6); nameless parameters are skipped. */
export function parseParameters(text: string): Parameterised {
  const [value = '', ...rest] = splitOutsideQuotes(text, { separator: ';', escapes: true })
  const parameters = new Map<string, string>()
  for (const parameter of rest) {
    const [name, argument] = nameAndArgument(parameter)
    const key = name.toLowerCase()
    if (isToken(key) && !parameters.has(key)) parameters.set(key, argument ?? '')
  }
  return { value, parameters }
}

/** `name=argument` split at the first '='; the argument unquoted, undefined where there is no '='. */
export function nameAndArgument(text: string): [name: string, argument: string | undefined] {
  const equals = text.indexOf('=')
  if (equals === -1) return [trimOws(text), undefined]
  const argument = trimOws(text.slice(equals + 1))
  return [trimOws(text.slice(0, equals)), unquote(argument) ?? argument]
}
