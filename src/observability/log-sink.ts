// Where do log lines go, and when?
//
// To standard output, asynchronously and in blocks of 4 KiB; a timer sends what has
// waited half a second, urgent lines at once, and the rest at exit. Bounded: when
// nobody reads standard output, lines beyond 4 MiB are dropped and their number is
// written once it moves again. A closed pipe ends logging, never Pillion.

export interface LogSink {
  /** True where lines are for a person's eyes. */
  readonly pretty: boolean
  /** One line without its end. */
  write(line: string, urgent: boolean): void
  /** Writes everything now, blocking. */
  flush(): void
  close(): void
}

/** Sink on a file descriptor, by default standard output; pretty where that is a terminal. */
export function createLogSink(_options: { readonly fd?: number; readonly pretty?: boolean } = {}): LogSink {
  throw new Error('not ready')
}
