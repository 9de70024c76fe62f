// What does one line of an access log say about a request?
//
// The one form that every log format is read into: replay and advice know no formats. A
// log knows less than the proxy does; what a line doesn't say is undefined and never made
// up here. Instants are of the request's arrival, reckoned back where the log holds the
// end and the duration.

import type { EpochMs, Milliseconds } from '../../base/units.ts'
import type { Fields } from '../../http/fields.ts'

export interface LogRecord {
  /** When the request arrived; logs in whole seconds give whole seconds. */
  readonly at: EpochMs
  readonly method: string
  readonly scheme: 'http' | 'https'
  /** Lower case; `localhost` where the log doesn't say. */
  readonly host: string
  readonly path: string
  readonly query: string | undefined
  readonly status: number
  /** Bytes of content sent; 0 where the log doesn't say. */
  readonly bytes: number
  readonly duration: Milliseconds | undefined
  /** What the origin took of it; undefined where it wasn't asked or the log doesn't say. */
  readonly origin: Milliseconds | undefined
  /** Who asked: an opaque name; '' for nobody in particular; undefined: the log doesn't say. */
  readonly user: string | undefined
  readonly tenant: string | undefined
  /** Address and, where the log has it, User-Agent: the best guess at who asks where no user is named. */
  readonly client: string
  /** Response fields that the log holds, in lower case; undefined: none at all. */
  readonly fields: Fields | undefined
}

/** Where a JSON log holds who asked; dots lead into objects (`request.headers.X-User`). */
export interface IdentityFields {
  readonly user: string | undefined
  readonly tenant: string | undefined
}

export type LineReader = (line: string) => LogRecord | 'other' | 'malformed'

export interface Target {
  readonly path: string
  readonly query: string | undefined
  readonly host: string | undefined
}

/** The target of a request line, in origin or absolute form; undefined where it is no path. */
export function parseTarget(text: string): Target | undefined {
  let rest = text
  let host: string | undefined
  if (text.charCodeAt(0) !== SLASH) {
    const absolute = /^https?:\/\/([^/?#]*)(.*)$/i.exec(text)
    if (absolute === null) return undefined
    host = absolute[1]?.toLowerCase()
    rest = absolute[2] === '' ? '/' : (absolute[2] as string)
  }
  const hash = rest.indexOf('#')
  if (hash >= 0) rest = rest.slice(0, hash)
  const mark = rest.indexOf('?')
  if (mark < 0) return { path: rest, query: undefined, host }
  return { path: rest.slice(0, mark), query: rest.slice(mark + 1), host }
}

const SLASH = 47
const METHOD = /^[A-Z][A-Z-]{1,19}$/

export const isMethod = (text: string): boolean => METHOD.test(text)
