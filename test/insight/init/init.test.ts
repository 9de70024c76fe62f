// Does `pillion init` write files that `check` accepts, with routes for the document's paths?

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import fc from 'fast-check'
import { check } from '../../../src/cli/check.ts'
import { init } from '../../../src/cli/init.ts'
import { parseApiDocument } from '../../../src/insight/init/openapi-document.ts'
import { startingFile } from '../../../src/insight/init/starting-file.ts'
import { startingRoutes } from '../../../src/insight/init/starting-routes.ts'
import { run } from '../../cli/command-run.ts'
import { startOrigin } from '../../origin/origin.ts'
import { aRequest, compile } from '../../routing/builders.ts'
import { replyWith } from '../../scenario/start-pillion.ts'

const folder = mkdtempSync(join(tmpdir(), 'pillion-init-'))
after(() => rmSync(folder, { recursive: true }))

/** In the form of FastAPI's /openapi.json. */
const FAST_API = {
  openapi: '3.1.0',
  info: { title: 'Clinic\n  evil: true', version: '1' },
  servers: [{ url: 'https://api.test/api/v1/' }],
  paths: {
    '/patients': {
      get: {
        operationId: 'list_patients',
        security: [{ OAuth2PasswordBearer: [] }],
        parameters: [{ $ref: '#/components/parameters/Page' }],
      },
      post: { security: [{ OAuth2PasswordBearer: [] }] },
    },
    '/patients/{patient_id}': { get: { security: [{ OAuth2PasswordBearer: [] }] }, delete: {}, put: {} },
    '/patients/{id}': { patch: {} },
    '/patients/{patient_id}/notes': { $ref: '#/components/pathItems/Notes' },
    '/files/{name:path}': { get: {} },
    '/token': { post: {} },
    '/export/{id}.csv': { get: { parameters: [{ in: 'header', name: 'authorization' }] } },
    '/loop': { $ref: '#/components/pathItems/Loop' },
  },
  components: {
    parameters: { Page: { in: 'query', name: 'page' } },
    pathItems: { Notes: { get: {}, post: {} }, Loop: { $ref: '#/components/pathItems/Loop' } },
    securitySchemes: {
      OAuth2PasswordBearer: { type: 'oauth2' },
      key: { type: 'apiKey', in: 'cookie', name: 'session' },
    },
  },
}

describe('init with an OpenAPI document', () => {
  test('a FastAPI document becomes routes with share, tags and purges, under mode: observe', async () => {
    const file = join(folder, 'openapi.json')
    writeFileSync(file, JSON.stringify(FAST_API))
    const output = join(folder, 'made.yaml')
    const words = ['--openapi', file, '--upstream', 'http://127.0.0.1:8000', '-o', output]
    const made = await run(init, words)
    assert.deepEqual([made.exit, made.stdout], [0, ''], made.stderr)
    const checked = await run(check, [output])
    assert.equal(checked.exit, 0, checked.stderr)
    const { compiled } = compile(readFileSync(output, 'utf8'))
    const route = (line: string) => compiled.router.match(aRequest(line))
    assert.equal(route('GET /api/v1/patients/7').share.kind, 'user')
    assert.equal(route('GET /api/v1/patients').share.kind, 'user')
    assert.equal(route('GET /api/v1/patients/7/notes').share.kind, 'auto')
    assert.equal(route('GET /api/v1/export/7.csv').share.kind, 'user')
    assert.deepEqual(
      route('GET /api/v1/patients/7').tags.map(({ text }) => text),
      ['patients', 'patients:{patient_id}'],
    )
    assert.deepEqual(
      route('PATCH /api/v1/patients/7').purge.map(({ text }) => text),
      ['patients', 'patients:{patient_id}'],
    )
    assert.equal(route('PATCH /api/v1/patients/7'), route('DELETE /api/v1/patients/7'))
    assert.equal(route('GET /api/v1/files/a/b/c').name, 'files')
    assert.equal(route('POST /api/v1/token').cache, 'off')
    assert.match(readFileSync(output, 'utf8'), /^mode: observe$/m)
    assert.match(readFileSync(output, 'utf8'), /user: \[\{ header: Authorization \}, \{ cookie: session \}\]/)
    const again = await run(init, words)
    assert.equal(again.exit, 2)
    assert.match(again.stderr, /made\.yaml exists/)
  })

  test('for all documents: the file is valid and each operation meets a route of its own path', () => {
    const segment = fc.oneof(
      fc.constantFrom('api', 'v1', 'patients', 'notes', 'a.b', 'x y', 'é', '..', '', '*', '**', '{id}.json', 'login'),
      fc.constantFrom('{id}', '{patient_id}', '{user-id}', '{1x}', '{rest:path}', '{a b}'),
    )
    const path = fc.array(segment, { maxLength: 5 }).map(parts => `/${parts.join('/')}`)
    const method = fc.constantFrom('get', 'post', 'put', 'delete', 'patch', 'head')
    const item = fc.dictionary(method, fc.record({ security: fc.constantFrom([], [{ x: [] }]) }), { minKeys: 1 })
    const title = fc.string({ unit: 'binary' })
    fc.assert(
      fc.property(fc.dictionary(path, item), title, (paths, name) => {
        const document = parseApiDocument(JSON.stringify({ openapi: '3.0.0', info: { title: name }, paths }))
        assert.ok(typeof document === 'object')
        const starting = startingRoutes(document)
        const { compiled, problems } = compile(startingFile({ upstream: 'http://127.0.0.1:1', document, starting }))
        assert.deepEqual(
          problems.filter(({ severity }) => severity === 'error'),
          [],
        )
        for (const operation of document.operations) {
          if (starting.left.some(left => left.path === operation.path)) continue
          const sent = operation.path.replaceAll(/\{[^{}]*\}/g, '7').replaceAll('*', 'x')
          const route = compiled.router.match(aRequest(`${operation.method} ${sent.replaceAll(' ', '%20')}`))
          assert.notEqual(route.name, 'default', `${operation.method} ${sent}`)
        }
      }),
      { numRuns: 60 },
    )
  })

  test('YAML, version 2 with basePath, over HTTP', async () => {
    const text = 'swagger: "2.0"\nbasePath: /v2\npaths:\n  /pets/{petId}:\n    get: {}\n'
    const origin = await startOrigin(exchange => exchange.respond({ body: text }))
    const { exit, stdout } = await run(init, ['--openapi', `${origin.url}/openapi.yaml`, '-o', '-'])
    await origin.close()
    assert.equal(exit, 0)
    assert.match(stdout, /match: "GET \/v2\/pets\/\{petId\}"/)
  })

  test('what is no document is exit 1 with the reason', async () => {
    const origin = await startOrigin(replyWith('<html>'))
    for (const named of [join(folder, 'absent.json'), origin.url]) {
      const { exit, stderr } = await run(init, ['--openapi', named, '-o', '-'])
      assert.equal(exit, 1, stderr)
      assert.match(stderr, /can't be read: ENOENT|is no OpenAPI document/)
    }
    await origin.close()
  })
})

describe('init without a document', () => {
  test('writes an example that is valid, and refuses an upstream that is none', async () => {
    const { compiled } = compile((await run(init, ['-o', '-', '--upstream', 'http://127.0.0.1:9'])).stdout)
    assert.equal(compiled.router.routes.length, 1)
    const wrong = await run(init, ['-o', join(folder, 'never.yaml'), '--upstream', 'localhost:8000'])
    assert.equal(wrong.exit, 2)
    assert.match(wrong.stderr, /upstream\.url/)
    assert.equal(existsSync(join(folder, 'never.yaml')), false)
  })
})
