// Which rules follow from a configuration?
//
// The part of it that the engine works by; the rest concerns listeners, connections and
// stores. Made anew at each reload, and replaced as a whole.

import type { Settings } from '../config/settings.ts'
import type { EngineRules } from './services.ts'

type Configured = Pick<EngineRules, 'router' | 'identification'>

/** `sealed`: what Redis is given is encrypted. */
export function engineRules({ upstream, store }: Settings, compiled: Configured, sealed: boolean): EngineRules {
  const { host, url } = upstream
  const authority = url.socketPath === undefined ? new URL(url.href).host : 'localhost'
  const { router, identification } = compiled
  const upstreamHost = host === 'upstream' ? authority : undefined
  return { router, identification, sealed, upstreamHost, maxBody: store.maxBody }
}
