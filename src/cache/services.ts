// What does the engine work with?
//
// The parts that app.ts put together, under the narrowest types that do. The rules are
// replaced as a whole at a reload; the services stay.

import type { BackgroundWork } from '../base/background.ts'
import type { Clock } from '../base/clock.ts'
import type { Telemetry } from '../base/events.ts'
import type { Bytes } from '../base/units.ts'
import type { Fleet } from '../store/fleet.ts'
import type { MemoryStore } from '../store/memory-store.ts'
import type { PurgeEpochs } from '../store/purge-epochs.ts'
import type { Store } from '../store/store.ts'
import type { Upstream } from '../upstream/upstream.ts'
import type { Acceptances } from './acceptance.ts'
import type { AuditLines } from './audit.ts'
import type { BufferBudget } from './buffer-budget.ts'
import type { Quarantine } from './quarantine.ts'
import type { Rules } from './routed-request.ts'
import type { SearchKeys } from './search-keys.ts'

export interface EngineServices {
  readonly clock: Clock
  readonly telemetry: Telemetry
  readonly background: BackgroundWork
  readonly store: Store
  /** The part of the store that answers in the same turn. */
  readonly memory: Pick<MemoryStore, 'select' | 'operations'>
  readonly epochs: PurgeEpochs
  /** The other replicas; undefined: there are none. */
  readonly fleet?: Fleet | undefined
  readonly upstream: Upstream
  readonly budget: BufferBudget
  readonly quarantine: Quarantine
  readonly acceptances: Acceptances
  /** Where answers given without the origin leave their lines. */
  readonly audit: AuditLines
  /** Resolves once other workers heard what was withdrawn here; undefined: there is nothing to wait for. */
  readonly withdrawalsTold?: (() => Promise<unknown> | undefined) | undefined
  /** In [0, 1). */
  random(): number
}

/** What forwarding needs besides: what was learnt about queries. */
export interface FlightServices extends EngineServices {
  readonly searches: SearchKeys
}

export interface EngineRules extends Rules {
  /** What Host says to the origin; undefined: what the client said. */
  readonly upstreamHost: string | undefined
  readonly maxBody: Bytes
}
