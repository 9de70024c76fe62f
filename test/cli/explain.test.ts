// Does `pillion explain` answer without sending anything, and ask the admin API when told to?

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { explain } from '../../src/cli/explain.ts'
import { run } from './command-run.ts'

const folder = mkdtempSync(join(tmpdir(), 'pillion-explain-'))
after(() => rmSync(folder, { recursive: true }))
const file = join(folder, 'it.yaml')
writeFileSync(file, 'routes:\n  it: { match: "GET /items/{id}", ttl: 1m, vary: [X-Lang], when: { host: api.test } }\n')

const ask = (...words: string[]) => run(explain, ['--config', file, ...words])

describe('pillion explain', () => {
  test('text for people', async () => {
    const { exit, stdout, stderr } = await ask('GET', 'https://api.test/items/7?b=1&a=2')
    assert.deepEqual([exit, stderr], [0, ''])
    assert.match(stdout, /^GET https:\/\/api\.test\/items\/7\?b=1&a=2\n {2}route +it /)
    assert.match(stdout, /key +https:\/\/api\.test\/items\/7\?a=2&b=1/)
  })

  test('--json for machines, with fields of -H, without an upstream', async () => {
    const { exit, stdout } = await ask('--json', 'GET', '/items/7', '-H', 'X-Lang: de', '-H', 'Host: api.test')
    const explanation = JSON.parse(stdout)
    assert.equal(exit, 0)
    assert.equal(explanation.route, 'it')
    assert.equal(explanation.ttl, 60)
    assert.deepEqual(explanation.key.vary, { 'x-lang': 'de' })
  })

  test('wrong usage is refused with 2', async () => {
    for (const words of [
      ['GET'],
      ['GET', 'items'],
      ['G T', '/'],
      ['GET', '/', '-H', 'no colon'],
      ['GET', '/', '-H', 'a: \u0000'],
    ]) {
      const { exit, stderr } = await ask(...words)
      assert.equal(exit, 2, words.join(' '))
      assert.notEqual(stderr, '')
    }
  })

  test('a broken configuration is refused with 2 and its problems', async () => {
    const broken = join(folder, 'broken.yaml')
    writeFileSync(broken, 'routes:\n  it: { match: get / }\n')
    const { exit, stderr } = await run(explain, ['GET', '/', '--config', broken])
    assert.equal(exit, 2)
    assert.match(stderr, /broken\.yaml:2:16: "get" is no method/)
  })
})

describe('pillion explain --admin', () => {
  const heard: { url: string | undefined; token: string | undefined; content: unknown }[] = []
  let status = 200
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', chunk => (text += chunk))
    request.on('end', () => {
      heard.push({ url: request.url, token: request.headers.authorization, content: JSON.parse(text) })
      response.writeHead(status, { 'Content-Type': 'application/json' })
      response.end(JSON.stringify(status === 200 ? { route: 'live' } : { detail: 'no such thing' }))
    })
  })
  after(() => server.close())
  const listening = new Promise<string>(resolve =>
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)),
  )

  test('asks the running Pillion too, with the token', async () => {
    const words = ['--config', file, '--json', '--admin', await listening, 'GET', '/a', '-H', 'X-A: 1', '-H', 'X-A: 2']
    const { exit, stdout } = await run(explain, words, { ADMIN_TOKEN: 'secret' })
    assert.equal(exit, 0)
    assert.deepEqual(JSON.parse(stdout).running, { route: 'live' })
    assert.deepEqual(heard.at(-1), {
      url: '/api/explain',
      token: 'Bearer secret',
      content: { method: 'GET', url: '/a', headers: { 'X-A': ['1', '2'] } },
    })
  })

  test('a refusal or no answer is exit 1, and what is known is printed all the same', async () => {
    status = 422
    const refused = await ask('--admin', await listening, 'GET', '/a')
    assert.equal(refused.exit, 1)
    assert.match(refused.stderr, /was answered 422: no such thing/)
    assert.match(refused.stdout, /route +default/)
    const gone = await ask('--admin', 'http://127.0.0.1:1', 'GET', '/a')
    assert.equal(gone.exit, 1)
    assert.match(gone.stderr, /POST \/api\/explain to http:\/\/127\.0\.0\.1:1 failed/)
  })
})
