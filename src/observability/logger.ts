// What does an operator read?
//
// Notices and reloads, as JSON lines (pino) or as readable one-liners on a terminal,
// through one sink that buffers what can wait. Not waiting: warnings, errors, and
// `listening`, which scripts wait for. `time` is ISO 8601 in UTC, `level` a word.
// Purges and answered requests are no notices: metrics and the access log have them.

import { type Logger as Pino, pino } from 'pino'
import { type Clock, systemClock } from '../base/clock.ts'
import type { NoticeEvent, Telemetry, TelemetryEvent } from '../base/events.ts'
import { loggedError } from './error-lines.ts'
import type { LogSink } from './log-sink.ts'
import { prettyNotice } from './pretty-line.ts'

type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

export interface LoggerOptions {
  readonly level: LogLevel
  readonly sink: LogSink
  readonly clock?: Clock
}

export interface Logger extends Telemetry {
  setLevel(level: LogLevel): void
}

/** The notice that scripts and the demo wait for. */
const LISTENING = 'listening'

export function createLogger({ level, sink, clock = systemClock }: LoggerOptions): Logger {
  let urgent = false
  const lines = pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
      formatters: { level: label => ({ level: label }) },
    },
    { write: (line: string) => sink.write(line.trimEnd(), urgent) },
  )

  const log = (notice: NoticeEvent) => {
    if (!lines.isLevelEnabled(notice.level)) return
    urgent = notice.level === 'warn' || notice.level === 'error' || notice.message === LISTENING
    if (sink.pretty) sink.write(prettyLine(notice, clock), urgent)
    else writeJson(lines, notice)
  }

  return {
    emit(event) {
      const notice = asNotice(event)
      if (notice) log(notice)
    },
    setLevel(next) {
      lines.level = next
    },
  }
}

function asNotice(event: TelemetryEvent): NoticeEvent | undefined {
  if (event.kind === 'notice') return event
  if (event.kind !== 'reload') return undefined
  const fields = { hash: event.hash }
  return event.ok
    ? { kind: 'notice', level: 'info', message: 'configuration reloaded', fields }
    : { kind: 'notice', level: 'error', message: 'configuration not reloaded: the one before goes on', fields }
}

function writeJson(lines: Pino, notice: NoticeEvent): void {
  const error = notice.error === undefined ? {} : { error: loggedError(notice.error) }
  lines[notice.level]({ ...notice.fields, ...error }, notice.message)
}

function prettyLine(notice: NoticeEvent, clock: Clock): string {
  return prettyNotice({
    at: clock.now(),
    level: notice.level,
    message: notice.message,
    fields: notice.fields ?? {},
    error: notice.error === undefined ? undefined : loggedError(notice.error),
  })
}
