// What is written down about a patient?
//
// Notes are read with every visit and written after it; each author's name is looked
// up note by note.

import { type Answer, type Call, created, found, idOf, noContent, ok, textOf } from './call.ts'
import { patientOf } from './patients.ts'

interface NoteRow {
  readonly id: number
  readonly userId: number
  readonly text: string
  readonly createdAt: string
}

/** GET /api/v1/patients/{id}/notes, the newest first. */
export async function listNotes(call: Call): Promise<Answer> {
  const patient = await patientOf(call)
  const rows = await call.database.all<NoteRow>(
    `SELECT id, user_id AS userId, text, created_at AS createdAt FROM notes WHERE patient_id = ?
     ORDER BY created_at DESC, id DESC LIMIT 30`,
    patient.id,
  )
  const items: unknown[] = []
  for (const { userId, ...note } of rows) {
    const author = await call.database.one<{ name: string }>('SELECT name FROM users WHERE id = ?', userId)
    items.push({ ...note, author: author?.name ?? null })
  }
  const total = await call.database.one<{ count: number }>(
    `SELECT count(*) AS count FROM notes WHERE patient_id + 0 = ?`,
    patient.id,
  )
  const visits = await call.database.all(
    `SELECT starts_at AS startsAt, kind,
       (SELECT count(*) FROM notes WHERE notes.patient_id = appointments.patient_id
          AND substr(notes.created_at, 1, 10) = substr(appointments.starts_at, 1, 10)) AS notes
     FROM appointments WHERE patient_id = ? AND status = 'done' ORDER BY starts_at DESC`,
    patient.id,
  )
  const next = await call.database.one(
    `SELECT min(starts_at) AS startsAt FROM appointments WHERE patient_id = ? AND status = 'booked'`,
    patient.id,
  )
  return ok({ patient: patient.id, total: total?.count ?? 0, items, visits, next })
}

/** POST /api/v1/patients/{id}/notes with `text`. */
export async function addNote(call: Call): Promise<Answer> {
  const text = textOf(call, 'text')
  const patient = await patientOf(call)
  const createdAt = new Date().toISOString()
  const { id } = await call.database.run(
    'INSERT INTO notes (patient_id, user_id, text, created_at) VALUES (?, ?, ?, ?)',
    patient.id,
    call.caller.userId,
    text,
    createdAt,
  )
  call.announce('note', { id, patient: patient.id, change: 'added' })
  return created({ id, text, createdAt })
}

/** PATCH /api/v1/patients/{id}/notes/{note} with `text`: one's own notes only. */
export async function changeNote(call: Call): Promise<Answer> {
  const text = textOf(call, 'text')
  const patient = await patientOf(call)
  const note = idOf(call, 'note')
  const { changes } = await call.database.run(
    'UPDATE notes SET text = ? WHERE id = ? AND patient_id = ? AND user_id = ?',
    text,
    note,
    patient.id,
    call.caller.userId,
  )
  found(changes === 0 ? undefined : note, `Note ${note} of yours`)
  call.announce('note', { id: note, patient: patient.id, change: 'changed' })
  return ok({ id: note, text })
}

/** DELETE /api/v1/patients/{id}/notes/{note}: one's own notes only. */
export async function removeNote(call: Call): Promise<Answer> {
  const patient = await patientOf(call)
  const note = idOf(call, 'note')
  const { changes } = await call.database.run(
    'DELETE FROM notes WHERE id = ? AND patient_id = ? AND user_id = ?',
    note,
    patient.id,
    call.caller.userId,
  )
  found(changes === 0 ? undefined : note, `Note ${note} of yours`)
  call.announce('note', { id: note, patient: patient.id, change: 'removed' })
  return noContent
}
