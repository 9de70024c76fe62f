// What does a log say of an error?
//
// Name, code, message and stack, and the same of what caused it, three deep: enough to
// act on, and no field that a library may have hung on its error (requests, headers and
// options are where credentials travel).

export interface LoggedError {
  readonly type: string
  readonly message: string
  readonly code?: string
  readonly stack?: string
  readonly cause?: LoggedError
}

const DEPTH = 3

export function loggedError(thrown: unknown, depth = DEPTH): LoggedError {
  if (!(thrown instanceof Error)) return { type: typeof thrown, message: String(thrown) }
  const { code } = thrown as { code?: unknown }
  return {
    type: thrown.name,
    message: thrown.message,
    ...(typeof code === 'string' ? { code } : {}),
    ...(thrown.stack === undefined ? {} : { stack: thrown.stack }),
    ...(thrown.cause === undefined || depth === 0 ? {} : { cause: loggedError(thrown.cause, depth - 1) }),
  }
}

/** `message (CODE): its cause's message`, on one line. */
export function errorSummary(error: LoggedError): string {
  const own = error.code === undefined ? error.message : `${error.message} (${error.code})`
  return error.cause === undefined ? own : `${own}: ${errorSummary(error.cause)}`
}
