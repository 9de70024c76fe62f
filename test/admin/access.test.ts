// Does the admin port answer only whom contract §4 says, and its probes always?

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, test } from 'node:test'
import { aClock } from '../observability/events.ts'
import { ask as askAt, type Sketch } from './client.ts'
import { idleUpstream, type RunningAdmin, startAdmin } from './services.ts'

const clock = aClock()
let running: RunningAdmin
const ask = (path: string, sketch: Sketch = {}) => askAt(running.url, path, sketch)

afterEach(() => running.close())

describe('probes', () => {
  test('livez is 200', async () => {
    running = await startAdmin({ clock })
    assert.equal((await ask('/livez')).status, 200)
  })

  test('readyz is 200 while ready and 503 before and from the first signal on', async () => {
    running = await startAdmin({ clock })
    const seen = []
    for (const phase of ['starting', 'ready', 'draining'] as const) {
      running.services.phaseNow = phase
      seen.push((await ask('/readyz')).status)
    }
    assert.deepEqual(seen, [503, 200, 503])
  })

  test('an upstream that is down shows in readyz but decides only where asked', async () => {
    running = await startAdmin({ clock })
    running.services.upstreamNow = { ...idleUpstream, breaker: 'open' }

    const [plain, asked] = [await ask('/readyz'), await ask('/readyz?upstream')]

    assert.equal(plain.status, 200)
    assert.equal((plain.json()['upstream'] as { breaker: string }).breaker, 'open')
    assert.equal(asked.status, 503)
    assert.equal(asked.json()['status'], 'upstream-down')
  })

  test('an upstream that nobody has asked yet is not held against readiness', async () => {
    running = await startAdmin({ clock })
    running.services.upstreamNow = { ...idleUpstream, reachable: undefined }
    assert.equal((await ask('/readyz?upstream')).status, 200)
  })
})

describe('methods and paths', () => {
  test('HEAD answers as GET without content', async () => {
    running = await startAdmin({ clock })
    const [got, head] = [await ask('/livez'), await ask('/livez', { method: 'HEAD' })]
    assert.equal(head.status, 200)
    assert.equal(head.text, '')
    assert.equal(head.headers['content-length'], got.headers['content-length'])
  })

  test('a wrong method is 405 with Allow', async () => {
    running = await startAdmin({ clock })
    const [purge, livez] = [await ask('/api/purge'), await ask('/livez', { method: 'DELETE' })]
    assert.deepEqual([purge.status, purge.headers['allow']], [405, 'POST'])
    assert.deepEqual([livez.status, livez.headers['allow']], [405, 'GET, HEAD'])
  })

  test('an unknown path is 404 as problem JSON', async () => {
    running = await startAdmin({ clock })
    const got = await ask('/nothing')
    assert.equal(got.status, 404)
    assert.equal(got.headers['content-type'], 'application/problem+json')
    assert.match(String(got.json()['detail']), /\/nothing/)
  })

  test('nothing is stored, guessed at or shared with other sites', async () => {
    running = await startAdmin({ clock })
    const { headers } = await ask('/api/stats')
    assert.equal(headers['cache-control'], 'no-store')
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.equal(headers['cross-origin-resource-policy'], 'same-origin')
  })
})

describe('without a token', () => {
  for (const host of ['localhost', 'localhost:9090', '127.0.0.1', '127.0.0.1:1', '[::1]:9090', 'LOCALHOST']) {
    test(`Host ${host} is answered`, async () => {
      running = await startAdmin({ clock })
      assert.equal((await ask('/api/stats', { headers: { Host: host } })).status, 200)
    })
  }

  for (const host of [
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '10.0.0.1',
    'localhost@evil',
  ]) {
    test(`Host ${JSON.stringify(host)} is 403 for all but probes and metrics`, async () => {
      running = await startAdmin({ clock })
      const paths = ['/', '/api/stats', '/api/config', '/dashboard/page.js', '/livez', '/readyz', '/metrics']
      const seen = await Promise.all(paths.map(async path => (await ask(path, { headers: { Host: host } })).status))
      assert.deepEqual(seen, [403, 403, 403, 403, 200, 200, 200])
    })
  }

  test('a listener on all addresses answers only probes and metrics, and says what to do', async () => {
    running = await startAdmin({ clock, listen: { kind: 'tcp', host: '0.0.0.0', port: 0 } })

    const [stats, page, livez] = [await ask('/api/stats'), await ask('/'), await ask('/livez')]

    assert.deepEqual([stats.status, page.status, livez.status], [403, 403, 200])
    assert.match(String(stats.json()['detail']), /ADMIN_TOKEN/)
  })

  test('a unix listener is answered', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pillion-admin-'))
    const path = join(folder, 'admin.sock')
    running = await startAdmin({ clock, listen: { kind: 'unix', path } })

    assert.equal((await ask('/api/stats', { socketPath: path })).status, 200)
    assert.equal(running.admin.address, `unix:${path}`)
    rmSync(folder, { recursive: true, force: true })
  })
})

describe('with a token', () => {
  const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } })

  test('probes, metrics and the page need none; everything else does', async () => {
    running = await startAdmin({ clock, token: 's3cret' })
    const paths = ['/livez', '/readyz', '/metrics', '/', '/dashboard/page.js', '/api/stats', '/api/events', '/nothing']
    const seen = await Promise.all(paths.map(async path => (await ask(path)).status))
    assert.deepEqual(seen, [200, 200, 200, 200, 200, 401, 401, 401])
  })

  test('the right one opens, whatever the Host; a wrong, longer or empty one does not', async () => {
    running = await startAdmin({ clock, token: 's3cret', listen: { kind: 'tcp', host: '0.0.0.0', port: 0 } })
    assert.equal(
      (await ask('/api/stats', { headers: { ...bearer('s3cret').headers, Host: 'admin.example' } })).status,
      200,
    )
    for (const token of ['s3creT', 's3cret1', 's3cre', '']) {
      const got = await ask('/api/stats', bearer(token))
      assert.equal(got.status, 401)
      assert.match(String(got.headers['www-authenticate']), /^Bearer/)
    }
    assert.equal((await ask('/api/stats', { headers: { Authorization: 'Basic s3cret' } })).status, 401)
  })

  test('a reload can change it', async () => {
    running = await startAdmin({ clock, token: 'old' })
    running.admin.useToken('new')
    assert.deepEqual(
      [(await ask('/api/stats', bearer('old'))).status, (await ask('/api/stats', bearer('new'))).status],
      [401, 200],
    )
  })

  test('an empty token is none', async () => {
    running = await startAdmin({ clock, token: '' })
    assert.equal((await ask('/api/stats')).status, 200)
  })
})

describe('other sites', () => {
  test('a foreign Origin is refused everywhere, token or not', async () => {
    running = await startAdmin({ clock, token: 's3cret' })
    const headers = { Origin: 'https://evil.example', Authorization: 'Bearer s3cret' }
    for (const path of ['/api/stats', '/', '/metrics']) assert.equal((await ask(path, { headers })).status, 403)
    assert.equal((await ask('/api/stats', { headers: { ...headers, Origin: 'null' } })).status, 403)
  })

  test('the own Origin is not foreign', async () => {
    running = await startAdmin({ clock })
    assert.equal((await ask('/api/stats', { headers: { Origin: running.url } })).status, 200)
  })

  test('the same host on another port is foreign', async () => {
    running = await startAdmin({ clock })
    assert.equal((await ask('/api/stats', { headers: { Origin: 'http://127.0.0.1:1' } })).status, 403)
  })
})
