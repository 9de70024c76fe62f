// When several processes are one Pillion, can anybody tell?
//
// Real processes on real sockets. Connections are handed out in turn, so a scenario that
// needs every worker opens as many connections as there are workers and looks at all.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fieldValue } from '../../src/http/fields.ts'
import { RawClient, rawRequest } from '../clients/raw-client.ts'
import { Barrier } from '../origin/barrier.ts'
import { type OriginHandler, startOrigin } from '../origin/origin.ts'
import { until } from '../redis/replicas.ts'
import { cacheStatusOf, QUICK_DRAIN, spawnPillion } from './start-pillion.ts'

const RULES = `${QUICK_DRAIN}workers: 2
routes:
  all: { match: GET /**, ttl: 1h, share: everyone, tags: [things] }
  own: { match: GET /own/**, ttl: 1h, share: user }
  write: { match: POST /**, purge: [things] }
`

async function started(text: string, handler: OriginHandler) {
  const folder = await mkdtemp(join(tmpdir(), 'pillion-'))
  const file = join(folder, 'pillion.yaml')
  await writeFile(file, text)
  const origin = await startOrigin(handler)
  const pillion = await spawnPillion(origin.url, file)
  const { port, adminPort } = pillion
  const clients: RawClient[] = []
  const dispose = async (): Promise<void> => {
    for (const client of clients) client.close()
    await pillion[Symbol.asyncDispose]()
    await origin.close()
    await rm(folder, { recursive: true })
  }
  const admin = async (path: string, content?: object) => {
    const fields = ['Host', 'localhost', 'Content-Type', 'application/json']
    const line = [content === undefined ? 'GET' : 'POST', path] as const
    return rawRequest({ port: adminPort }, line, fields, content && JSON.stringify(content))
  }
  /** One connection to each worker: they take turns. */
  const both = async () => {
    const made = [await RawClient.connect({ port }), await RawClient.connect({ port })]
    clients.push(...made)
    return made
  }
  return { origin, pillion, port, file, admin, both, [Symbol.asyncDispose]: dispose }
}

const numbered: OriginHandler = exchange => exchange.respond({ body: `answer ${exchange.request.number}` })

async function ask(client: RawClient, target: string, fields: readonly string[] = []) {
  client.send(`GET ${target} HTTP/1.1\r\nHost: localhost\r\n${pairs(fields)}\r\n`)
  return client.response()
}

function pairs(fields: readonly string[]): string {
  let text = ''
  for (let at = 0; at < fields.length; at += 2) text += `${fields[at]}: ${fields[at + 1]}\r\n`
  return text
}

function workersOf(primary: number | undefined): number[] {
  return execFileSync('ps', ['-o', 'pid=', '--ppid', String(primary)], { encoding: 'utf8' })
    .trim()
    .split(/\s+/)
    .filter(word => word !== '')
    .map(Number)
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

const series = async (admin: (path: string) => Promise<{ readonly body: string }>, name: string) => {
  const { body } = await admin('/metrics')
  const line = body.split('\n').find(each => each.startsWith(`${name} `))
  return line === undefined ? 0 : Number(line.slice(name.length + 1))
}

describe('several workers as one (contract §1 `--workers`)', () => {
  test('an operator purges what every worker stored, and is told how much that was', async () => {
    await using scene = await started(RULES, numbered)
    const clients = await scene.both()
    for (const client of clients) assert.match(cacheStatusOf(await ask(client, '/a')), /uri-miss/)
    for (const client of clients) assert.match(cacheStatusOf(await ask(client, '/a')), /hit/)
    const purged = await scene.admin('/api/purge', { tag: 'things' })
    assert.deepEqual(JSON.parse(purged.body), { purged: 2, replicas: 'local' })
    for (const client of clients) assert.match(cacheStatusOf(await ask(client, '/a')), /uri-miss/)
  })

  test('a write is purged for in every worker before its writer has the answer', async () => {
    await using scene = await started(RULES, numbered)
    const clients = await scene.both()
    const [writer] = clients as [RawClient, RawClient]
    for (let round = 0; round < 50; round += 1) {
      for (const client of clients) await ask(client, '/a')
      writer.send('POST /b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n')
      await writer.response()
      const after = await Promise.all(clients.map(client => ask(client, '/a')))
      for (const each of after) assert.match(cacheStatusOf(each), /uri-miss/)
    }
  })

  test('what was asked before a purge in another worker is not stored after it', async () => {
    const barrier = new Barrier()
    await using scene = await started(RULES, async exchange => {
      const { target, number } = exchange.request
      if (target === '/slow' && number === 1) await barrier.passed
      exchange.respond({ body: `answer ${number}` })
    })
    const [slow, writer] = (await scene.both()) as [RawClient, RawClient]
    const waiting = ask(slow, '/slow')
    await until('the origin was asked', () => scene.origin.requests.length === 1)
    writer.send('POST /b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n')
    await writer.response()
    barrier.open()
    await waiting
    assert.match(cacheStatusOf(await ask(slow, '/slow')), /uri-miss/)
  })

  test('a 401 in one worker takes from the caller what another stored for it', async () => {
    let revoked = false
    await using scene = await started(RULES, exchange => {
      if (revoked) exchange.respond({ status: 401, body: 'no' })
      else exchange.respond({ body: 'private' })
    })
    const caller = ['Authorization', 'Bearer a']
    const [one, other] = (await scene.both()) as [RawClient, RawClient]
    await ask(other, '/own/a', caller)
    assert.match(cacheStatusOf(await ask(other, '/own/a', caller)), /hit/)
    revoked = true
    assert.equal((await ask(one, '/own/b', caller)).status, 401)
    assert.equal((await ask(other, '/own/a', caller)).status, 401)
  })

  test('metrics and statistics are the sum, and a lost worker takes nothing from it', async () => {
    await using scene = await started(RULES, numbered)
    const clients = await scene.both()
    for (const client of clients) for (let n = 0; n < 5; n += 1) await ask(client, '/a')
    const hits = 'pillion_requests_total{route="all",outcome="hit",status="2xx"}'
    assert.equal(await series(scene.admin, hits), 8)
    assert.equal(await series(scene.admin, 'pillion_store_entries{tier="memory"}'), 2)
    const stats = JSON.parse((await scene.admin('/api/stats')).body) as { minute: { requests: number } }
    assert.equal(stats.minute.requests, 10)
    const [first] = workersOf(scene.pillion.child.pid)
    process.kill(first as number, 'SIGKILL')
    await until('the lost one is replaced', async () => {
      const now = workersOf(scene.pillion.child.pid)
      return now.length === 2 && !now.includes(first as number)
    })
    assert.equal(await series(scene.admin, hits), 8)
  })

  test('a worker that is lost is replaced, and the others validate what they hold', async () => {
    const handler: OriginHandler = exchange => {
      if (fieldValue(exchange.request.fields, 'if-none-match') === '"a"') exchange.respond({ status: 304 })
      else exchange.respond({ fields: ['ETag', '"a"'], body: 'kept' })
    }
    await using scene = await started(RULES, handler)
    const clients = await scene.both()
    for (const client of clients) {
      client.socket.on('error', () => undefined)
      await ask(client, '/a')
    }
    const [first] = workersOf(scene.pillion.child.pid)
    process.kill(first as number, 'SIGKILL')
    await until('it is replaced and told', async () => {
      const now = workersOf(scene.pillion.child.pid)
      return now.length === 2 && !now.includes(first as number)
    })
    // The connection to the lost one has ended.
    const answers = await Promise.allSettled(clients.map(client => ask(client, '/a')))
    const given = answers.flatMap(answer => (answer.status === 'fulfilled' ? [cacheStatusOf(answer.value)] : []))
    assert.equal(given.length, 1)
    assert.match(given[0] ?? '', /fwd=stale; fwd-status=304/)
    assert.equal((await scene.admin('/readyz')).status, 200)
  })
})

describe('configuration and end of several workers', () => {
  test('a new configuration is put in force by all of them, an invalid one by none', async () => {
    await using scene = await started(RULES, numbered)
    const clients = await scene.both()
    for (const client of clients) await ask(client, '/a')
    await writeFile(scene.file, RULES.replaceAll('ttl: 1h', 'ttl: 0s'))
    assert.equal((await scene.admin('/api/reload', {})).status, 200)
    for (const client of clients) assert.match(cacheStatusOf(await ask(client, '/a')), /fwd=stale/)
    await writeFile(scene.file, 'routes: { all: { match: /**, tll: 1h } }\n')
    const refused = await scene.admin('/api/reload', {})
    assert.equal(refused.status, 422)
    assert.match(refused.body, /tll/)
    for (const client of clients) assert.match(cacheStatusOf(await ask(client, '/a')), /fwd=stale/)
  })

  test('SIGTERM drains all: what is in flight is answered, exit 0, nothing left', async () => {
    const barrier = new Barrier()
    await using scene = await started(RULES, async exchange => {
      await barrier.passed
      exchange.respond({ body: 'late' })
    })
    const { child } = scene.pillion
    const workers = workersOf(child.pid)
    const clients = await scene.both()
    const answers = clients.map((client, at) => ask(client, `/${at}`))
    await until('both are in flight', () => scene.origin.requests.length === 2)
    child.kill('SIGTERM')
    await until('it is not ready', async () => (await scene.admin('/readyz')).status === 503)
    barrier.open()
    assert.deepEqual(
      (await Promise.all(answers)).map(({ body }) => body),
      ['late', 'late'],
    )
    assert.equal(await scene.pillion.exited, 0)
    assert.deepEqual(workers.filter(isThere), [])
  })

  test('when the primary is killed its workers answer what is in flight and go', async () => {
    const barrier = new Barrier()
    await using scene = await started(RULES, async exchange => {
      await barrier.passed
      exchange.respond({ body: 'late' })
    })
    const workers = workersOf(scene.pillion.child.pid)
    const [client] = (await scene.both()) as [RawClient, RawClient]
    const answer = ask(client, '/a')
    await until('it is in flight', () => scene.origin.requests.length === 1)
    scene.pillion.child.kill('SIGKILL')
    await scene.pillion.exited
    barrier.open()
    assert.equal((await answer).body, 'late')
    await until('no worker is left', () => workers.every(pid => !isThere(pid)))
  })
})
