// What does a parser of one configured value give back?
//
// The value, or what is wrong with it and what to write instead. Parsers never throw
// and know nothing of files: whoever called them adds the key path and the place. A
// message completes the sentence "KEY: …", so it starts with the value in question
// (or not at all with it, where the value may be a secret).

export interface Accepted<T> {
  readonly ok: true
  readonly value: T
}

export interface Refused {
  readonly ok: false
  /** Which rule was broken; becomes the Problem's code. */
  readonly code: string
  readonly message: string
  readonly hint: string
}

export type Parsed<T> = Accepted<T> | Refused

export const accepted = <T>(value: T): Accepted<T> => ({ ok: true, value })

export const refused = (message: string, hint: string, code = 'value'): Refused => ({ ok: false, code, message, hint })
