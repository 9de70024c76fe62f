// Is every usual access log read as what it says?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { IdentityFields, LogRecord } from '../../../src/insight/log/log-record.ts'
import { emptyTally, holdsOnlySlow, type LogTally, readLogs } from '../../../src/insight/log/read-logs.ts'

const NOBODY = { user: undefined, tenant: undefined }

async function read(texts: readonly string[], identity: IdentityFields = NOBODY, tally: LogTally = emptyTally()) {
  const records: LogRecord[] = []
  const streams = texts.map(async function* (text) {
    // Small pieces, so that lines and characters are cut in two.
    const whole = Buffer.from(text)
    const piece = whole.length > 1e6 ? 65_521 : 7
    for (let at = 0; at < whole.length; at += piece) yield whole.subarray(at, at + piece)
  })
  for await (const batch of readLogs(streams, identity, tally)) records.push(...batch)
  return { records, tally }
}

const NOON = Date.UTC(2026, 4, 17, 12, 0, 3)

async function only(text: string, identity: IdentityFields = NOBODY): Promise<LogRecord> {
  const { records, tally } = await read([text], identity)
  assert.deepEqual([records.length, tally.malformed], [1, 0], text)
  return records[0] as LogRecord
}

const brief = ({ at, method, host, path, query, status, bytes, user }: LogRecord) =>
  [at, method, host, path, query, status, bytes, user] as const

describe('access logs', () => {
  test('combined, with zone, user and absolute form; vhost in front', async () => {
    const line = '10.0.0.1 - ann [17/May/2026:14:00:03 +0200] "GET /a/b?x=1 HTTP/1.1" 200 512 "-" "Agent \\"x\\" 1"'
    assert.deepEqual(brief(await only(line)), [NOON, 'GET', 'localhost', '/a/b', 'x=1', 200, 512, 'ann'])
    assert.equal((await only(line)).client, '10.0.0.1 Agent \\"x\\" 1')
    const vhost = 'api.test:443 10.0.0.1 - - [17/May/2026:12:00:03 +0000] "HEAD http://API.test/ HTTP/1.1" 304 -'
    assert.deepEqual(brief(await only(vhost)), [NOON, 'HEAD', 'api.test', '/', undefined, 304, 0, undefined])
  })

  test("Pillion's own, with hidden query values and who", async () => {
    const own = { time: '2026-05-17T12:00:03.000Z', route: 'r', method: 'GET', path: '/a', query: 'x=AbCdEfGh' }
    const line = { ...own, status: 200, outcome: 'miss', reason: '', duration_ms: 12.5, upstream_ms: 11, bytes: 7 }
    const record = await only(JSON.stringify({ ...line, client: '::1', who: 'digest', request_id: 'q' }))
    assert.deepEqual(brief(record), [NOON, 'GET', 'localhost', '/a', 'x=AbCdEfGh', 200, 7, 'digest'])
    assert.deepEqual([record.duration, record.origin], [12.5, 11])
  })

  test('nginx, whose instant is the end and whose times are seconds', async () => {
    const line = { time_iso8601: '2026-05-17T12:00:05+00:00', request: 'GET /a?b HTTP/2.0', status: '200' }
    const more = { body_bytes_sent: '9', request_time: '2.000', upstream_response_time: '0.5, 1.5', host: 'H.test' }
    const record = await only(JSON.stringify({ ...line, ...more, upstream_http_cache_control: 'max-age=5' }))
    assert.deepEqual(brief(record), [NOON, 'GET', 'h.test', '/a', 'b', 200, 9, undefined])
    assert.deepEqual([record.origin, record.fields], [1500, ['cache-control', 'max-age=5']])
  })

  test('Envoy', async () => {
    const line = { start_time: '2026-05-17T12:00:03.000Z', method: 'GET', path: '/a', response_code: 200 }
    const record = await only(JSON.stringify({ ...line, bytes_sent: 9, duration: 20, authority: 'h.test' }))
    assert.deepEqual(brief(record), [NOON, 'GET', 'h.test', '/a', undefined, 200, 9, undefined])
  })

  test('Traefik, in nanoseconds', async () => {
    const line = {
      StartUTC: '2026-05-17T12:00:03Z',
      RequestMethod: 'GET',
      RequestPath: '/a?b=1',
      RequestHost: 'h.test',
    }
    const more = { DownstreamStatus: 200, DownstreamContentSize: 9, Duration: 2e7, OriginDuration: 1e7 }
    const record = await only(JSON.stringify({ ...line, ...more, 'origin_Cache-Control': 'no-store' }))
    assert.deepEqual(brief(record), [NOON, 'GET', 'h.test', '/a', 'b=1', 200, 9, undefined])
    assert.deepEqual([record.duration, record.origin, record.fields], [20, 10, ['cache-control', 'no-store']])
  })

  test('Caddy, with response fields', async () => {
    const request = { remote_ip: '::1', method: 'GET', host: 'h.test', uri: '/a?b=1', headers: { 'X-User': ['ann'] } }
    const line = {
      level: 'info',
      msg: 'handled request',
      ts: NOON / 1000 + 1,
      request,
      duration: 1,
      size: 9,
      status: 200,
    }
    const record = await only(JSON.stringify({ ...line, resp_headers: { Etag: ['"x"'] } }), {
      user: 'request.headers.x-user',
      tenant: undefined,
    })
    assert.deepEqual(brief(record), [NOON, 'GET', 'h.test', '/a', 'b=1', 200, 9, 'ann'])
    assert.deepEqual(record.fields, ['etag', '"x"'])
  })

  test('a missing user field is nobody in particular', async () => {
    const line = '{"time":"2026-05-17T12:00:03Z","method":"GET","path":"/a","status":200}'
    assert.equal((await only(line, { user: 'user', tenant: undefined })).user, '')
    assert.equal((await only(line)).user, undefined)
  })
})

describe('reading logs', () => {
  const line = (second: number, path: string) =>
    `::1 - - [17/May/2026:12:00:0${second} +0000] "GET ${path} HTTP/1.1" 200 1 "-" "a"`

  test('malformed lines are counted and shown, other messages are not malformed', async () => {
    const text = [
      'nonsense',
      line(1, '/a'),
      '{"a":',
      '{"level":30,"msg":"listening"}',
      '::1 - - [x] "\\x16" 400 0',
      '',
    ].join('\r\n')
    const { records, tally } = await read([text])
    assert.deepEqual([records.length, tally.lines, tally.malformed, tally.others], [1, 5, 3, 1])
    assert.equal(tally.sample, 'nonsense')
  })

  test('several files are merged, and what is out of order is put in order', async () => {
    const { records } = await read([
      `${line(5, '/5')}\n${line(7, '/7')}`,
      `${line(4, '/4')}\n${line(1, '/1')}\n${line(6, '/6')}`,
    ])
    assert.deepEqual(
      records.map(({ path }) => path),
      ['/1', '/4', '/5', '/6', '/7'],
    )
  })

  test('equal instants keep the order of the log', async () => {
    const paths = Array.from({ length: 50 }, (_, at) => `/${at}`)
    const { records } = await read([paths.map(path => line(1, path)).join('\n')])
    assert.deepEqual(
      records.map(({ path }) => path),
      paths,
    )
  })

  test('a log without anything quick says so', async () => {
    const entry = (ms: number) =>
      `{"time":"2026-05-17T12:00:03Z","method":"GET","path":"/a","status":200,"duration":${ms / 1000}}`
    const slow = Array.from({ length: 30 }, (_, at) => entry(1000 + at))
    assert.equal(holdsOnlySlow((await read([slow.join('\n')])).tally), true)
    assert.equal(holdsOnlySlow((await read([[...slow, entry(3)].join('\n')])).tally), false)
  })

  test('an endless line does not fill memory and counts once', async () => {
    const { tally } = await read([`${'x'.repeat(3_000_000)}\n${line(1, '/a')}`])
    assert.deepEqual([tally.lines, tally.malformed, tally.records], [2, 1, 1])
  })
})
