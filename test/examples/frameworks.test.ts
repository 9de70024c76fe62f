// Do the examples for Express, FastAPI and Django do behind Pillion what they say?
//
// Each backend runs for real, with the configuration that lies beside it.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import type { App } from '../../src/app.ts'
import { startPillion } from '../scenario/start-pillion.ts'
import { type Backend, type Start, startBackend } from './backend.ts'
import { obtainPython, type Python } from './python.ts'

const run = promisify(execFile)
const examples = join(dirname(dirname(import.meta.dirname)), 'examples')

class Behind implements AsyncDisposable {
  readonly #app: App
  readonly #backend: Backend

  private constructor(backend: Backend, app: App) {
    this.#backend = backend
    this.#app = app
  }

  static async start(name: string, start: Start): Promise<Behind> {
    const backend = await startBackend(start)
    const text = await readFile(join(examples, name, 'pillion.yaml'), 'utf8')
    return new Behind(backend, await startPillion(backend.url, { text }))
  }

  async ask(line: string, headers: Record<string, string> = {}, body?: string) {
    const [method = '', target = ''] = line.split(' ')
    const content = body === undefined ? {} : { body }
    const answer = await fetch(`http://${this.#app.listen}${target}`, { method, headers, ...content })
    const cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    return { status: answer.status, how: answer.headers.get('cache-status') ?? '', text: await answer.text(), cookie }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#app.close()
    await this.#backend[Symbol.asyncDispose]()
  }
}

const JSON_TYPE = { 'Content-Type': 'application/json' }
const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' }
const as = (name: string) => ({ Authorization: `Bearer ${name}` })

describe('Express behind Pillion', () => {
  let folder = ''

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pillion-express-'))
    await cp(join(examples, 'express'), folder, { recursive: true })
    await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder })
  })

  after(() => rm(folder, { recursive: true, force: true }))

  test('lists come from the cache until a write, and a basket only to its owner', async () => {
    await using shop = await Behind.start('express', { program: process.execPath, words: () => ['server.js'], folder })
    await shop.ask('GET /api/products?page=2')
    assert.match((await shop.ask('GET /api/products?utm_source=x&page=2')).how, /hit/)

    await shop.ask('PATCH /api/products/11', JSON_TYPE, '{"stock":3}')
    const afterwards = await shop.ask('GET /api/products?page=2')
    assert.match(afterwards.how, /fwd=uri-miss/)
    assert.match(afterwards.text, /"id":11,"name":"Product 11","stock":3/)

    await shop.ask('GET /api/me/basket', as('ann'))
    assert.match((await shop.ask('GET /api/me/basket', as('ann'))).how, /hit/)
    assert.match((await shop.ask('GET /api/me/basket', as('bob'))).text, /"of":"bob"/)
    assert.equal((await shop.ask('GET /api/me/basket')).status, 401)
  })
})

describe('Python frameworks behind Pillion', () => {
  let python: Python | undefined

  before(async () => {
    python = await obtainPython()
  })

  test('FastAPI: a book comes from the cache until it is lent, and loans only to their owner', async t => {
    if (python === undefined) return t.skip('needs Debian’s Python packages')
    await using library = await Behind.start('fastapi', {
      ...python,
      words: port => ['-m', 'uvicorn', 'main:app', '--host', '127.0.0.1', '--port', port],
      folder: join(examples, 'fastapi'),
    })
    await library.ask('GET /books/7')
    assert.match((await library.ask('GET /books/7')).how, /hit/)

    await library.ask('PUT /books/7/lending', JSON_TYPE, '{"lent":true}')
    const lent = await library.ask('GET /books/7')
    assert.match(lent.how, /fwd=uri-miss/)
    assert.match(lent.text, /"lent":true/)

    await library.ask('GET /me/loans', as('ann'))
    assert.match((await library.ask('GET /me/loans', as('ann'))).how, /hit/)
    assert.match((await library.ask('GET /me/loans', as('bob'))).text, /"of":"bob"/)
    assert.equal((await library.ask('GET /me/loans')).status, 403)
  })

  test('Django: pages come from the cache until a write, and who is signed in is told by the session', async t => {
    if (python === undefined) return t.skip('needs Debian’s Python packages')
    await using news = await Behind.start('django', {
      ...python,
      words: port => ['news.py', 'runserver', `127.0.0.1:${port}`, '--noreload', '--nothreading'],
      folder: join(examples, 'django'),
    })
    await news.ask('GET /articles/')
    assert.match((await news.ask('GET /articles/')).how, /hit/)
    await news.ask('POST /articles/3/title/', FORM, 'title=Corrected')
    assert.match((await news.ask('GET /articles/')).text, /Corrected/)

    const ann = { Cookie: (await news.ask('POST /sign-in/', FORM, 'name=ann')).cookie }
    const bob = { Cookie: (await news.ask('POST /sign-in/', FORM, 'name=bob')).cookie }
    await news.ask('GET /me/', ann)
    assert.match((await news.ask('GET /me/', ann)).how, /hit/)
    assert.match((await news.ask('GET /me/', bob)).text, /bob/)
    assert.equal((await news.ask('GET /me/')).status, 401)
  })
})
