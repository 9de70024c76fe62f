// What is in the clinic's database on the first day?
//
// The same tens of thousands of rows at every start: all chance comes from one
// generator with a fixed seed, and "today" is a fixed Monday, so that tests and demo
// runs can be compared. No person in it exists. One transaction, well under a second.

import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { CLINICS, STAFF } from './accounts.ts'
import { hashPassword } from './password.ts'

/** The day the rows were made for; the busiest one in the appointment book. */
export const TODAY = '2026-11-02'

export const PATIENTS_PER_CLINIC = 2000
const APPOINTMENTS = 18_000
const NOTES = 15_000
const LAB_RESULTS = 9_000
const NOTIFICATIONS_PER_USER = 60

const GIVEN =
  'Ada Bela Carla Dario Edda Farid Greta Hugo Ines Jonas Kira Leo Mira Nils Olga Piet Quinn Rosa Samir Tara Ugo Vera Wim Yara Zeno'
const FAMILY =
  'Abel Brandt Costa Dorn Ekman Fabre Grau Holm Iversen Janda Krol Lund Moser Novak Ortega Petri Quist Rossi Sand Thoma Ulrich Vogt Weiss Zeller'
const SERVICES =
  'Consultation,Check-up,Vaccination,Blood test,X-ray,Ultrasound,Physiotherapy,Dressing,Travel advice,ECG'
const SENTENCES = [
  'Patient reports steady improvement since the last visit.',
  'Blood pressure within the agreed range, medication unchanged.',
  'Asked for a repeat prescription; given for four weeks.',
  'Mild pain on movement, exercises explained and handed out.',
  'Results discussed by telephone, next control in three months.',
  'No known side effects. Advised to drink more and to rest.',
]
export const SETTINGS: Readonly<Record<string, string>> = {
  language: 'en',
  theme: 'light',
  startPage: 'dashboard',
  pageSize: '20',
  calendarView: 'day',
  emailDigest: 'daily',
  sound: 'off',
  signature: 'With kind regards',
}

/** Numbers in [0, 1) from a 32-bit xorshift; the same seed gives the same numbers for ever. */
export function createChance(start: number): () => number {
  let state = start | 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 4_294_967_296
  }
}

type Insert = (table: string, ...values: SQLInputValue[]) => void

interface Sowing {
  readonly insert: Insert
  readonly below: (bound: number) => number
  readonly pick: <T>(from: readonly T[]) => T
  /** TODAY shifted by whole days, at a quarter of an hour in opening time. */
  readonly slot: (days: number) => string
}

export function seed(database: DatabaseSync): void {
  database.exec('BEGIN')
  const sowing = createSowing(database)
  seedClinics(sowing)
  seedUsers(sowing)
  seedPatients(sowing)
  seedVisits(sowing)
  database.exec('COMMIT')
}

function createSowing(database: DatabaseSync): Sowing {
  const chance = createChance(20_261_102)
  const below = (bound: number) => Math.floor(chance() * bound)
  const statements = new Map<string, ReturnType<DatabaseSync['prepare']>>()
  const noon = Date.parse(`${TODAY}T00:00:00Z`)
  return {
    below,
    pick: from => from[below(from.length)] as (typeof from)[number],
    insert: (table, ...values) => {
      let statement = statements.get(table)
      if (statement === undefined) {
        statement = database.prepare(`INSERT INTO ${table} VALUES (${values.map(() => '?').join(', ')})`)
        statements.set(table, statement)
      }
      statement.run(...values)
    },
    slot: days => new Date(noon + days * 86_400_000 + (32 + below(36)) * 900_000).toISOString(),
  }
}

function seedClinics({ insert, below }: Sowing): void {
  CLINICS.forEach((clinic, at) => {
    const id = at + 1
    insert('clinics', id, clinic.code, clinic.name, `${10 + at} Example Street`, `+00 555 01${id}0`)
    for (let weekday = 1; weekday <= 7; weekday += 1) {
      const open = weekday < 6
      insert('clinic_hours', id, weekday, open ? '08:00' : null, open ? '17:00' : null)
    }
    for (const name of SERVICES.split(','))
      insert('clinic_services', null, id, name, 15 + 15 * below(3), 30 + below(90))
  })
}

function seedUsers({ insert, below, pick, slot }: Sowing): void {
  STAFF.forEach((person, at) => {
    const id = at + 1
    const clinicId = CLINICS.findIndex(clinic => clinic.code === person.clinic) + 1
    const salt = `salt-of-${person.login}`
    insert('users', id, clinicId, person.login, person.name, person.role, salt, hashPassword(person.password, salt))
    for (const [name, value] of Object.entries(SETTINGS)) insert('settings', id, name, value)
    for (let count = 0; count < NOTIFICATIONS_PER_USER; count += 1) {
      const created = slot(-below(30))
      const sender = 1 + below(STAFF.length)
      insert('notifications', null, id, sender, pick(SENTENCES), created, below(3) === 0 ? null : created)
    }
  })
}

function seedPatients({ insert, below, pick, slot }: Sowing): void {
  const given = GIVEN.split(' ')
  const family = FAMILY.split(' ')
  for (let id = 1; id <= PATIENTS_PER_CLINIC * CLINICS.length; id += 1) {
    const [first, last] = [pick(given), pick(family)]
    const born = `${1935 + below(85)}-${two(1 + below(12))}-${two(1 + below(28))}`
    const email = `${first}.${last}.${id}@example.test`.toLowerCase()
    const allergies = below(5) === 0 ? 'penicillin' : 'none known'
    const insurance = `INS-${100_000 + id}`
    const phone = `+00 555 ${10_000 + below(89_999)}`
    insert('patients', id, clinicOf(id), first, last, born, phone, email, insurance, allergies, slot(-below(400)))
  }
}

function seedVisits({ insert, below, pick, slot }: Sowing): void {
  const patients = PATIENTS_PER_CLINIC * CLINICS.length
  const kinds = SERVICES.split(',')
  for (let count = 0; count < APPOINTMENTS; count += 1) {
    const patient = 1 + below(patients)
    const days = count % 150 === 0 ? 0 : below(240) - 200
    const status = days < 0 ? pick(['done', 'done', 'done', 'missed']) : 'booked'
    const user = 1 + below(STAFF.length)
    insert('appointments', null, clinicOf(patient), patient, user, slot(days), 30, pick(kinds), status)
  }
  for (let count = 0; count < NOTES; count += 1) {
    const text = `${pick(SENTENCES)} ${pick(SENTENCES)}`
    insert('notes', null, 1 + below(patients), 1 + below(STAFF.length), text, slot(-below(300)))
  }
  for (let count = 0; count < LAB_RESULTS; count += 1) {
    const [code, unit] = pick([
      ['HbA1c', '%'],
      ['LDL', 'mmol/L'],
      ['CRP', 'mg/L'],
    ] as const)
    insert('lab_results', null, 1 + below(patients), code, Math.round(below(900)) / 100, unit, slot(-below(90)))
  }
}

/** Patients are dealt out to the clinics in turn: 1, 4, 7 … belong to the first. */
function clinicOf(patient: number): number {
  return 1 + ((patient - 1) % CLINICS.length)
}

const two = (number: number) => String(number).padStart(2, '0')
