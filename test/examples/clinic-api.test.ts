// Does the clinic API behave as the legacy API it stands for?

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type ClinicApi, startClinicApi } from '../../examples/clinic-api/server.ts'
import { anonymous, type ClinicClient, signedIn } from './clinic-client.ts'

let api: ClinicApi
let anna: ClinicClient
let boris: ClinicClient

before(async () => {
  const labs = { failEvery: 3, hangEvery: 0, hangMilliseconds: 0 }
  api = await startClinicApi({ queryMilliseconds: 0, labs })
  anna = await signedIn(api, 'anna')
  boris = await signedIn(api, 'boris')
})

after(() => api.close())

describe('who may ask', () => {
  test('nothing is answered without a token', async () => {
    const { status, json } = await anonymous(api).ask('GET /api/v1/settings')
    assert.equal(status, 401)
    assert.match(json.error, /sign-in/)
  })

  test('a wrong password and an unknown login get the same answer', async () => {
    const ask = (login: string) => anonymous(api).ask('POST /api/v1/auth/sign-in', { login, password: 'wrong' })
    const [wrong, unknown] = [await ask('anna'), await ask('nobody')]
    assert.equal(wrong.status, 401)
    assert.deepEqual(unknown.json, wrong.json)
  })

  test("another clinic's X-Clinic is refused, and so is none", async () => {
    const { Authorization = '' } = anna.headers
    assert.equal(
      (await anna.ask('GET /api/v1/clinic', undefined, { Authorization, 'X-Clinic': 'harbour' })).status,
      403,
    )
    assert.equal((await anna.ask('GET /api/v1/clinic', undefined, { Authorization })).status, 403)
  })

  test("another clinic's patient does not exist", async () => {
    assert.equal((await anna.ask('GET /api/v1/patients/1')).status, 200)
    assert.equal((await boris.ask('GET /api/v1/patients/1')).status, 404)
    assert.equal((await boris.ask('PATCH /api/v1/patients/1', { given: 'Stolen' })).status, 404)
  })

  test('a signed-out token is worth nothing, another one of the same person still is', async () => {
    const [first, second] = [await signedIn(api, 'david'), await signedIn(api, 'david')]
    assert.equal((await first.ask('POST /api/v1/auth/sign-out')).status, 204)
    assert.equal((await first.ask('GET /api/v1/auth/me')).status, 401)
    assert.equal((await second.ask('GET /api/v1/auth/me')).json.name, 'David Dahl')
  })
})

describe('lists', () => {
  test('pages follow on each other without gap or repetition', async () => {
    const whole = await anna.ask('GET /api/v1/patients?limit=20&sort=born')
    const halves = await Promise.all(
      [1, 2].map(page => anna.ask(`GET /api/v1/patients?limit=10&sort=born&page=${page}`)),
    )
    assert.equal(whole.json.total, 2000)
    assert.deepEqual(
      halves.flatMap(half => half.json.items),
      whole.json.items,
    )
  })

  test('a leading minus turns the order round', async () => {
    const [up, down] = [
      await anna.ask('GET /api/v1/patients?sort=born'),
      await anna.ask('GET /api/v1/patients?sort=-born'),
    ]
    assert.ok(up.json.items[0].born < down.json.items[0].born)
  })

  test('search looks into every text column and only at the own clinic', async () => {
    const { json } = await anna.ask('GET /api/v1/patients?q=INS-100001')
    assert.deepEqual(
      json.items.map((item: { id: number }) => item.id),
      [1],
    )
    assert.equal((await boris.ask('GET /api/v1/patients?q=INS-100001')).json.total, 0)
  })

  for (const query of ['limit=0', 'limit=101', 'page=x', 'page=-1', 'sort=password']) {
    test(`?${query} is refused by name`, async () => {
      const { status, json } = await anna.ask(`GET /api/v1/patients?${query}`)
      assert.equal(status, 400)
      assert.match(json.error, new RegExp(`"${query.split('=')[0]}"`))
    })
  }

  test('appointments keep to the days asked for, both ends included', async () => {
    const { json } = await anna.ask('GET /api/v1/appointments?from=2026-11-02&to=2026-11-03&limit=100')
    const days = new Set(json.items.map((item: { startsAt: string }) => item.startsAt.slice(0, 10)))
    assert.deepEqual([...days], ['2026-11-02', '2026-11-03'])
  })

  test('a day that is none is refused', async () => {
    assert.equal((await anna.ask('GET /api/v1/appointments?from=2026-13-40')).status, 400)
  })
})

describe('writes', () => {
  test('a note is there at the next read, can be changed by its author, and is gone when removed', async () => {
    const notes = 'GET /api/v1/patients/1/notes'
    const textsOf = async () => (await anna.ask(notes)).json.items.map((item: { text: string }) => item.text)
    const added = await anna.ask('POST /api/v1/patients/1/notes', { text: 'First thought.' })
    assert.equal(added.status, 201)
    assert.ok((await textsOf()).includes('First thought.'))

    const own = `/api/v1/patients/1/notes/${added.json.id}`
    assert.equal((await anna.ask(`PATCH ${own}`, { text: 'Second thought.' })).status, 200)
    assert.ok((await textsOf()).includes('Second thought.'))
    assert.equal((await (await signedIn(api, 'gina')).ask(`DELETE ${own}`)).status, 404)
    assert.equal((await anna.ask(`DELETE ${own}`)).status, 204)
    assert.ok(!(await textsOf()).includes('Second thought.'))
  })

  test('a patient can be added, changed, replaced and removed', async () => {
    const fields = { given: 'Nora', family: 'Test', born: '2000-01-01', phone: '1', email: 'n@example.test' }
    const whole = { ...fields, insurance: 'INS-1', allergies: 'none known' }
    const { json } = await anna.ask('POST /api/v1/patients', whole)
    const path = `/api/v1/patients/${json.id}`
    assert.equal((await anna.ask(`PATCH ${path}`, { given: 'Norah' })).json.given, 'Norah')
    assert.equal((await anna.ask(`PUT ${path}`, { given: 'Nora' })).status, 422)
    assert.equal((await anna.ask(`PUT ${path}`, whole)).json.given, 'Nora')
    assert.equal((await anna.ask(`DELETE ${path}`)).status, 204)
    assert.equal((await anna.ask(`GET ${path}`)).status, 404)
  })

  test('an appointment can be made, moved and removed', async () => {
    const wanted = { patientId: 1, startsAt: '2026-11-05T10:00:00Z', kind: 'Check-up' }
    assert.equal((await boris.ask('POST /api/v1/appointments', wanted)).status, 404)
    const { json } = await anna.ask('POST /api/v1/appointments', wanted)
    const path = `/api/v1/appointments/${json.id}`
    assert.equal((await anna.ask(`PATCH ${path}`, { status: 'eaten' })).status, 422)
    assert.equal((await anna.ask(`PATCH ${path}`, { status: 'arrived' })).json.status, 'arrived')
    assert.equal((await anna.ask(`DELETE ${path}`)).status, 204)
    assert.equal((await anna.ask(`GET ${path}`)).status, 404)
  })

  test("settings and notifications are everybody's own", async () => {
    await anna.ask('PATCH /api/v1/settings', { theme: 'dark' })
    assert.equal((await anna.ask('GET /api/v1/settings')).json.settings.theme, 'dark')
    assert.equal((await boris.ask('GET /api/v1/settings')).json.settings.theme, 'light')

    const { json: before } = await anna.ask('GET /api/v1/notifications')
    const unread = before.items.find((item: { readAt: string | null }) => item.readAt === null)
    assert.equal((await boris.ask(`POST /api/v1/notifications/${unread.id}/read`)).status, 404)
    assert.equal((await anna.ask(`POST /api/v1/notifications/${unread.id}/read`)).status, 204)
    assert.equal((await anna.ask('GET /api/v1/notifications')).json.unread, before.unread - 1)
  })

  test('a body that is no JSON object is refused with the reason', async () => {
    for (const body of ['{"text":', '[]', '"text"']) {
      const { status, json } = await anna.ask('POST /api/v1/patients/1/notes', body)
      assert.equal(status, 400)
      assert.match(json.error, /JSON/)
    }
  })

  test('a method that the path does not know is refused with those it does', async () => {
    const { status, json } = await anna.ask('DELETE /api/v1/settings')
    assert.equal(status, 405)
    assert.match(json.error, /GET, PUT, PATCH/)
  })
})

describe('what makes it a legacy API', () => {
  test('no answer says anything about caching', async () => {
    for (const route of ['GET /', 'GET /api/v1/clinic', 'GET /api/v1/patients']) {
      const { status, headers } = await anna.ask(route)
      assert.equal(status, 200)
      for (const name of ['cache-control', 'etag', 'last-modified', 'expires', 'vary', 'set-cookie'])
        assert.equal(headers.get(name), null, `${route} has ${name}`)
    }
  })

  test('a list costs a query a line on top of its own, counted in total and by route', async () => {
    const [total, before] = [api.queries(), api.byRoute()['GET /api/v1/patients']?.queries ?? 0]
    await anna.ask('GET /api/v1/patients?limit=5')
    assert.equal(api.queries() - total, 8)
    assert.equal((api.byRoute()['GET /api/v1/patients']?.queries ?? 0) - before, 8)
  })

  test('the count is told over HTTP, asked without a token and without costing a query', async () => {
    const before = api.queries()
    const { json } = await anonymous(api).ask('GET /internal/queries')
    assert.deepEqual(json, { queries: before, routes: api.byRoute() })
    assert.equal(api.queries(), before)
  })

  test('the laboratory fails at its turn and answers at the others', async () => {
    const statuses: number[] = []
    for (let turn = 0; turn < 6; turn += 1) statuses.push((await anna.ask('GET /api/v1/labs')).status)
    assert.deepEqual(statuses, [200, 200, 503, 200, 200, 503])
  })

  test('assets are named after their content, and the page names them', async () => {
    const { json: page } = await anonymous(api).ask('GET /')
    const paths = page.match(/\/static\/[\w.-]+/g)
    assert.equal(paths.length, 3)
    for (const path of paths) {
      assert.match(path, /\.[0-9a-f]{10}\.(js|css|svg)$/)
      assert.equal((await anonymous(api).ask(`GET ${path}`)).status, 200)
    }
  })

  test('answers range from a few hundred bytes to some 200 KiB', async () => {
    const sizeOf = async (path: string) => Number((await anna.ask(`GET ${path}`)).headers.get('content-length'))
    assert.ok((await sizeOf('/api/v1/settings')) < 400)
    const report = await sizeOf('/api/v1/reports/monthly')
    assert.ok(report > 150 * 1024 && report < 256 * 1024, `${report} bytes`)
  })

  test('two starts have the same rows', async () => {
    const other = await startClinicApi({ queryMilliseconds: 0 })
    const route = 'GET /api/v1/patients?page=7&sort=updated'
    const [here, there] = [await boris.ask(route), await (await signedIn(other, 'boris')).ask(route)]
    await other.close()
    assert.deepEqual(there.json, here.json)
  })
})

describe('the event stream', () => {
  test('tells the own clinic what changed, and no other', async () => {
    const [mine, others] = [await listen(anna), await listen(boris)]
    await anna.ask('POST /api/v1/patients/1/notes', { text: 'Heard by the colleagues.' })
    await boris.ask('POST /api/v1/patients/2/notes', { text: 'Heard in the harbour.' })
    assert.match(await mine.next(), /^event: note\ndata: .*"patient":1,/)
    assert.match(await others.next(), /^event: note\ndata: .*"patient":2,/)
    await Promise.all([mine.close(), others.close()])
  })

  async function listen(client: ClinicClient) {
    const answer = await fetch(`${api.url}/api/v1/events`, { headers: client.headers })
    assert.equal(answer.headers.get('content-type'), 'text/event-stream')
    const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
    const next = async () => Buffer.from((await reader.read()).value ?? []).toString()
    assert.match(await next(), /^event: hello/)
    return { next, close: () => reader.cancel() }
  }
})
