// What becomes of the upstream when a reload changes its settings?
//
// Requests from then on go to the new one; what the old one runs or has queued ends
// there, and then it closes. Whoever holds this one never notices. `state` is the new
// one's: the old one's last exchanges are counted nowhere, as they only run out.

import type {
  ForwardControl,
  ForwardHandler,
  ForwardRequest,
  UpgradeHandler,
  UpgradeRequest,
  Upstream,
  UpstreamState,
} from './upstream.ts'

export class SwitchedUpstream implements Upstream {
  #current: Upstream
  readonly #runningOut = new Set<Promise<void>>()

  constructor(first: Upstream) {
    this.#current = first
  }

  /** Takes `next` over: it is closed with this one. */
  switchTo(next: Upstream): void {
    const before = this.#current
    this.#current = next
    const closed: Promise<void> = before.close().finally(() => this.#runningOut.delete(closed))
    this.#runningOut.add(closed)
  }

  forward(request: ForwardRequest, handler: ForwardHandler): ForwardControl {
    return this.#current.forward(request, handler)
  }

  upgrade(request: UpgradeRequest, handler: UpgradeHandler): void {
    this.#current.upgrade(request, handler)
  }

  state(): UpstreamState {
    return this.#current.state()
  }

  async close(): Promise<void> {
    await Promise.all([this.#current.close(), ...this.#runningOut])
  }
}
