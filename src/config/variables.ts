// What becomes of `${VAR}` in a value?
//
// `${VAR}` is replaced by the environment's value, `${VAR:-default}` by the default where
// VAR is unset or empty; `$${` is a literal `${`. Replacing happens in values, after YAML
// was parsed: a variable can't bring in keys or structure. An unset variable without a
// default is a mistake, and so is anything else that begins with `${`.

import { type Refused, refused } from './parsed.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export interface Replacement {
  readonly text: string
  /** At least one variable was replaced. */
  readonly replaced: boolean
  /** Each with the index in the text at which it begins. */
  readonly mistakes: readonly { readonly at: number; readonly refused: Refused }[]
}

const LITERAL_HINT = `write \`\${NAME}\` or \`\${NAME:-default}\`; a literal \`\${\` is written \`$\${\``

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

export function replaceVariables(text: string, environment: Environment): Replacement {
  const mistakes: { at: number; refused: Refused }[] = []
  let replaced = false
  const result = text.replace(
    /\$\$\{|\$\{([^}]*)(\}?)/g,
    (whole, inner: string | undefined, end: string, at: number) => {
      if (inner === undefined) return '${'
      const value = end === '' ? unfinished(inner) : lookUp(inner, environment)
      if (typeof value === 'string') {
        replaced = true
        return value
      }
      mistakes.push({ at, refused: value })
      return whole
    },
  )
  return { text: result, replaced, mistakes }
}

function unfinished(inner: string): Refused {
  return refused(`\`\${${inner.slice(0, 40)}\` has no closing brace`, LITERAL_HINT, 'variable')
}

function lookUp(inner: string, environment: Environment): string | Refused {
  const split = inner.indexOf(':-')
  const name = split < 0 ? inner : inner.slice(0, split)
  if (!NAME.test(name)) {
    return refused(`\`\${${inner}}\` is not a variable`, LITERAL_HINT, 'variable')
  }
  const value = Object.hasOwn(environment, name) ? environment[name] : undefined
  if (split < 0)
    return (
      value ??
      refused(
        `\`\${${name}}\` is not set`,
        `set ${name} in the environment, or give a default: \`\${${name}:-…}\``,
        'variable-unset',
      )
    )
  const fallback = inner.slice(split + 2)
  if (fallback.includes('${'))
    return refused(`\`\${${inner}}\` holds another variable`, 'a default is plain text', 'variable')
  return value === undefined || value === '' ? fallback : value
}
