// What does an operator read?
//
// Notices and reloads as JSON lines, or as readable one-liners on a terminal, through
// one sink (log-sink.ts) that buffers what can wait and writes at once what can't:
// warnings, errors, and the line that says where Pillion listens.

import type { NoticeEvent, Telemetry } from '../base/events.ts'
import type { LogSink } from './log-sink.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

export interface LoggerOptions {
  readonly level: LogLevel
  readonly sink: LogSink
}

export interface Logger extends Telemetry {
  setLevel(level: LogLevel): void
}

export function createLogger(_options: LoggerOptions): Logger {
  throw new Error('not ready')
}

export type { NoticeEvent }
