// What do the start page and the clinic's own page show?
//
// One query per tile and per line, each scanning a table without a fitting index: how
// such pages come to be when a tile is added every half year. The monthly report is
// the same habit at its largest, some 200 KiB of it.

import { type Answer, type Call, found, ok } from './call.ts'
import { TODAY } from './seed.ts'

/** Tile → its SQL; `?1` is the clinic, `?2` the day. */
const TILES = {
  patients: `SELECT count(*) AS value FROM patients WHERE clinic_id = ?1 AND ?2 IS NOT NULL`,
  newPatients: `SELECT count(*) AS value FROM patients WHERE clinic_id = ?1 AND updated_at >= date(?2, '-30 days')`,
  minors: `SELECT count(*) AS value FROM patients WHERE clinic_id = ?1 AND born > date(?2, '-18 years')`,
  withAllergies: `SELECT count(*) AS value FROM patients WHERE clinic_id = ?1 AND allergies NOT LIKE '%none%' AND ?2 <> ''`,
  today: `SELECT count(*) AS value FROM appointments WHERE clinic_id = ?1 AND substr(starts_at, 1, 10) = ?2`,
  week: `SELECT count(*) AS value FROM appointments WHERE clinic_id = ?1 AND starts_at BETWEEN ?2 AND date(?2, '+7 days')`,
  missed: `SELECT count(*) AS value FROM appointments WHERE clinic_id = ?1 AND status = 'missed' AND starts_at < ?2`,
  open: `SELECT count(*) AS value FROM appointments WHERE clinic_id = ?1 AND status = 'booked' AND starts_at >= ?2`,
  arrived: `SELECT count(*) AS value FROM appointments WHERE clinic_id = ?1 AND status = 'arrived' AND starts_at >= ?2`,
  busiestHour: `SELECT substr(starts_at, 12, 2) AS value FROM appointments WHERE clinic_id = ?1 AND starts_at < ?2
                GROUP BY value ORDER BY count(*) DESC LIMIT 1`,
  notesThisWeek: `SELECT count(*) AS value FROM notes WHERE created_at > date(?2, '-7 days')
                  AND user_id IN (SELECT id FROM users WHERE clinic_id = ?1)`,
  unread: `SELECT count(*) AS value FROM notifications WHERE read_at IS NULL AND ?2 <> ''
           AND user_id IN (SELECT id FROM users WHERE clinic_id = ?1)`,
  services: `SELECT count(*) AS value FROM clinic_services WHERE clinic_id = ?1 AND ?2 IS NOT NULL`,
  longestIdle: `SELECT min(updated_at) AS value FROM patients WHERE clinic_id = ?1 AND updated_at < ?2`,
}

/** GET /api/v1/dashboard/stats. */
export async function dashboardStats(call: Call): Promise<Answer> {
  const tiles: Record<string, unknown> = {}
  for (const [name, sql] of Object.entries(TILES)) {
    const row = await call.database.one<{ value: unknown }>(sql, call.caller.clinicId, TODAY)
    tiles[name] = row?.value ?? null
  }
  return ok({ clinic: call.caller.clinic, day: TODAY, tiles })
}

/** GET /api/v1/clinic: the page about the clinic itself; changes a few times a year. */
export async function clinicPage(call: Call): Promise<Answer> {
  const { clinicId } = call.caller
  const clinic = await call.database.one<Record<string, unknown>>(
    'SELECT code, name, address, phone FROM clinics WHERE id = ?',
    clinicId,
  )
  const hours: unknown[] = []
  for (let weekday = 1; weekday <= 7; weekday += 1) {
    hours.push(
      await call.database.one(
        'SELECT weekday, opens, closes FROM clinic_hours WHERE clinic_id = ? AND weekday = ?',
        clinicId,
        weekday,
      ),
    )
  }
  const services = await call.database.all(
    'SELECT name, minutes, price FROM clinic_services WHERE clinic_id = ?',
    clinicId,
  )
  const staff = await call.database.all('SELECT name, role FROM users WHERE clinic_id = ? ORDER BY name', clinicId)
  return ok({ ...found(clinic, 'The clinic'), hours, services, staff })
}

/** GET /api/v1/reports/monthly: every appointment of half a year, month by month. */
export async function monthlyReport(call: Call): Promise<Answer> {
  const months: unknown[] = []
  for (let back = 5; back >= 0; back -= 1) {
    const rows = await call.database.all(
      `SELECT appointments.starts_at AS startsAt, appointments.kind, appointments.status, patients.family
       FROM appointments JOIN patients ON patients.id = appointments.patient_id
       WHERE appointments.clinic_id = ?1 AND substr(starts_at, 1, 7) = substr(date(?2, '-' || ?3 || ' months'), 1, 7)
       ORDER BY starts_at LIMIT 350`,
      call.caller.clinicId,
      TODAY,
      back,
    )
    const staff = await call.database.all(
      `SELECT users.name, (SELECT count(*) FROM appointments WHERE user_id = users.id
         AND substr(starts_at, 1, 7) = substr(date(?2, '-' || ?3 || ' months'), 1, 7)) AS visits
       FROM users WHERE clinic_id = ?1`,
      call.caller.clinicId,
      TODAY,
      back,
    )
    months.push({ back, appointments: rows, staff })
  }
  return ok({ clinic: call.caller.clinic, until: TODAY, months })
}
