// How is a header section held?
//
// As the flat list that came off the wire: name, value, name, value …, names in the
// sender's spelling, duplicates and order kept (RFC 9110 §5.2, §5.3). Nothing is
// merged or lower-cased until somebody asks, because duplicates are facts
// (two Host lines, two Expires) and most fields are passed on untouched.
// Every function takes field names in lower case and compares without regard to case.

/** name, value, name, value …; never changed in place. */
export type Fields = readonly string[]

function isNamed(fields: Fields, at: number, name: string): boolean {
  const candidate = fields[at] as string
  return candidate.length === name.length && (candidate === name || candidate.toLowerCase() === name)
}

/** Every value of `name`, in order, one per field line. */
export function fieldLines(fields: Fields, name: string): string[] {
  const lines: string[] = []
  for (let at = 0; at < fields.length; at += 2) if (isNamed(fields, at, name)) lines.push(fields[at + 1] as string)
  return lines
}

/** The combined field value (RFC 9110 §5.3): lines joined by ", "; undefined where there is none. */
export function fieldValue(fields: Fields, name: string): string | undefined {
  let value: string | undefined
  for (let at = 0; at < fields.length; at += 2) {
    if (isNamed(fields, at, name)) value = value === undefined ? fields[at + 1] : `${value}, ${fields[at + 1]}`
  }
  return value
}

export function hasField(fields: Fields, name: string): boolean {
  for (let at = 0; at < fields.length; at += 2) if (isNamed(fields, at, name)) return true
  return false
}

/** The list without every line named in `names` (lower case). */
export function withoutFields(fields: Fields, names: ReadonlySet<string>): string[] {
  const kept: string[] = []
  const lengths = lengthsOf(names)
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at] as string
    const possible = (lengths & (1 << (name.length & 31))) !== 0
    if (!possible || !names.has(name.toLowerCase())) kept.push(name, fields[at + 1] as string)
  }
  return kept
}

const knownLengths = new WeakMap<ReadonlySet<string>, number>()

/** One bit per length (modulo 32) among the names: most fields are told apart without looking at them. */
function lengthsOf(names: ReadonlySet<string>): number {
  let lengths = knownLengths.get(names)
  if (lengths === undefined) {
    lengths = 0
    for (const name of names) lengths |= 1 << (name.length & 31)
    knownLengths.set(names, lengths)
  }
  return lengths
}

/** The list with all lines of `name` replaced by one, at the end. `name` is written as given. */
export function withField(fields: Fields, name: string, value: string): string[] {
  const lower = name.toLowerCase()
  const kept: string[] = []
  for (let at = 0; at < fields.length; at += 2) {
    if (!isNamed(fields, at, lower)) kept.push(fields[at] as string, fields[at + 1] as string)
  }
  kept.push(name, value)
  return kept
}

/** Calls `visit` for each line with its name in lower case. */
export function eachField(fields: Fields, visit: (name: string, value: string) => void): void {
  for (let at = 0; at < fields.length; at += 2) visit((fields[at] as string).toLowerCase(), fields[at + 1] as string)
}
