// One assumption about who asks, played through.
//
// Routes and identifies each request as the engine does, applies what its write makes
// invalid to the purge epochs that all worlds of the scene share, and has every world
// serve it. Several worlds are for what-ifs: they see the same requests and purges.

import type { EpochMs } from '../../base/units.ts'
import type { Exchange } from '../../cache/exchange.ts'
import { invalidateAfter } from '../../cache/invalidate.ts'
import { type RoutedRequest, type Rules, routeRequest } from '../../cache/routed-request.ts'
import type { PresentedRequest } from '../../http/message.ts'
import type { CompiledRoutes } from '../../routing/compiled-routes.ts'
import type { CallerDigest } from '../../routing/identity.ts'
import { PurgeEpochs } from '../../store/purge-epochs.ts'
import type { Answer } from './response-maker.ts'
import type { Ask, World } from './world.ts'

const NOBODY = { address: undefined, trusted: false }
const SILENT = { emit: () => undefined }
/** Purged scopes are forgotten after a sweep, long before the epochs would have to give some up. */
const MOST_SCOPES = 50_000

export class Scene {
  readonly epochs = new PurgeEpochs()
  readonly #rules: Rules
  readonly #invalidation
  readonly #purgesUsers: boolean
  #worlds: readonly World[] = []

  constructor(compiled: CompiledRoutes) {
    this.#rules = { ...compiled, sealed: true }
    this.#purgesUsers = [...compiled.router.routes, compiled.router.fallback].some(route => route.purgeUser)
    const purge: PurgeEpochs['purge'] = (scopes, mode) => {
      this.epochs.receive(scopes, mode)
      return LOCAL
    }
    const acceptances = { signedOut: () => undefined }
    this.#invalidation = { epochs: { purge }, router: compiled.router, telemetry: SILENT, acceptances }
  }

  /** The worlds that sweep with this scene's purges. */
  use(worlds: readonly World[]): void {
    this.#worlds = worlds
  }

  /** What every world needs to know of the request. */
  ask(request: PresentedRequest, answer: Answer, now: EpochMs): Ask {
    const exchange = { request } as Pick<Exchange, 'request'> as Exchange
    const routed = routeRequest(exchange, NOBODY, this.#rules, this.epochs.current())
    return { ...answer, routed: this.#purgesUsers ? routed : { ...routed, callers: NO_CALLERS }, now }
  }

  /** After the origin answered: what that made invalid. */
  invalidate(routed: RoutedRequest, { status, fields }: Answer, now: EpochMs): void {
    void invalidateAfter(routed, { status, fields }, this.#invalidation)
    if (this.epochs.size <= MOST_SCOPES) return
    const sequence = this.epochs.current()
    for (const world of this.#worlds) world.store.sweep(now)
    this.epochs.swept(sequence)
  }
}

/** Where nothing purges a user, digests by which one could are a waste; their length still counts. */
const NO_CALLERS = () => UNNAMED
const UNNAMED = ['x'.repeat(43), 'y'.repeat(43)] as CallerDigest[]

const LOCAL = Promise.resolve('local' as const)
