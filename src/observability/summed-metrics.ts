// What does a scrape show where several processes count?
//
// Our own numbers and theirs, added up (summed-families.ts). What one had counted by the
// last scrape stays in the sum when it is gone.

import type { TelemetryEvent } from '../base/events.ts'
import { expose, type Family, type Scrape, type ScrapeFormat } from './exposition.ts'
import type { Metrics } from './metrics.ts'
import { lasting, sumFamilies } from './summed-families.ts'

interface Counted {
  /** Who counted it. */
  readonly of: object
  readonly families: readonly Family[]
}

export class SummedMetrics implements Metrics {
  readonly #own: Metrics
  readonly #others: () => Promise<Counted[]>
  readonly #last = new Map<object, readonly Family[]>()
  #left: readonly Family[] = []

  constructor(own: Metrics, others: () => Promise<Counted[]>) {
    this.#own = own
    this.#others = others
  }

  emit(event: TelemetryEvent): void {
    this.#own.emit(event)
  }

  useRoutes(names: Iterable<string>): void {
    this.#own.useRoutes(names)
  }

  async families(): Promise<Family[]> {
    const others = await this.#others()
    for (const { of, families } of others) this.#last.set(of, families)
    return sumFamilies([...others.map(({ families }) => families), this.#left, await this.#own.families()])
  }

  /** A process that is gone, of those that `others` brought. */
  lost(one: object): void {
    const last = this.#last.get(one)
    this.#last.delete(one)
    if (last !== undefined) this.#left = sumFamilies([this.#left, lasting(last)])
  }

  async scrape(format: ScrapeFormat): Promise<Scrape> {
    return expose(await this.families(), format)
  }

  close(): void {
    this.#own.close()
  }
}
