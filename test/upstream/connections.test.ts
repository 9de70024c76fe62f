// Which connections are made, kept, used again and given up?

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { milliseconds } from '../../src/base/units.ts'
import { readTlsFiles, type TlsMaterial } from '../../src/upstream/settings.ts'
import { Barrier, until } from '../origin/barrier.ts'
import { type Origin, startOrigin } from '../origin/origin.ts'
import { upstreamTo } from './setting-up.ts'

const numbers = (origin: Origin): number[] => origin.requests.map(request => request.connection)

describe('connections', () => {
  test('one is enough for requests one after another, however many may be used', async () => {
    const origin = await startOrigin(exchange => exchange.respond({ body: 'ok' }))
    const { upstream, get } = upstreamTo(origin.url, { connections: 10 })
    for (let count = 0; count < 5; count += 1) await get('/').ended()
    assert.deepEqual(numbers(origin), [1, 1, 1, 1, 1])
    assert.deepEqual([upstream.state().connected, upstream.state().free], [1, 1])
    await upstream.close()
    await until(() => origin.open === 0, 'the close of the idle connection')
    await origin.close()
  })

  test('the most recently used is taken first, one that the origin closed never', async () => {
    const barrier = new Barrier()
    const origin = await startOrigin(async exchange => {
      if (exchange.request.target === '/hold') await barrier.passed
      exchange.respond()
    })
    const { upstream, get } = upstreamTo(origin.url)
    const holding = [get('/hold'), get('/hold')]
    await origin.received(2)
    barrier.open()
    await Promise.all(holding.map(recorder => recorder.ended()))
    origin.hangUp()
    await until(() => upstream.state().connected === 0, 'the close of both')
    await get('/').ended()
    assert.deepEqual(numbers(origin), [1, 2, 3])
    await upstream.close()
    await origin.close()
  })

  test('none carries an exchange once it is older than `recycle`', async () => {
    const origin = await startOrigin(exchange => exchange.respond())
    const { upstream, get } = upstreamTo(origin.url, { recycle: milliseconds(50) })
    await get('/').ended()
    await get('/').ended()
    await new Promise(resolve => setTimeout(resolve, 60))
    await get('/').ended()
    assert.deepEqual(numbers(origin), [1, 1, 2])
    await until(() => origin.open === 1, 'the close of the old one')
    await upstream.close()
    await origin.close()
  })

  test('Connection: close and a Keep-Alive that is over are obeyed', async () => {
    const fields = [['Connection', 'close'], ['Keep-Alive', 'timeout=1'], []]
    const origin = await startOrigin(exchange =>
      exchange.respond({ fields: fields[exchange.request.number - 1] ?? [] }),
    )
    const { upstream, get } = upstreamTo(origin.url)
    for (let count = 0; count < 3; count += 1) {
      await get('/').ended()
      await until(() => upstream.state().connected === (count === 2 ? 1 : 0), `the end of connection ${count}`)
    }
    assert.deepEqual(numbers(origin), [1, 2, 3])
    await upstream.close()
    await origin.close()
  })

  test('a unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'upstream-'))
    const origin = await startOrigin(exchange => exchange.respond({ body: 'by path' }), {
      path: join(folder, 'app.sock'),
    })
    const { upstream, get } = upstreamTo(origin.url)
    assert.equal((await get('/').ended()).body, 'by path')
    await upstream.close()
    await origin.close()
    rmSync(folder, { recursive: true })
  })

  test('an exchange is one event: with its status at the head, or with its fault', async () => {
    const origin = await startOrigin(exchange => {
      if (exchange.request.target === '/ok') exchange.respond({ status: 404 })
      else exchange.end()
    })
    const { upstream, get, events } = upstreamTo(origin.url)
    await get('/ok', { route: 'a' }).ended()
    await get('/bad', { route: 'b', method: 'POST' }).ended()
    const told = events.flatMap(event => (event.kind === 'upstream' ? [[event.route, event.status, event.fault]] : []))
    assert.deepEqual(told.length, 2)
    assert.deepEqual(told[0], ['a', 404, undefined])
    assert.deepEqual(told[1]?.slice(0, 2), ['b', 0])
    await upstream.close()
    await origin.close()
  })

  test('a handler that throws ends its own exchange and nothing else', async () => {
    const origin = await startOrigin(exchange => exchange.respond({ body: 'x' }))
    const { upstream, get, events } = upstreamTo(origin.url)
    for (const method of ['onSent', 'onHead', 'onBody', 'onComplete'] as const) {
      const recorder = get('/')
      recorder[method] = () => {
        throw new Error('a bug')
      }
      if (method === 'onComplete') await until(() => events.some(event => event.kind === 'notice'), 'a notice')
      else if (method !== 'onSent') assert.equal((await recorder.ended()).code, 'INTERNAL')
      else await recorder.ended()
      assert.equal((await get('/').ended()).body, 'x')
    }
    assert.equal(upstream.state().running, 0)
    await upstream.close()
    await origin.close()
  })

  test('a gigabyte passes in constant memory while the reader is slower than the origin', async () => {
    const piece = Buffer.alloc(1 << 20)
    const origin = await startOrigin(async exchange => {
      exchange.write(`HTTP/1.1 200 OK\r\nContent-Length: ${2 ** 30}\r\n\r\n`)
      for (let sent = 0; sent < 1024; sent += 1) await exchange.send(piece)
    })
    const { upstream, get } = upstreamTo(origin.url)
    const recorder = get('/')
    const before = process.memoryUsage()
    let received = 0
    let highest = 0
    recorder.takes = chunk => {
      received += chunk.length
      recorder.chunks.length = 0
      if ((received & 0xff_ffff) < chunk.length) highest = Math.max(highest, process.memoryUsage().rss)
      setImmediate(() => recorder.control.resume())
      return false
    }
    assert.equal((await recorder.ended()).code, undefined)
    assert.equal(received, 2 ** 30)
    assert.ok(highest - before.rss < 150 * 2 ** 20, `memory grew by ${(highest - before.rss) >> 20} MiB`)
    await upstream.close()
    await origin.close()
  })
})

describe('TLS', () => {
  let folder = ''
  const pem = (name: string): string => readFileSync(join(folder, name), 'utf8')
  const openssl = (...words: string[]) => execFileSync('openssl', words, { cwd: folder, stdio: 'pipe' })

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'upstream-'))
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
    openssl('req', '-x509', ...key, '-subj', '/CN=Test CA', '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2')
    for (const [name, alternative] of [
      ['server', 'DNS:localhost,DNS:app.internal'],
      ['client', 'DNS:pillion'],
    ] as const) {
      const request = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${alternative}`]
      openssl('req', ...key, ...request, '-keyout', `${name}.key`, '-out', `${name}.csr`)
      const authority = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-copy_extensions', 'copy']
      openssl('x509', '-req', '-in', `${name}.csr`, ...authority, '-out', `${name}.pem`, '-days', '2')
    }
  })
  after(() => rmSync(folder, { recursive: true }))

  async function over(
    tls: TlsMaterial,
    url = (port: number) => `https://localhost:${port}`,
    asked = tls.cert !== undefined,
  ) {
    const server = { key: pem('server.key'), cert: pem('server.pem'), ca: pem('ca.pem') }
    const names: (string | false | null)[] = []
    const origin = await startOrigin(
      exchange => {
        names.push((exchange.socket as unknown as { servername: string | false }).servername)
        exchange.respond({ body: 'secret' })
      },
      { tls: { ...server, requestCert: asked, maxVersion: 'TLSv1.2', rejectUnauthorized: true } },
    )
    const { upstream, get } = upstreamTo(url(origin.port), { tls })
    const first = await get('/', { fields: ['Host', 'other.example'] }).ended()
    const second = await get('/', { fields: ['Host', 'another.example'] }).ended()
    await upstream.close()
    await origin.close()
    return { first, second, names, connections: origin.connections }
  }

  test('a private CA is believed, and the client Host is neither checked nor sent as the name', async () => {
    const { first, second, names, connections } = await over({ ca: pem('ca.pem') })
    assert.deepEqual([first.body, second.body], ['secret', 'secret'])
    assert.deepEqual([names, connections], [['localhost', 'localhost'], 1])
  })

  test('a CA that is not known is UPSTREAM_TLS', async () => {
    const { first } = await over({})
    assert.equal(first.code, 'UPSTREAM_TLS')
  })

  test('a certificate for another name is UPSTREAM_TLS, unless `servername` says that name', async () => {
    const byAddress = (port: number): string => `https://127.0.0.1:${port}`
    assert.equal((await over({ ca: pem('ca.pem') }, byAddress)).first.code, 'UPSTREAM_TLS')
    assert.equal(
      (await over({ ca: pem('ca.pem'), servername: 'wrong.internal' }, byAddress)).first.code,
      'UPSTREAM_TLS',
    )
    const named = await over({ ca: pem('ca.pem'), servername: 'app.internal' }, byAddress)
    assert.deepEqual([named.first.body, named.names[0]], ['secret', 'app.internal'])
  })

  test('a client certificate is shown where one is asked for', async () => {
    const { first } = await over({ ca: pem('ca.pem'), cert: pem('client.pem'), key: pem('client.key') })
    assert.equal(first.body, 'secret')
  })

  test('a client certificate that is asked for and missing is UPSTREAM_TLS', async () => {
    const { first } = await over({ ca: pem('ca.pem') }, undefined, true)
    assert.equal(first.code, 'UPSTREAM_TLS', String(first.fault))
  })

  test('a file that can not be read is named with its key', () => {
    assert.equal(readTlsFiles({ ca: join(folder, 'ca.pem') }).ca, pem('ca.pem'))
    assert.throws(
      () => readTlsFiles({ ca: join(folder, 'none.pem') }),
      /upstream\.tls\.ca: .*none\.pem could not be read/,
    )
  })
})
