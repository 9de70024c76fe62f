// What is left of the configuration's routes once they are compiled?
//
// The router for requests, who is asking, and beside them what a person wrote, so that
// `explain`, `check` and warnings can say where each key comes from. Replaced as a whole
// at a reload.

import type { KeyPath } from '../config/problems.ts'
import type { RouteSettings, RoutingSettings } from '../config/settings.ts'
import type { Identification } from './identity.ts'
import type { Router } from './router.ts'

export interface CompiledRoutes {
  readonly router: Router
  readonly identification: Identification
  /** As written, with where each key comes from; by route name, `default` included. */
  readonly written: ReadonlyMap<string, RouteSettings>
  readonly settings: RoutingSettings
}

/** Where the file says what holds for this key of the route. */
export function writtenAt(written: RouteSettings, key: keyof RouteSettings['writtenIn']): KeyPath {
  return written.writtenIn[key] === 'defaults' ? ['defaults', key] : ['routes', written.name, key]
}
