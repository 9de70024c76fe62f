// Does the admin API do what it is asked, and say clearly why not?

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, test } from 'node:test'
import { milliseconds } from '../../src/base/units.ts'
import { aClock, anUpstreamEvent, aRequestEvent } from '../observability/events.ts'
import { ask as askAt, type Sketch } from './client.ts'
import { type RunningAdmin, startAdmin } from './services.ts'

const clock = aClock()
let running: RunningAdmin
const ask = (path: string, sketch: Sketch = {}) => askAt(running.url, path, sketch)

const post = (path: string, content: unknown, headers: Record<string, string> = {}) =>
  ask(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: typeof content === 'string' ? content : JSON.stringify(content),
  })

afterEach(() => running.close())

describe('POST content', () => {
  test('any type but application/json is 415', async () => {
    running = await startAdmin({ clock })
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp']) {
      assert.equal((await post('/api/purge', { all: true }, { 'Content-Type': type })).status, 415)
    }
    assert.deepEqual(running.services.orders, [])
  })

  test('parameters of the type are fine', async () => {
    running = await startAdmin({ clock })
    assert.equal(
      (await post('/api/purge', { all: true }, { 'Content-Type': 'application/json; charset=utf-8' })).status,
      200,
    )
  })

  test('too much is 413 and ends the connection', async () => {
    running = await startAdmin({ clock })
    const got = await post('/api/purge', { tag: 'x'.repeat(70_000) })
    assert.equal(got.status, 413)
  })

  test('what is not a JSON object is 400', async () => {
    running = await startAdmin({ clock })
    for (const body of ['', '{', '[]', 'null', '"tag"']) assert.equal((await post('/api/purge', body)).status, 400)
  })

  test('a reload needs no members but does need JSON', async () => {
    running = await startAdmin({ clock })
    assert.equal((await post('/api/reload', {})).status, 200)
    assert.equal((await ask('/api/reload', { method: 'POST' })).status, 415)
  })
})

describe('purge', () => {
  for (const [content, order] of [
    [{ tag: 'patients:7' }, { by: 'tag', value: 'patients:7', soft: false }],
    [
      { url: '/a?b=1', soft: true },
      { by: 'url', value: '/a?b=1', soft: true },
    ],
    [{ prefix: 'http://x.example/a' }, { by: 'prefix', value: 'http://x.example/a', soft: false }],
    [{ route: 'patients' }, { by: 'route', value: 'patients', soft: false }],
    [{ user: 'Bearer abc' }, { by: 'user', value: 'Bearer abc', soft: false }],
    [{ all: true }, { by: 'all', value: '', soft: false }],
  ] as const) {
    test(`${JSON.stringify(content)} is passed on`, async () => {
      running = await startAdmin({ clock })
      const got = await post('/api/purge', content)
      assert.deepEqual(running.services.orders, [order])
      assert.deepEqual(got.json(), { purged: 3, replicas: 'local' })
    })
  }

  for (const content of [
    {},
    { soft: true },
    { tag: 'a', url: '/b' },
    { tag: '' },
    { tag: ['a', 'b'] },
    { all: false },
    { all: 'yes' },
    { url: 'relative' },
    { prefix: 'x' },
    { tags: 'a' },
    { tag: 'a', soft: 'yes' },
  ]) {
    test(`${JSON.stringify(content)} is refused and nothing is purged`, async () => {
      running = await startAdmin({ clock })
      const got = await post('/api/purge', content)
      assert.equal(got.status, 400)
      assert.ok(String(got.json()['detail']).length > 10)
      assert.deepEqual(running.services.orders, [])
    })
  }

  test('what the service refuses is 422 with its words', async () => {
    const purge = () => Promise.resolve({ refused: true as const, detail: 'There is no route `x`.' })
    running = await startAdmin({ clock, replaced: { purge } })
    const got = await post('/api/purge', { route: 'x' })
    assert.equal(got.status, 422)
    assert.equal(got.json()['detail'], 'There is no route `x`.')
  })
})

describe('questions', () => {
  test('explain gets method, URL and fields in wire form', async () => {
    running = await startAdmin({ clock })
    const got = await post('/api/explain', {
      method: 'get',
      url: '/a',
      headers: { Accept: 'text/html', Cookie: ['a=1', 'b=2'] },
    })
    assert.deepEqual(got.json()['asked'], {
      method: 'GET',
      url: '/a',
      fields: ['Accept', 'text/html', 'Cookie', 'a=1', 'Cookie', 'b=2'],
    })
  })

  for (const content of [
    { url: '/a' },
    { method: 'GET' },
    { method: 'G T', url: '/a' },
    { method: 'GET', url: 'a' },
    { method: 'GET', url: '/', headers: { 'a b': 'c' } },
    { method: 'GET', url: '/', headers: { a: 'b\r\nc: d' } },
    { method: 'GET', url: '/', header: {} },
  ]) {
    test(`explain refuses ${JSON.stringify(content)}`, async () => {
      running = await startAdmin({ clock })
      assert.equal((await post('/api/explain', content)).status, 400)
    })
  }

  test('entry asks about a GET', async () => {
    running = await startAdmin({ clock })
    const got = await post('/api/entry', { url: '/a' })
    assert.deepEqual(got.json()['asked'], { method: 'GET', url: '/a', fields: [] })
  })

  test('config is what the service says is safe to show', async () => {
    running = await startAdmin({ clock })
    assert.deepEqual((await ask('/api/config')).json(), { listen: '127.0.0.1:8080', admin: { token: '***' } })
  })

  test('a reload with errors is 422 with all of them', async () => {
    const errors = ['pillion.yaml:3:5: unknown key `tll`']
    running = await startAdmin({ clock, replaced: { reload: () => Promise.resolve({ ok: false as const, errors }) } })
    const got = await post('/api/reload', {})
    assert.equal(got.status, 422)
    assert.deepEqual(got.json()['errors'], errors)
  })

  test('what a service throws is logged, and the caller learns nothing of it', async () => {
    const explain = () => Promise.reject(new Error('secret detail'))
    running = await startAdmin({ clock, replaced: { explain } })
    const got = await post('/api/explain', { method: 'GET', url: '/' })
    assert.equal(got.status, 500)
    assert.doesNotMatch(got.text, /secret/)
    assert.equal(running.events[0]?.kind, 'notice')
  })
})

describe('metrics by Accept', () => {
  const typeFor = async (accept?: string) =>
    String(
      (await ask('/metrics', accept === undefined ? {} : { headers: { Accept: accept } })).headers['content-type'],
    ).split(';')[0]

  test('Prometheus text unless OpenMetrics is preferred', async () => {
    running = await startAdmin({ clock })
    const open = 'application/openmetrics-text'
    assert.equal(await typeFor(), 'text/plain')
    assert.equal(await typeFor('*/*'), 'text/plain')
    assert.equal(await typeFor(`${open};version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5`), open)
    assert.equal(await typeFor(`${open};version=1.0.0;q=0.2,text/plain;q=0.5`), 'text/plain')
    assert.equal(await typeFor(`${open};version=9.0.0,text/plain;q=0.5`), 'text/plain')
  })
})

describe('statistics', () => {
  test('the report is what was sent, in seconds, the worst route first', async () => {
    running = await startAdmin({ clock: aClock() })
    const { statistics } = running.services
    statistics.emit(aRequestEvent({ outcome: 'hit', saved: 300, bodyBytes: 1000 }))
    statistics.emit(aRequestEvent({ outcome: 'miss', duration: 200 }))
    statistics.emit(anUpstreamEvent({ duration: 200 }))
    statistics.emit(anUpstreamEvent({ route: 'dashboard', duration: 900 }))

    const stats = (await ask('/api/stats')).json() as unknown as {
      minute: Record<string, unknown>
      slo: unknown
      routes: { route: string; hour: unknown }[]
      curves: Record<string, Record<string, unknown[]>>
    }

    assert.equal(stats.minute['hitRate'], 0.5)
    assert.equal(stats.minute['savedSeconds'], 0.3)
    assert.equal(stats.minute['originSeconds'], 1.1)
    assert.equal(stats.minute['bytesSaved'], 1000)
    assert.deepEqual(stats.slo, { hitRate: 0.7, cached: 0.2, uncached: 1, pool: 0.8 })
    assert.deepEqual(
      stats.routes.map(({ route }) => route),
      ['dashboard', 'patients', 'assets'],
    )
    assert.equal(stats.routes[2]?.hour, null)
  })

  test('all columns of a curve have the same length, and pool and memory are in them', async () => {
    running = await startAdmin({ clock: aClock() })
    const { curves } = (await ask('/api/stats')).json() as unknown as {
      curves: Record<string, Record<string, unknown>>
    }
    for (const [name, length] of [
      ['seconds', 299],
      ['minutes', 60],
    ] as const) {
      const columns = Object.values(curves[name] ?? {}).filter(Array.isArray)
      assert.equal(columns.length, 16)
      assert.ok(columns.every(column => column.length === length))
    }
    assert.equal((curves['minutes'] as Record<string, unknown[]>)['storeBytes']?.at(-1), 2_097_152)
  })

  test('docs/admin-api.md names every member of the report', async () => {
    running = await startAdmin({ clock: aClock() })
    running.services.statistics.emit(aRequestEvent())
    const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'admin-api.md'), 'utf8')
    const missing = [...memberNames((await ask('/api/stats')).json())].filter(name => !page.includes(`\`${name}\``))
    assert.deepEqual(missing, [])
  })
})

function memberNames(value: unknown, names = new Set<string>()): Set<string> {
  if (Array.isArray(value)) for (const item of value) memberNames(item, names)
  else if (typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value)) memberNames(member, names.add(name))
  }
  return names
}

describe('the event stream', () => {
  const events = () => fetch(`${running.url}/api/events`)

  async function read(response: Response, count: number): Promise<string> {
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    let text = ''
    while (text.split('\n\n').length <= count) {
      const { value, done } = await reader.read()
      if (done) break
      text += Buffer.from(value).toString()
    }
    await reader.cancel()
    return text
  }

  test('sends the report at once and again every tick', async () => {
    running = await startAdmin({ clock, tick: milliseconds(5) })
    const response = await events()
    assert.equal(response.headers.get('content-type'), 'text/event-stream')
    const messages = (await read(response, 3)).split('\n\n').slice(0, 3)
    for (const message of messages) {
      assert.match(message, /^event: stats\ndata: /)
      assert.equal(JSON.parse(message.split('data: ')[1] as string).version, '0.1.0')
    }
  })

  test('the seventeenth listener is turned away', async () => {
    running = await startAdmin({ clock })
    const responses = await Promise.all(Array.from({ length: 16 }, events))
    assert.equal((await events()).status, 503)
    for (const response of responses) await response.body?.cancel()
  })

  test('closing the admin ends it', async () => {
    running = await startAdmin({ clock })
    const response = await events()
    const [text] = await Promise.all([read(response, 9).catch(() => 'cut'), running.admin.close()])
    assert.ok(text)
  })
})
