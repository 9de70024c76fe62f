// Who hears what happened?
//
// One sink for the whole process that hands every event to each consumer in turn:
// access log, metrics, statistics, logger. It never throws and never waits. A consumer
// that throws has a bug; the others are told once (its later failures are counted only
// by silence), because one broken consumer must neither fail a request nor flood a log.

import type { Telemetry, TelemetryEvent } from '../base/events.ts'

/** The order of `consumers` is the order of delivery. */
export function createTelemetry(consumers: readonly Telemetry[]): Telemetry {
  const broken = new Set<Telemetry>()

  const deliver = (consumer: Telemetry, event: TelemetryEvent): void => {
    try {
      consumer.emit(event)
    } catch (error) {
      if (broken.has(consumer)) return
      broken.add(consumer)
      report(consumer, event.kind, error)
    }
  }

  const report = (failed: Telemetry, kind: string, error: unknown): void => {
    const message = `a telemetry consumer failed on a ${kind} event; its later failures are not reported`
    for (const consumer of consumers) {
      if (consumer !== failed) deliver(consumer, { kind: 'notice', level: 'error', message, error })
    }
  }

  return {
    emit(event) {
      for (const consumer of consumers) deliver(consumer, event)
    },
  }
}
