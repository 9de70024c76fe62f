// What does the laboratory say, when it says anything?
//
// Stands for the one dependency every old system has that fails now and then: by a
// count, not by chance, every so many requests are refused with a 503 and every so
// many hang before they fail. Shows what stale-if-error and a route's timeout are for.

import { setTimeout as pause } from 'node:timers/promises'
import { type Answer, type Call, ok, Refusal } from './call.ts'

export interface LabSettings {
  /** Every n-th request is a 503; 0: never. */
  readonly failEvery: number
  /** Every n-th request hangs, then is a 503; 0: never. */
  readonly hangEvery: number
  readonly hangMilliseconds: number
}

/** GET /api/v1/labs: the newest results of the clinic. */
export function createLabs(settings: LabSettings): (call: Call) => Promise<Answer> {
  let asked = 0
  const isTurn = (every: number) => every > 0 && asked % every === 0
  return async call => {
    asked += 1
    if (isTurn(settings.hangEvery)) {
      await pause(settings.hangMilliseconds)
      throw new Refusal(503, 'The laboratory did not answer in time.')
    }
    if (isTurn(settings.failEvery)) throw new Refusal(503, 'The laboratory is not available. Try again later.')
    return ok({ results: await newestResults(call) })
  }
}

async function newestResults(call: Call): Promise<unknown[]> {
  const rows = await call.database.all<{ patientId: number }>(
    `SELECT patient_id AS patientId, code, value, unit, taken_at AS takenAt FROM lab_results
     WHERE patient_id IN (SELECT id FROM patients WHERE clinic_id = ?) ORDER BY taken_at DESC, id LIMIT 12`,
    call.caller.clinicId,
  )
  const results: unknown[] = []
  for (const row of rows) {
    const sql = `SELECT given || ' ' || family AS name FROM patients WHERE id = ?`
    results.push({ ...row, patient: (await call.database.one<{ name: string }>(sql, row.patientId))?.name ?? null })
  }
  return results
}
