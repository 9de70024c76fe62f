// Does `explain --admin` say what is stored and why the last requests were no hits?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { explain } from '../../src/cli/explain.ts'
import { LastDecisions } from '../../src/insight/last-decisions.ts'
import { run } from '../cli/command-run.ts'
import { aRequestEvent } from '../observability/events.ts'
import { replyWith, startScene } from './start-pillion.ts'

const RULES = `
routes:
  it: { match: "GET /a/{id}", ttl: 1m, share: user, query: { except: [utm] }, tags: ["a:{id}"] }
  raw: { match: GET /raw, cache: off }
`

describe('asking a running Pillion', () => {
  test('text for people: stored, what would become of it now, and the last decisions for that key alone', async () => {
    await using scene = await startScene(RULES, replyWith('hello'))
    const fields = ['Authorization', 'Bearer secret-of-ann']
    for (const target of ['/a/1?utm=3', '/a/1', '/a/1', '/a/2']) await scene.get(target, fields)
    await scene.get('/a/1')
    const words = ['GET', '/a/1', '-H', 'Host: test.example', '-H', 'Authorization: Bearer secret-of-ann']
    const { exit, stdout } = await run(explain, ['--admin', `http://${scene.app.admin}`, ...words])
    assert.equal(exit, 0)
    assert.match(stdout, /stored +200, 7 bytes; \d+ s old of 60 s \(ttl\), fresh for \d+ s more; tags a:1/)
    assert.match(stdout, /now +a GET would be answered from the cache \(fresh\)/)
    assert.match(stdout, /lately +\S+ {2}GET 200 bypass \(identity-missing\)\n +\S+ {2}GET 200 miss .*by \S+/)
    assert.equal(stdout.match(/GET 200 miss/g)?.length, 1)
    assert.equal(stdout.includes('secret'), false)
  })

  test('JSON for machines; a key nobody asked for has no decisions', async () => {
    await using scene = await startScene(RULES, replyWith('hello'))
    await scene.get('/raw')
    const { decisions } = (await scene.admin('/api/explain', { method: 'GET', url: '/raw' })) as {
      decisions: { outcome: string; reason: string }[]
    }
    assert.deepEqual(
      decisions.map(({ outcome, reason }) => [outcome, reason]),
      [['bypass', 'cache-off']],
    )
    const other = await scene.admin('/api/explain', { method: 'GET', url: '/raw/other' })
    assert.deepEqual(other['decisions'], [])
  })

  test('what is remembered is bounded', async () => {
    const last = new LastDecisions()
    const route = { name: 'it', query: { kind: 'all' } } as const
    for (let at = 0; at < 2000; at += 1)
      last.emit(aRequestEvent({ route: 'it', path: `/${at}`, query: '', outcome: 'miss' }))
    for (let at = 0; at < 20; at += 1)
      last.emit(aRequestEvent({ route: 'it', path: '/1999', query: '', outcome: 'miss' }))
    assert.equal(last.of(route, { path: '/0', query: undefined }).length, 0)
    assert.equal(last.of(route, { path: '/1999', query: undefined }).length, 8)
  })
})
