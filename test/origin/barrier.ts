// How does a test wait for an instant without sleeping?
//
// A barrier is shut until somebody opens it; whoever waits goes on then. Scripted
// origins stall behind one, so that "the origin hangs here" lasts exactly as long as
// the test wants and not a millisecond of guesswork more.

export class Barrier {
  readonly passed: Promise<void>
  #open: () => void = () => undefined

  constructor() {
    this.passed = new Promise(resolve => {
      this.#open = resolve
    })
  }

  open(): void {
    this.#open()
  }
}

/** Resolves once `condition` holds, looking again after every turn of the event loop; rejects after `limitMs`. */
export async function until(condition: () => boolean, what = 'the awaited state', limitMs = 5000): Promise<void> {
  const started = performance.now()
  while (!condition()) {
    if (performance.now() - started > limitMs) throw new Error(`${what} did not come about within ${limitMs} ms`)
    await new Promise(resolve => setImmediate(resolve))
  }
}
