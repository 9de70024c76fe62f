// How is an operator's purge carried out?
//
// The order becomes scopes, the scopes an epoch (effective at once), and a sweep of this
// process's memory then says how many stored responses it concerned. A user is named by
// the credential that clients send, digested as identity digests it; the credential
// itself is kept nowhere.

import type { Telemetry } from '../base/events.ts'
import type { CompiledRoutes } from '../routing/compile.ts'
import { purgedUris } from '../routing/uri-scopes.ts'
import type { MemoryStore } from '../store/memory-store.ts'
import type { PurgeReach } from '../store/purge-channel.ts'
import type { PurgeEpochs } from '../store/purge-epochs.ts'
import { ALL_SCOPE, prefixScope, routeScope, type Scope, tagScope, uriScope, userScope } from '../store/scopes.ts'
import { parseAskedUri } from './asked-uri.ts'
import type { PurgeOrder, PurgeReceipt, Refusal } from './services.ts'

export interface PurgeServices {
  readonly compiled: CompiledRoutes
  readonly store: MemoryStore
  readonly epochs: Pick<PurgeEpochs, 'purge'>
  readonly telemetry: Telemetry
  readonly acceptances: { withdrawUser(credentials: readonly string[]): void }
}

/** The order is being carried out by another worker, which tells and counts it: here it only has to take effect. */
export function carriedOutElsewhere({
  epochs,
  ...rest
}: PurgeServices & { readonly epochs: PurgeEpochs }): PurgeServices {
  const heard = {
    async purge(...[scopes, mode]: Parameters<PurgeEpochs['hear']>): Promise<PurgeReach> {
      epochs.hear(scopes, mode)
      return 'local'
    },
  }
  return { ...rest, epochs: heard, telemetry: { emit: () => undefined } }
}

/** Resolves once this process is consistent and its memory swept. */
export async function purgeStore(order: PurgeOrder, services: PurgeServices): Promise<PurgeReceipt | Refusal> {
  const scopes = scopesOf(order, services.compiled)
  if (typeof scopes === 'string') return { refused: true, detail: scopes }
  const mode = order.soft ? 'soft' : 'hard'
  if (order.by === 'user') services.acceptances.withdrawUser(scopes.map(scope => scope.slice(1)))
  const told = services.epochs.purge(scopes, mode)
  const counted = services.store.sweepPurged(scopes, mode)
  services.telemetry.emit({ kind: 'purge', by: order.by, soft: order.soft })
  const [replicas, purged] = await Promise.all([told, counted])
  return { purged, replicas }
}

function scopesOf({ by, value }: PurgeOrder, compiled: CompiledRoutes): readonly Scope[] | string {
  switch (by) {
    case 'all':
      return [ALL_SCOPE]
    case 'tag':
      return [tagScope(value)]
    case 'route':
      if (compiled.written.has(value)) return [routeScope(value)]
      return `There is no route ${JSON.stringify(value)}; there are ${[...compiled.written.keys()].join(', ')}.`
    case 'url': {
      const uri = parseAskedUri(value)
      return typeof uri === 'string' ? uri : purgedUris(compiled.router, uri).map(uriScope)
    }
    case 'prefix': {
      const uri = parseAskedUri(value)
      return typeof uri === 'string' ? uri : [prefixScope(`${uri.scheme}://${uri.host}${uri.path}`)]
    }
    case 'user':
      return userScopes(value, compiled)
  }
}

/** The credential may come from any one source of `identity.user`: whichever it was, it is purged. */
function userScopes(credential: string, compiled: CompiledRoutes): Scope[] {
  return compiled.settings.identity.user.flatMap(source => {
    const fields = source.kind === 'header' ? [source.name, credential] : ['Cookie', `${source.name}=${credential}`]
    return compiled.identification.aliases({ fields }).map(userScope)
  })
}
