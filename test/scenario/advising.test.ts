// What does a running Pillion advise, after it has observed?

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rawRequest } from '../clients/raw-client.ts'
import { wireField } from '../origin/wire.ts'
import { compile } from '../routing/builders.ts'
import { metricReaches } from './metrics-of.ts'
import { type Scene, startScene } from './start-pillion.ts'

interface Advised {
  readonly yaml: string
  readonly routes: readonly { readonly match: string; readonly share: string; readonly hitRate: number }[]
  readonly backend: readonly { readonly kind: string; readonly route: string }[]
}

async function advice(scene: Scene): Promise<Advised> {
  const port = Number(scene.app.admin.split(':').at(-1))
  const { status, body } = await rawRequest({ port }, ['GET', '/api/advice'], ['Host', 'localhost'])
  assert.equal(status, 200)
  return JSON.parse(body) as Advised
}

test('an unknown API under mode: observe: shared where all were given the same, per user where not', async () => {
  await using scene = await startScene('mode: observe', exchange => {
    const { target, fields } = exchange.request
    const caller = wireField(fields, 'authorization') ?? ''
    exchange.respond({
      fields: ['Content-Type', 'application/json'],
      body: target.startsWith('/api/me') ? `{"i":"${caller}"}` : `{"at":"${target}"}${' '.repeat(2000)}`,
    })
  })
  const client = await scene.connect()
  for (let round = 0; round < 40; round += 1) {
    for (const target of ['/api/v1/articles/1', '/api/v1/articles/2', '/api/v1/articles/3', '/api/me']) {
      client.get(target, ['Authorization', `Bearer ${round % 2}`, 'Accept-Encoding', 'gzip'])
      await client.response()
    }
  }
  await scene.request(['POST', '/api/v1/articles'], ['Authorization', 'Bearer 0'], '{}')
  await metricReaches(scene, 'pillion_requests_total{route="default",outcome="bypass",status="2xx"}', 161)

  const { yaml, routes, backend } = await advice(scene)
  assert.deepEqual(
    new Map(routes.map(({ match, share }) => [match, share])),
    new Map([
      ['GET /api/v1/articles/{id}', 'everyone'],
      ['GET /api/me', 'user'],
    ]),
  )
  assert.deepEqual(compile(yaml).problems, [])
  const kinds = backend.filter(({ route }) => route === 'GET /api/v1/articles/{id}').map(({ kind }) => kind)
  assert.deepEqual(kinds.sort(), ['missing-validators', 'uncompressed'])
  assert.ok(backend.some(({ kind, route }) => kind === 'write-without-purge' && route === 'POST /api/v1/articles'))
})

test('no credential and no body is in the advice', async () => {
  await using scene = await startScene('mode: observe', exchange => exchange.respond({ body: 'a-secret-body' }))
  for (let round = 0; round < 30; round += 1)
    await scene.get('/a/1?token=a-secret-token', ['Authorization', 'Bearer a-secret-credential'])
  assert.doesNotMatch(JSON.stringify(await advice(scene)), /a-secret/)
})
