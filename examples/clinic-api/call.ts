// What does an endpoint get to see, and how does it answer or refuse?
//
// An endpoint is a function from a call to an answer; sockets stay in server.ts. What
// the client got wrong is thrown as a Refusal, from however deep, and becomes a JSON
// error that says which field was wrong and what would be right.

import type { DatabaseConnection } from './database.ts'

/** Somebody signed in, as the session table knows them. */
export interface Caller {
  readonly userId: number
  readonly name: string
  readonly role: string
  readonly clinicId: number
  readonly clinic: string
  readonly tokenDigest: string
}

/** A request that needs no sign-in. */
export interface OpenCall {
  readonly parameters: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly body: Readonly<Record<string, unknown>>
  readonly database: DatabaseConnection
}

export interface Call extends OpenCall {
  readonly caller: Caller
  /** Tells everybody of the caller's clinic who listens to the event stream. */
  readonly announce: (event: string, about: Readonly<Record<string, unknown>>) => void
}

/** `json` undefined: no content. */
export interface Answer {
  readonly status: number
  readonly json?: unknown
}

export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export const ok = (json: unknown): Answer => ({ status: 200, json })
export const created = (json: unknown): Answer => ({ status: 201, json })
export const noContent: Answer = { status: 204 }

/** The row, or 404 in the words of the client: what was looked for. */
export function found<Row>(row: Row | undefined, what: string): Row {
  if (row === undefined) throw new Refusal(404, `${what} does not exist in this clinic.`)
  return row
}

/** A path parameter that has to be a row's number. */
export function idOf(call: OpenCall, name = 'id'): number {
  const written = call.parameters[name] ?? ''
  if (!/^[1-9]\d{0,9}$/.test(written)) throw new Refusal(404, `"${written}" is not an id; ids are positive numbers.`)
  return Number(written)
}

/** A text that the body must hold, at most 2000 characters long. */
export function textOf(call: OpenCall, name: string): string {
  const value = call.body[name]
  if (typeof value !== 'string' || value.trim() === '' || value.length > 2000)
    throw new Refusal(422, `"${name}" must be a text of 1 to 2000 characters.`)
  return value
}

/** Those of `names` that the body holds, each checked as text; at least one. */
export function changesOf(call: OpenCall, names: readonly string[]): [string, string][] {
  const changes = names.filter(name => name in call.body).map((name): [string, string] => [name, textOf(call, name)])
  if (changes.length === 0) throw new Refusal(422, `The body must hold at least one of: ${names.join(', ')}.`)
  return changes
}
