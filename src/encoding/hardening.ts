// How much of the machine may better compression take?
//
// One job at a time, on zlib's threads, and after each a pause nine times as long: a
// tenth of one core on average, whatever is hot. Nothing is queued: a form that finds
// the place taken asks again at its next due use.

import type { BackgroundWork } from '../base/background.ts'
import type { Clock } from '../base/clock.ts'
import { type Milliseconds, milliseconds } from '../base/units.ts'
import { compressHard, HARD_AT_MOST } from './codings.ts'
import type { EncodedForms, Form } from './encoded-forms.ts'

const REST = 9

export class Hardening {
  readonly #clock: Clock
  readonly #background: BackgroundWork
  #busy = false
  #notBefore: Milliseconds = milliseconds(0)

  constructor(clock: Clock, background: BackgroundWork) {
    this.#clock = clock
    this.#background = background
  }

  /** Tries for a smaller form of the same coding, unless another job has the place. */
  offer(forms: EncodedForms, form: Form): void {
    const { coding } = form
    if (this.#busy || coding === 'identity' || forms.content.length > HARD_AT_MOST) return
    if (this.#clock.monotonic() < this.#notBefore) return
    this.#busy = this.#background.start('compress harder', async () => {
      const startedAt = this.#clock.monotonic()
      try {
        const body = await compressHard({ coding, content: forms.content })
        forms.adopt({ coding, body, hard: true })
      } finally {
        const now = this.#clock.monotonic()
        this.#notBefore = milliseconds(now + REST * (now - startedAt))
        this.#busy = false
      }
    })
  }
}
