// Who waits for work that no request waits for?
//
// Refreshes, sweeps and write-behind run through here, under a name: a failure becomes
// a log line instead of an unhandled rejection, shutdown can wait for what is under
// way, and the number running at once is bounded (work over the bound is refused, not
// queued: it is always work that can be left out).

import type { Telemetry } from './events.ts'

export class BackgroundWork {
  readonly #running = new Set<Promise<void>>()
  readonly #telemetry: Telemetry
  readonly #limit: number

  constructor(telemetry: Telemetry, limit = 256) {
    this.#telemetry = telemetry
    this.#limit = limit
  }

  /** Starts `work` unless too much is running already; false then. */
  start(name: string, work: () => Promise<void>): boolean {
    if (this.#running.size >= this.#limit) return false
    const running: Promise<void> = work()
      .catch((error: unknown) => {
        this.#telemetry.emit({ kind: 'notice', level: 'warn', message: `background work failed: ${name}`, error })
      })
      .finally(() => this.#running.delete(running))
    this.#running.add(running)
    return true
  }

  /** Resolves once nothing is running. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }
}
