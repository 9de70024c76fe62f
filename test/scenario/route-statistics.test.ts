// Does a route's traffic count under its own name in /api/stats?

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rawRequest } from '../clients/raw-client.ts'
import { metricReaches } from './metrics-of.ts'
import { replyWith, startScene } from './start-pillion.ts'

test('requests count for the route that took them, not for the default one', async () => {
  await using scene = await startScene('routes: { mine: { match: /a, ttl: 1m, share: everyone } }', replyWith('hello'))
  for (const target of ['/a', '/a', '/elsewhere']) await scene.get(target)
  await metricReaches(scene, 'pillion_requests_total{route="mine",outcome="hit",status="2xx"}', 1)
  const port = Number(scene.app.admin.split(':').at(-1))
  const { body } = await rawRequest({ port }, ['GET', '/api/stats'], ['Host', 'localhost'])
  const { routes } = JSON.parse(body) as { routes: { route: string; minute: { requests: number } }[] }
  const counted = new Map(routes.map(({ route, minute }) => [route, minute.requests]))
  assert.deepEqual(
    counted,
    new Map([
      ['mine', 2],
      ['default', 1],
    ]),
  )
})
