// Stored responses and what surrounds a store, for tests, with what doesn't matter left out.
//
// Every default is the plainest there is: a 200 fetched at noon, useful for an hour, with
// a small body, no Vary and one scope. Time stands still until a test moves it.

import type { Clock } from '../../src/base/clock.ts'
import type { TelemetryEvent } from '../../src/base/events.ts'
import { bytes, type EpochMs, epochMs, milliseconds } from '../../src/base/units.ts'
import { MemoryStore, type MemoryStoreOptions } from '../../src/store/memory-store.ts'
import { PurgeEpochs } from '../../src/store/purge-epochs.ts'
import { uriScope } from '../../src/store/scopes.ts'
import type { CacheKey } from '../../src/store/store.ts'
import type { StoredResponse } from '../../src/store/stored-response.ts'
import { type FieldRecord, fieldsFrom, noon } from '../builders/messages.ts'

export const aKey = (name: string): CacheKey => name as CacheKey

export interface StoredParts extends Partial<Omit<StoredResponse, 'body' | 'fields'>> {
  readonly body?: string | Buffer
  readonly fields?: FieldRecord
}

export function aStoredResponse(parts: StoredParts = {}): StoredResponse {
  const { body = 'hello', fields = { 'Content-Type': 'text/plain' }, ...rest } = parts
  const content = Buffer.allocUnsafeSlow(Buffer.byteLength(body))
  content.set(Buffer.from(body))
  return {
    status: 200,
    fields: fieldsFrom(fields),
    requestTime: noon,
    responseTime: noon,
    date: noon,
    body: content,
    nominated: [],
    scopes: [uriScope('http://clinic.example/')],
    sequence: 0,
    originTime: milliseconds(40),
    etagMade: false,
    jitterAt: 0,
    usefulUntil: epochMs(noon + 3_600_000),
    headBytes: bytes(24),
    ...rest,
  }
}

/** A clock that a test moves. */
export class HeldClock implements Clock {
  at: EpochMs = noon

  now(): EpochMs {
    return this.at
  }

  monotonic() {
    return milliseconds(this.at - noon)
  }

  pass(ms: number): void {
    this.at = epochMs(this.at + ms)
  }
}

export interface MemoryBench {
  readonly store: MemoryStore
  readonly epochs: PurgeEpochs
  readonly clock: HeldClock
  readonly events: TelemetryEvent[]
}

/** A memory store with its surroundings; `using` closes it. */
export function aMemoryStore(given: Partial<MemoryStoreOptions> = {}): MemoryBench & Disposable {
  const clock = new HeldClock()
  const events: TelemetryEvent[] = []
  const epochs = given.epochs ?? new PurgeEpochs()
  const telemetry = { emit: (event: TelemetryEvent) => void events.push(event) }
  const store = new MemoryStore({ limit: bytes(1024 * 1024), clock, telemetry, epochs, ...given })
  return { store, epochs, clock, events, [Symbol.dispose]: () => void store.close() }
}

export function evictionsIn(events: readonly TelemetryEvent[]): string[] {
  return events.flatMap(event => (event.kind === 'eviction' ? [event.reason] : []))
}
