// What stands in the appointment book?
//
// A range of days, page by page, with patient and physician of each line looked up one
// by one. The book of the day is what reception reads all day long and changes most.

import { type Answer, type Call, changesOf, created, found, idOf, noContent, ok, Refusal, textOf } from './call.ts'
import { orderOf, pageAnswer, pageOf } from './paging.ts'
import { TODAY } from './seed.ts'

const STATUSES = ['booked', 'arrived', 'done', 'missed', 'cancelled']
const SORTS = { starts: 'starts_at', kind: 'kind', status: 'status' }
const COLUMNS = 'id, patient_id AS patientId, user_id AS userId, starts_at AS startsAt, minutes, kind, status'

interface AppointmentRow {
  readonly id: number
  readonly patientId: number
  readonly userId: number
}

/** GET /api/v1/appointments?from&to&page&limit&sort; days as YYYY-MM-DD, `to` included. */
export async function listAppointments(call: Call): Promise<Answer> {
  const page = pageOf(call)
  const order = orderOf(call, SORTS)
  const from = dayOf(call, 'from', TODAY)
  const to = dayOf(call, 'to', from)
  const range = `clinic_id = ?1 AND substr(starts_at, 1, 10) BETWEEN ?2 AND ?3`
  const { clinicId } = call.caller
  const total = await call.database.one<{ count: number }>(
    `SELECT count(*) AS count FROM appointments WHERE ${range}`,
    clinicId,
    from,
    to,
  )
  const rows = await call.database.all<AppointmentRow>(
    `SELECT ${COLUMNS} FROM appointments WHERE ${range} ORDER BY ${order} LIMIT ?4 OFFSET ?5`,
    clinicId,
    from,
    to,
    page.limit,
    page.offset,
  )
  const items: unknown[] = []
  for (const row of rows) items.push({ ...row, patient: await patientName(call, row.patientId) })
  return ok({ from, to, ...pageAnswer(page, total?.count ?? 0, items) })
}

function dayOf(call: Call, name: string, otherwise: string): string {
  const day = call.query.get(name) ?? otherwise
  if (!/^\d{4}-\d\d-\d\d$/.test(day) || Number.isNaN(Date.parse(day)))
    throw new Refusal(400, `"${name}" must be a day written as YYYY-MM-DD, not "${day}".`)
  return day
}

async function patientName(call: Call, patient: number): Promise<string | null> {
  const sql = `SELECT given || ' ' || family AS name FROM patients WHERE id = ?`
  return (await call.database.one<{ name: string }>(sql, patient))?.name ?? null
}

async function appointmentOf(call: Call): Promise<AppointmentRow> {
  const id = idOf(call)
  const sql = `SELECT ${COLUMNS} FROM appointments WHERE id = ? AND clinic_id = ?`
  return found(await call.database.one<AppointmentRow>(sql, id, call.caller.clinicId), `Appointment ${id}`)
}

/** GET /api/v1/appointments/{id}. */
export async function showAppointment(call: Call): Promise<Answer> {
  const appointment = await appointmentOf(call)
  return ok({ ...appointment, patient: await patientName(call, appointment.patientId) })
}

/** POST /api/v1/appointments with `patientId`, `startsAt`, `kind`. */
export async function addAppointment(call: Call): Promise<Answer> {
  const startsAt = textOf(call, 'startsAt')
  const kind = textOf(call, 'kind')
  if (Number.isNaN(Date.parse(startsAt))) throw new Refusal(422, `"startsAt" must be an ISO 8601 time.`)
  const wanted = Number(call.body['patientId'])
  const patient = await call.database.one<{ id: number }>(
    'SELECT id FROM patients WHERE id = ? AND clinic_id = ?',
    Number.isSafeInteger(wanted) ? wanted : 0,
    call.caller.clinicId,
  )
  const { id } = await call.database.run(
    `INSERT INTO appointments (clinic_id, patient_id, user_id, starts_at, minutes, kind, status)
     VALUES (?, ?, ?, ?, 30, ?, 'booked')`,
    call.caller.clinicId,
    found(patient, 'The patient of "patientId"').id,
    call.caller.userId,
    new Date(startsAt).toISOString(),
    kind,
  )
  call.announce('appointment', { id, change: 'added' })
  return created({ id })
}

/** PATCH (PUT alike) /api/v1/appointments/{id}: `status`, `kind` or both. */
export async function changeAppointment(call: Call): Promise<Answer> {
  const { id } = await appointmentOf(call)
  const changes = changesOf(call, ['status', 'kind'])
  for (const [name, value] of changes) {
    if (name === 'status' && !STATUSES.includes(value))
      throw new Refusal(422, `"status" must be one of ${STATUSES.join(', ')}.`)
  }
  await call.database.run(
    `UPDATE appointments SET ${changes.map(([name]) => `${name} = ?`).join(', ')} WHERE id = ?`,
    ...changes.map(([, value]) => value),
    id,
  )
  call.announce('appointment', { id, change: 'changed' })
  return ok(await appointmentOf(call))
}

/** DELETE /api/v1/appointments/{id}. */
export async function removeAppointment(call: Call): Promise<Answer> {
  const { id } = await appointmentOf(call)
  await call.database.run('DELETE FROM appointments WHERE id = ?', id)
  call.announce('appointment', { id, change: 'removed' })
  return noContent
}
