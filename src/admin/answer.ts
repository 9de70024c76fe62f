// What does the admin API answer with?
//
// Values, so that a handler can be read and tested without a socket: status, fields and
// a whole body, or a stream that takes the connection over. JSON is indented, because
// people read it with curl. Errors are problem documents (RFC 9457) whose detail says
// what was wrong and what to do.

import type { ServerResponse } from 'node:http'

export interface WholeAnswer {
  readonly status: number
  readonly fields: Readonly<Record<string, string>>
  readonly body: string | Buffer
}

/** Takes over after the head; ends the response itself. */
interface StreamAnswer {
  readonly status: 200
  readonly fields: Readonly<Record<string, string>>
  readonly stream: (response: ServerResponse) => void
}

export type Answer = WholeAnswer | StreamAnswer

export function json(value: object, status = 200): WholeAnswer {
  return { status, fields: { 'Content-Type': 'application/json' }, body: `${JSON.stringify(value, undefined, 2)}\n` }
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'The request is malformed.',
  401: 'A token is needed.',
  403: 'The request is not allowed from here.',
  404: 'There is nothing here.',
  405: 'This path does not take this method.',
  408: 'The request took too long.',
  413: 'The request body is too large.',
  415: 'The request body has the wrong type.',
  422: 'The request was understood and cannot be carried out.',
  500: 'Pillion failed.',
  503: 'Not now.',
}

export interface ProblemExtras {
  readonly fields?: Readonly<Record<string, string>>
  /** Further members of the problem document. */
  readonly members?: Readonly<Record<string, unknown>>
}

export function problem(
  status: number,
  detail: string,
  { fields = {}, members = {} }: ProblemExtras = {},
): WholeAnswer {
  const document = { type: 'about:blank', title: TITLES[status] ?? 'Error', status, detail, ...members }
  return {
    status,
    fields: { 'Content-Type': 'application/problem+json', ...fields },
    body: `${JSON.stringify(document, undefined, 2)}\n`,
  }
}
