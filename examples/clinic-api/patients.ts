// What can be done with patients?
//
// Lists with search over every text column (LIKE '%x%', so no index can help), the
// next appointment of each row asked one by one, a detail page put together from
// seven small queries. Another clinic's patient does not exist for the caller.

import { type Answer, type Call, changesOf, created, found, idOf, noContent, ok, textOf } from './call.ts'
import { orderOf, pageAnswer, pageOf } from './paging.ts'
import { TODAY } from './seed.ts'

const COLUMNS = 'id, given, family, born, phone, email, insurance, allergies, updated_at AS updatedAt'
const SORTS = { family: 'family', given: 'given', born: 'born', updated: 'updated_at' }
const CHANGEABLE = ['given', 'family', 'born', 'phone', 'email', 'insurance', 'allergies']
const SEARCH = `clinic_id = ?1 AND (?2 = '' OR given LIKE '%' || ?2 || '%' OR family LIKE '%' || ?2 || '%'
  OR email LIKE '%' || ?2 || '%' OR phone LIKE '%' || ?2 || '%' OR insurance LIKE '%' || ?2 || '%')`

export interface PatientRow {
  readonly id: number
  readonly given: string
  readonly family: string
}

/** The patient of the path, or 404; every endpoint below a patient begins with it. */
export async function patientOf(call: Call): Promise<PatientRow> {
  const id = idOf(call)
  const sql = `SELECT ${COLUMNS} FROM patients WHERE id = ? AND clinic_id = ?`
  return found(await call.database.one<PatientRow>(sql, id, call.caller.clinicId), `Patient ${id}`)
}

/** GET /api/v1/patients?page&limit&sort&q. */
export async function listPatients(call: Call): Promise<Answer> {
  const page = pageOf(call)
  const order = orderOf(call, SORTS)
  const search = call.query.get('q') ?? ''
  const { clinicId } = call.caller
  const total = await call.database.one<{ count: number }>(
    `SELECT count(*) AS count FROM patients WHERE ${SEARCH}`,
    clinicId,
    search,
  )
  const rows = await call.database.all<PatientRow>(
    `SELECT ${COLUMNS} FROM patients WHERE ${SEARCH} ORDER BY ${order} LIMIT ?3 OFFSET ?4`,
    clinicId,
    search,
    page.limit,
    page.offset,
  )
  const items: unknown[] = []
  for (const row of rows) items.push({ ...row, next: await nextAppointment(call, row.id) })
  return ok(pageAnswer(page, total?.count ?? 0, items))
}

async function nextAppointment(call: Call, patient: number): Promise<unknown> {
  const row = await call.database.one(
    `SELECT starts_at AS startsAt, kind FROM appointments WHERE patient_id = ? AND starts_at >= ?
     ORDER BY starts_at LIMIT 1`,
    patient,
    TODAY,
  )
  return row ?? null
}

/** GET /api/v1/patients/{id}. */
export async function showPatient(call: Call): Promise<Answer> {
  const patient = await patientOf(call)
  const { database } = call
  const counted = async (sql: string) => (await database.one<{ count: number }>(sql, patient.id))?.count
  return ok({
    ...patient,
    next: await nextAppointment(call, patient.id),
    visits: await counted(`SELECT count(*) AS count FROM appointments WHERE patient_id = ? AND status = 'done'`),
    missed: await counted(`SELECT count(*) AS count FROM appointments WHERE patient_id = ? AND status = 'missed'`),
    booked: await counted(`SELECT count(*) AS count FROM appointments WHERE patient_id = ? AND status = 'booked'`),
    physicians: await database.all(
      `SELECT DISTINCT name FROM users WHERE id IN (SELECT user_id FROM appointments WHERE patient_id = ?)`,
      patient.id,
    ),
    results: await database.all(
      'SELECT code, value, unit, taken_at AS takenAt FROM lab_results WHERE patient_id = ? ORDER BY taken_at DESC',
      patient.id,
    ),
    sameName: await database.one(
      `SELECT count(*) AS count FROM patients AS other
       WHERE other.family = ? AND other.clinic_id = ? AND other.id <> ?`,
      patient.family,
      call.caller.clinicId,
      patient.id,
    ),
  })
}

/** POST /api/v1/patients. */
export async function addPatient(call: Call): Promise<Answer> {
  const values = CHANGEABLE.map(name => textOf(call, name))
  const { id } = await call.database.run(
    `INSERT INTO patients (clinic_id, ${CHANGEABLE.join(', ')}, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    call.caller.clinicId,
    ...values,
    new Date().toISOString(),
  )
  call.announce('patient', { id, change: 'added' })
  return created({ id })
}

/** PUT needs every field, PATCH any. */
export async function replacePatient(call: Call): Promise<Answer> {
  for (const name of CHANGEABLE) textOf(call, name)
  return changePatient(call)
}

export async function changePatient(call: Call): Promise<Answer> {
  const { id } = await patientOf(call)
  const changes = changesOf(call, CHANGEABLE)
  await call.database.run(
    `UPDATE patients SET ${changes.map(([name]) => `${name} = ?`).join(', ')}, updated_at = ? WHERE id = ?`,
    ...changes.map(([, value]) => value),
    new Date().toISOString(),
    id,
  )
  call.announce('patient', { id, change: 'changed' })
  return ok(await patientOf(call))
}

/** DELETE /api/v1/patients/{id}, with everything that hangs on it. */
export async function removePatient(call: Call): Promise<Answer> {
  const { id } = await patientOf(call)
  for (const table of ['notes', 'appointments', 'lab_results'])
    await call.database.run(`DELETE FROM ${table} WHERE patient_id = ?`, id)
  await call.database.run('DELETE FROM patients WHERE id = ?', id)
  call.announce('patient', { id, change: 'removed' })
  return noContent
}
