// What tables does the clinic's database have?
//
// Grown over years, as such schemas are: the two indexes somebody once added stand
// below, the others (clinic, date, name, user) were never missed until the data grew.
// Times are ISO 8601 text, so that comparing strings compares instants.

export const SCHEMA = `
  CREATE TABLE clinics (
    id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, name TEXT NOT NULL, address TEXT NOT NULL, phone TEXT NOT NULL
  );
  CREATE TABLE clinic_hours (clinic_id INTEGER NOT NULL, weekday INTEGER NOT NULL, opens TEXT, closes TEXT);
  CREATE TABLE clinic_services (
    id INTEGER PRIMARY KEY, clinic_id INTEGER NOT NULL, name TEXT NOT NULL, minutes INTEGER NOT NULL, price INTEGER NOT NULL
  );
  CREATE TABLE users (
    id INTEGER PRIMARY KEY, clinic_id INTEGER NOT NULL, login TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
    role TEXT NOT NULL, salt TEXT NOT NULL, password_hash TEXT NOT NULL
  );
  CREATE TABLE sessions (token_hash TEXT PRIMARY KEY, user_id INTEGER NOT NULL, created_at TEXT NOT NULL);
  CREATE TABLE settings (user_id INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (user_id, name));
  CREATE TABLE notifications (
    id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, sender_id INTEGER NOT NULL, text TEXT NOT NULL,
    created_at TEXT NOT NULL, read_at TEXT
  );
  CREATE TABLE patients (
    id INTEGER PRIMARY KEY, clinic_id INTEGER NOT NULL, given TEXT NOT NULL, family TEXT NOT NULL, born TEXT NOT NULL,
    phone TEXT NOT NULL, email TEXT NOT NULL, insurance TEXT NOT NULL, allergies TEXT NOT NULL, updated_at TEXT NOT NULL
  );
  CREATE TABLE appointments (
    id INTEGER PRIMARY KEY, clinic_id INTEGER NOT NULL, patient_id INTEGER NOT NULL, user_id INTEGER NOT NULL,
    starts_at TEXT NOT NULL, minutes INTEGER NOT NULL, kind TEXT NOT NULL, status TEXT NOT NULL
  );
  CREATE TABLE notes (
    id INTEGER PRIMARY KEY, patient_id INTEGER NOT NULL, user_id INTEGER NOT NULL, text TEXT NOT NULL, created_at TEXT NOT NULL
  );
  CREATE TABLE lab_results (
    id INTEGER PRIMARY KEY, patient_id INTEGER NOT NULL, code TEXT NOT NULL, value REAL NOT NULL, unit TEXT NOT NULL,
    taken_at TEXT NOT NULL
  );
`

/** Made after the rows are in, so that seeding stays fast. */
export const INDEXES = `
  CREATE INDEX appointments_of_patient ON appointments (patient_id);
  CREATE INDEX notes_of_patient ON notes (patient_id);
  CREATE INDEX lab_results_of_patient ON lab_results (patient_id);
`
