// What must somebody know before trusting a prediction?
//
// A log that holds only part of the truth gives figures that look exact. Each note names
// one such gap, what was assumed, and what to do about it.

import type { CompiledRoutes } from '../../routing/compiled-routes.ts'
import { holdsOnlySlow, type LogTally } from '../log/read-logs.ts'
import type { ReplayReport } from './replay.ts'

export interface Played {
  readonly tally: LogTally
  readonly report: ReplayReport
  readonly compiled: CompiledRoutes
  readonly simulation: { readonly sampled: number }
}

/** Sentences, most important first; empty where there is nothing to know. */
export function replayNotes({ tally, report, compiled, simulation }: Played): string[] {
  const notes = logNotes(tally)
  if (report.high - report.low > 0.005 && tally.named < tally.records) {
    notes.push(
      'the log does not name who asked, so hit rates of routes that are not `share: everyone` lie between two bounds; ' +
        'the single figure takes one address and browser for one user. For JSON logs --user-field says where the user is',
    )
  }
  if (compiled.router.routes.length === 0) {
    notes.push('there is no configuration with routes, so only what the origin allows by itself would be stored')
  }
  if (simulation.sampled < 1) {
    notes.push(`so many responses would be stored that 1 of ${1 / simulation.sampled} keys was simulated`)
  }
  return notes
}

/** What is to be known of the log, whatever is made of it. */
export function logNotes(tally: LogTally): string[] {
  const notes: string[] = []
  if (holdsOnlySlow(tally)) {
    notes.push(
      `this log holds only slow requests (none took less than ${Math.round(tally.shortest ?? 0)} ms), so its rates are not ` +
        'those of the traffic; set `log.access: all` for a day',
    )
  }
  if (tally.malformed > 0) {
    notes.push(`${tally.malformed} of ${tally.lines} lines are malformed; the first: ${tally.sample ?? ''}`)
  }
  if (tally.described < tally.records) {
    notes.push(
      tally.described === 0
        ? 'the log does not hold what the origin said about caching; it is taken to be silent'
        : 'some lines do not hold what the origin said about caching; there it is taken to be silent',
    )
  }
  return notes
}
