// Which changes does a reload leave for the next start?
//
// What a listener or a connection to Redis was opened with, and how many processes there
// are. Everything else is taken over while Pillion runs.

import type { Settings } from './settings.ts'

const FIXED: Readonly<Record<string, (settings: Settings) => unknown>> = {
  listen: settings => settings.listen,
  'admin.listen': settings => settings.admin.listen,
  'store.redis': settings => settings.store.redis,
  workers: settings => settings.workers,
}

/** Keys that changed without taking effect. */
export function changedUntilRestart(before: Settings, after: Settings): string[] {
  const changed = Object.entries(FIXED).filter(([, of]) => JSON.stringify(of(before)) !== JSON.stringify(of(after)))
  return changed.map(([key]) => key)
}
