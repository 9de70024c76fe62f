// What is at this place of a JSON line?
//
// Total functions over whatever a log may hold: a missing key, a dash for nothing, a
// number written as text, a list of one are all facts, none of them an error.

export type JsonLine = Readonly<Record<string, unknown>>

/** Follows the path; names of fields are found in any case. */
export function at(content: JsonLine, path: readonly string[]): unknown {
  // A key that itself holds dots comes first.
  if (path.length > 1 && Object.hasOwn(content, path.join('.'))) return content[path.join('.')]
  let value: unknown = content
  for (const name of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = member(value as JsonLine, name)
  }
  return value
}

function member(content: JsonLine, name: string): unknown {
  if (Object.hasOwn(content, name)) return content[name]
  const lower = name.toLowerCase()
  const spelt = Object.keys(content).find(key => key.toLowerCase() === lower)
  return spelt === undefined ? undefined : content[spelt]
}

/** Text; a list's first; undefined for nothing and for the dash that means it. */
export function text(value: unknown): string | undefined {
  if (Array.isArray(value)) return text(value[0])
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return typeof value !== 'string' || value === '-' ? undefined : value
}

/** A number, also one written as text; of a list such as `0.1, 0.2` (several upstreams asked) the last. */
export function number(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value !== 'string' || value === '' || value === '-') return undefined
  const last = Number(value.includes(',') ? value.slice(value.lastIndexOf(',') + 1) : value)
  return Number.isNaN(last) ? undefined : last
}
