// Which requests leave a line, and what is in it?
//
// Exactly the fields of contract §5, in that order, one JSON object a line; `slow`
// writes those that took at least `log.slow`, `all` every one. Query values are hidden
// by default: each is replaced by a short keyed digest, names and order kept, so that
// replay can still tell equal from different. The key lives as long as the process.

import type { Telemetry } from '../base/events.ts'
import type { Milliseconds } from '../base/units.ts'
import type { LogSink } from './log-sink.ts'

export interface AccessLogSettings {
  readonly access: 'off' | 'slow' | 'all'
  readonly slow: Milliseconds
  readonly query: 'hide' | 'show'
}

export interface AccessLog extends Telemetry {
  use(settings: AccessLogSettings): void
}

export function createAccessLog(_settings: AccessLogSettings, _sink: LogSink): AccessLog {
  throw new Error('not ready')
}
