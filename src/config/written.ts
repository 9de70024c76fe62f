// What stands in the file for one scalar value?
//
// YAML's opinion of it (string, number, boolean, null) and the text it was formed from:
// `0123` is the number 123 to YAML, but not where a token is due. A value that came out
// of `${VAR}` is text whose type nobody wrote, so it is read as whatever the key wants.
// A class, because that is what tells it apart from a map.

export type Primitive = string | number | boolean | null

export class Written {
  readonly value: Primitive
  readonly text: string
  /** Holds the value of at least one variable; `value` is then the text. */
  readonly fromVariable: boolean

  constructor(value: Primitive, text: string = String(value), fromVariable = false) {
    this.value = value
    this.text = text
    this.fromVariable = fromVariable
  }
}

/** Also for plain primitives, as they stand in the schema's own defaults; undefined for lists, maps and nothing. */
export function asWritten(value: unknown): Written | undefined {
  if (value instanceof Written) return value
  if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) return new Written(value as Primitive)
  return undefined
}

/** For messages: `a list`, `a map`, `"text"` … */
export function describeWritten(value: unknown): string {
  const written = asWritten(value)
  if (written === undefined) return Array.isArray(value) ? 'a list' : 'a map'
  if (written.value === null) return 'nothing'
  const text = written.text.length > 60 ? `${written.text.slice(0, 60)}…` : written.text
  return `\`${text.replace(/[\n\r]+/g, ' ')}\``
}
