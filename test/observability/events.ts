// Events as tests need them: everything filled in, what matters named.

import type { Clock } from '../../src/base/clock.ts'
import type { RequestEvent, TelemetryEvent, UpstreamEvent } from '../../src/base/events.ts'
import { bytes, epochMs, milliseconds } from '../../src/base/units.ts'

const noon = epochMs(Date.UTC(2026, 10, 24, 12))

interface RequestSketch extends Partial<Omit<RequestEvent, 'duration' | 'upstream' | 'saved' | 'bodyBytes'>> {
  readonly duration?: number
  readonly upstream?: number
  readonly saved?: number
  readonly bodyBytes?: number
}

export function aRequestEvent(sketch: RequestSketch = {}): RequestEvent {
  const { duration = 10, upstream, saved, bodyBytes = 100, ...rest } = sketch
  return {
    kind: 'request',
    at: noon,
    route: 'patients',
    method: 'GET',
    path: '/api/patients',
    query: '',
    status: 200,
    outcome: 'miss',
    reason: 'uri-miss',
    encoding: 'identity',
    client: '127.0.0.1',
    who: '',
    requestId: 'r-1',
    counted: true,
    fault: undefined,
    ...rest,
    duration: milliseconds(duration),
    upstream: upstream === undefined ? undefined : milliseconds(upstream),
    saved: saved === undefined ? undefined : milliseconds(saved),
    bodyBytes: bytes(bodyBytes),
  }
}

export function anUpstreamEvent(sketch: { route?: string; status?: number; duration?: number } = {}): UpstreamEvent {
  const { route = 'patients', status = 200, duration = 100 } = sketch
  return { kind: 'upstream', route, status, duration: milliseconds(duration), fault: undefined }
}

export interface SetClock extends Clock {
  advance(by: number): void
}

/** Stands still until told. */
export function aClock(): SetClock {
  let passed = 0
  return {
    now: () => epochMs(noon + passed),
    monotonic: () => milliseconds(1_200_000 + passed),
    advance(by) {
      passed += by
    },
  }
}

export interface MemorySink {
  readonly lines: string[]
  readonly urgent: boolean[]
  readonly pretty: boolean
  takes(length: number): boolean
  write(line: string, urgent: boolean): void
  flush(): void
  close(): void
}

/** Keeps lines instead of writing them. */
export function aSink(pretty = false): MemorySink {
  const lines: string[] = []
  const urgent: boolean[] = []
  return {
    lines,
    urgent,
    pretty,
    write(line, isUrgent) {
      lines.push(line)
      urgent.push(isUrgent)
    },
    takes: () => true,
    flush: () => undefined,
    close: () => undefined,
  }
}

/** One of every kind. */
export const everyKind: readonly TelemetryEvent[] = [
  aRequestEvent({ outcome: 'hit', saved: 200, encoding: 'br' }),
  anUpstreamEvent(),
  { kind: 'uncacheable', method: 'GET', path: '/', route: 'patients', reason: 'no-store' },
  { kind: 'store', tier: 'memory', op: 'get', result: 'hit', duration: milliseconds(0.01) },
  { kind: 'eviction', tier: 'memory', reason: 'room' },
  { kind: 'purge', by: 'tag', soft: false },
  { kind: 'notice', level: 'info', message: 'breaker closed' },
  { kind: 'reload', ok: true, hash: 'abc' },
]
