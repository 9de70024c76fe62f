// How do a dozen people work with the clinic's application?
//
// Each signs in and then, one page after the other, reads, reloads and now and then
// writes; the next page begins when the last one is there, so a slow proxy gets fewer
// requests, never a pile of them. Together some 40 to 80 requests a second. Who wrote
// a note reads the notes again and looks for it: a cache that hid it would be found out.

import { setTimeout as pause } from 'node:timers/promises'
import { type Account, STAFF } from './accounts.ts'
import { Browser } from './browser.ts'
import { type Activity, createHabits, type Habits } from './habits.ts'
import type { Measurements } from './measurements.ts'

export interface Staff {
  /** Everybody stops at once; resolves when nobody is asking any more. */
  stop(): Promise<void>
}

/** Everybody but the visitor comes to work at `url`, within the first two seconds. */
export function startStaff(url: string, measurements: Measurements): Staff {
  const day = new AbortController()
  const people = STAFF.filter(({ login }) => login !== 'visitor').map((account, at) => {
    const browser = new Browser(url, measurements, day.signal)
    const habits = createHabits(at, account.clinic)
    return work({ account, browser, habits, measurements, signal: day.signal }, at * 160)
  })
  return {
    stop: async () => {
      day.abort()
      await Promise.all(people)
    },
  }
}

interface Person {
  readonly account: Account
  readonly browser: Browser
  readonly habits: Habits
  readonly measurements: Measurements
  readonly signal: AbortSignal
}

async function work(person: Person, arrivesAfter: number): Promise<void> {
  await rest(arrivesAfter, person.signal)
  while (!person.signal.aborted && !(await signIn(person))) await rest(1000, person.signal)
  if (person.account.role === 'reception')
    person.browser.listen('/api/v1/events', () => person.measurements.recordEvent())
  if (!person.signal.aborted) await ACTIVITIES['application'](person)
  while (!person.signal.aborted) {
    await ACTIVITIES[person.habits.next()](person)
    await read(person)
  }
  person.browser.close()
}

function read({ habits, signal }: Person): Promise<void> {
  return rest(habits.pauseMilliseconds(), signal)
}

/** Sleeps; an end of the day wakes. */
async function rest(milliseconds: number, signal: AbortSignal): Promise<void> {
  await pause(milliseconds, undefined, { signal }).catch(() => undefined)
}

async function signIn({ account, browser }: Person): Promise<boolean> {
  const { login, password } = account
  const reply = await browser.send({ route: 'POST /api/v1/auth/sign-in', body: { login, password } })
  if (reply.status !== 200) return false
  const { token, clinic } = JSON.parse(reply.text) as { token: string; clinic: string }
  browser.become(token, clinic)
  return true
}

const NAMES = ['Rossi', 'Weiss', 'Novak', 'Lund', 'Krol', 'Costa']
const WEEK = 'from=2026-11-02&to=2026-11-06'

const ACTIVITIES: Readonly<Record<Activity, (person: Person) => Promise<unknown>>> = {
  'start-page': ({ browser, habits }) => {
    const reload = habits.onceIn(2)
    const routes = ['GET /api/v1/dashboard/stats', 'GET /api/v1/settings', 'GET /api/v1/notifications']
    return Promise.all(routes.map(route => browser.send({ route, reload })))
  },
  bell: ({ browser }) => browser.send({ route: 'GET /api/v1/notifications' }),
  patient: async person => {
    const id = person.habits.patient()
    await openPatient(person, id)
    if (!person.habits.onceIn(3)) return
    await read(person)
    await openPatient(person, id, true)
  },
  'patient-list': person => {
    const page = person.habits.page(3)
    // The same page by two spellings: as the menu links it, and as a newsletter does.
    const target = person.habits.onceIn(2)
      ? `/api/v1/patients?page=${page}&limit=20&sort=family`
      : `/api/v1/patients?sort=family&limit=20&page=${page}&utm_source=newsletter`
    return openFromList(person, target)
  },
  search: person => openFromList(person, `/api/v1/patients?q=${person.habits.pick(NAMES)}&limit=20`),
  book: readBook,
  clinic: ({ browser }) => browser.send({ route: 'GET /api/v1/clinic' }),
  labs: ({ browser }) => browser.send({ route: 'GET /api/v1/labs' }),
  report: ({ browser }) => browser.send({ route: 'GET /api/v1/reports/monthly' }),
  application: async ({ browser }) => {
    const { text } = await browser.send({ route: 'GET /' })
    const assets = new Set(text.match(/\/static\/[\w.-]+/g))
    await Promise.all([...assets].map(target => browser.send({ route: 'GET /static/**', target })))
  },
  'write-note': writeNotes,
  'move-appointment': moveAppointment,
  'edit-patient': ({ browser, habits }) =>
    browser.send({
      route: 'PATCH /api/v1/patients/{id}',
      target: `/api/v1/patients/${habits.patient()}`,
      body: { phone: `+00 555 ${Math.round(habits.pauseMilliseconds() * 100)}` },
    }),
  'read-notification': readNotification,
  'change-settings': ({ browser, habits }) =>
    browser.send({ route: 'PATCH /api/v1/settings', body: { theme: habits.pick(['light', 'dark']) } }),
}

function openPatient({ browser }: Person, id: number, reload = false): Promise<unknown> {
  const target = `/api/v1/patients/${id}`
  return Promise.all([
    browser.send({ route: 'GET /api/v1/patients/{id}', target, reload }),
    browser.send({ route: 'GET /api/v1/patients/{id}/notes', target: `${target}/notes`, reload }),
  ])
}

/** List, a patient, and back to the list. */
async function openFromList(person: Person, target: string): Promise<void> {
  const route = 'GET /api/v1/patients'
  await person.browser.send({ route, target })
  await read(person)
  await openPatient(person, person.habits.patient())
  await read(person)
  await person.browser.send({ route, target })
}

/** Looks into the book, and again a moment later, as long as somebody stands at the desk. */
async function readBook(person: Person): Promise<void> {
  const { browser, habits } = person
  const target = habits.onceIn(5) ? `/api/v1/appointments?${WEEK}` : '/api/v1/appointments?page=1'
  await browser.send({ route: 'GET /api/v1/appointments', target })
  for (let looks = 0; looks < 3; looks += 1) {
    await read(person)
    await browser.send({ route: 'GET /api/v1/appointments', target, reload: true })
  }
}

/** What was found and what comes next, one note each; then the notes are read again, and both have to be there. */
async function writeNotes(person: Person): Promise<void> {
  const { browser, habits, measurements } = person
  const target = `/api/v1/patients/${habits.patient()}/notes`
  const ids: number[] = []
  for (const text of ['Seen today, doing well.', 'Next control in six weeks.']) {
    await read(person)
    const written = await browser.send({ route: 'POST /api/v1/patients/{id}/notes', target, body: { text } })
    if (written.status === 201) ids.push((JSON.parse(written.text) as { id: number }).id)
  }
  const notes = await browser.send({ route: 'GET /api/v1/patients/{id}/notes', target })
  if (notes.status !== 200) return
  for (const id of ids) measurements.recordOwnWrite(notes.text.includes(`"id":${id},`))
}

async function moveAppointment({ browser, habits }: Person): Promise<void> {
  const book = await browser.send({ route: 'GET /api/v1/appointments', target: '/api/v1/appointments?page=1' })
  const id = habits.pick(idsIn(book.text))
  if (id === undefined) return
  await browser.send({
    route: 'PATCH /api/v1/appointments/{id}',
    target: `/api/v1/appointments/${id}`,
    body: { status: habits.pick(['booked', 'arrived', 'done']) },
  })
}

async function readNotification({ browser, habits }: Person): Promise<void> {
  const list = await browser.send({ route: 'GET /api/v1/notifications' })
  const id = habits.pick(idsIn(list.text))
  if (id === undefined) return
  await browser.send({
    route: 'POST /api/v1/notifications/{id}/read',
    target: `/api/v1/notifications/${id}/read`,
  })
}

/** Ids of a list's lines; none where the answer was no list. */
function idsIn(text: string): (string | undefined)[] {
  return Array.from(text.matchAll(/"id":(\d+)/g), match => match[1])
}
