// Are log lines whole, prompt, private and bounded?

import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Fault } from '../../src/base/fault.ts'
import { milliseconds } from '../../src/base/units.ts'
import { createAccessLog } from '../../src/observability/access-log.ts'
import { createLogSink } from '../../src/observability/log-sink.ts'
import { createLogger } from '../../src/observability/logger.ts'
import { createQueryDigest } from '../../src/observability/query-digest.ts'
import { aClock, aRequestEvent, aSink } from './events.ts'

const slowOnly = { access: 'slow', slow: milliseconds(1000), query: 'hide' } as const
const everything = { ...slowOnly, access: 'all' } as const

describe('access log lines', () => {
  test('a line has exactly the fields of contract §5, in order', () => {
    const sink = aSink()

    createAccessLog(everything, sink).emit(aRequestEvent({ duration: 12.345 }))

    const fields =
      'time route method path query status outcome reason duration_ms upstream_ms bytes client who request_id'
    const line = JSON.parse(sink.lines[0] as string)
    assert.deepEqual(Object.keys(line), fields.split(' '))
    assert.equal(line.time, '2026-11-24T12:00:00.000Z')
    assert.equal(line.duration_ms, 12.3)
    assert.equal(line.upstream_ms, null)
  })

  test('slow writes a request of exactly the limit and none below it', () => {
    const sink = aSink()
    const log = createAccessLog(slowOnly, sink)

    for (const duration of [999, 1000, 1001]) log.emit(aRequestEvent({ duration }))

    assert.deepEqual(
      sink.lines.filter(line => 'method' in JSON.parse(line)).map(line => JSON.parse(line).duration_ms),
      [1000, 1001],
    )
  })

  test("a slow request's second line says where its time went", () => {
    const sink = aSink()
    const times = { lookup: milliseconds(20), queued: milliseconds(300), sending: milliseconds(100) }

    createAccessLog(slowOnly, sink).emit({ ...aRequestEvent({ duration: 1500, upstream: 1000 }), ...times })

    const [access, slow] = sink.lines.map(line => JSON.parse(line))
    assert.deepEqual(slow, {
      level: 'info',
      time: '2026-11-24T12:00:00.000Z',
      route: 'patients',
      duration_ms: 1500,
      store_ms: 20,
      queue_ms: 300,
      origin_ms: 700,
      send_ms: 100,
      other_ms: 380,
      request_id: access.request_id,
      msg: 'slow request',
    })
  })

  test('a request that is not slow has no second line', () => {
    const sink = aSink()
    createAccessLog(everything, sink).emit(aRequestEvent({ duration: 999 }))
    assert.equal(sink.lines.length, 1)
  })

  test('on a terminal the second line is readable', () => {
    const sink = aSink(true)
    createAccessLog(slowOnly, sink).emit(aRequestEvent({ duration: 1500, upstream: 1000 }))
    assert.match(sink.lines[1] as string, /slow request.*origin_ms=.*1000/)
  })

  test('off writes nothing, and a reload can turn it on', () => {
    const sink = aSink()
    const log = createAccessLog({ ...slowOnly, access: 'off' }, sink)

    log.emit(aRequestEvent({ duration: 5000 }))
    log.use(everything)
    log.emit(aRequestEvent())

    assert.equal(sink.lines.length, 1)
  })

  test('query values are hidden, names and order kept, equal values recognisable', () => {
    const sink = aSink()
    const log = createAccessLog(everything, sink)

    log.emit(aRequestEvent({ query: 'name=Smith&page=2&again=Smith&empty=&&q=a=b' }))

    const { query } = JSON.parse(sink.lines[0] as string)
    const [, first, , second] =
      /^name=([\w-]{8})&page=([\w-]{8})&again=([\w-]{8})&empty=&&q=[\w-]{8}$/.exec(query) ?? []
    assert.ok(first)
    assert.equal(first, second)
    assert.doesNotMatch(query, /Smith/)
  })

  test('query: show leaves the query as it came', () => {
    const sink = aSink()
    createAccessLog({ ...everything, query: 'show' }, sink).emit(aRequestEvent({ query: 'name=Smith' }))
    assert.equal(JSON.parse(sink.lines[0] as string).query, 'name=Smith')
  })

  test('a parameter without a value may be the secret itself and is hidden whole', () => {
    assert.match(createQueryDigest()('s3cr3t-token'), /^[\w-]{8}$/)
  })

  test('another process hides the same value differently', () => {
    assert.notEqual(createQueryDigest()('a=1'), createQueryDigest()('a=1'))
  })

  test('on a terminal a path cannot send escape sequences', () => {
    const sink = aSink(true)
    createAccessLog(everything, sink).emit(aRequestEvent({ path: '/\x1b]0;gone\x07' }))
    assert.ok(sink.lines[0]?.includes('/\\x1b]0;gone\\x07'))
  })
})

describe('notices', () => {
  test('a notice is a JSON line with level as a word, time in ISO 8601 and its fields', () => {
    const sink = aSink()

    createLogger({ level: 'info', sink, clock: aClock() }).emit({
      kind: 'notice',
      level: 'info',
      message: 'listening',
      fields: { listen: '127.0.0.1:8080', admin: '127.0.0.1:9090' },
    })

    assert.deepEqual(JSON.parse(sink.lines[0] as string), {
      level: 'info',
      time: '2026-11-24T12:00:00.000Z',
      listen: '127.0.0.1:8080',
      admin: '127.0.0.1:9090',
      msg: 'listening',
    })
  })

  test('listening, warnings and errors are urgent; the rest may wait', () => {
    const sink = aSink()
    const logger = createLogger({ level: 'debug', sink })

    logger.emit({ kind: 'notice', level: 'debug', message: 'x' })
    logger.emit({ kind: 'notice', level: 'info', message: 'x' })
    logger.emit({ kind: 'notice', level: 'info', message: 'listening' })
    logger.emit({ kind: 'notice', level: 'warn', message: 'x' })
    logger.emit({ kind: 'reload', ok: false, hash: 'abc' })

    assert.deepEqual(sink.urgent, [false, false, true, true, true])
  })

  test('nothing below the level is written, and the level can change', () => {
    const sink = aSink()
    const logger = createLogger({ level: 'warn', sink })

    logger.emit({ kind: 'notice', level: 'info', message: 'no' })
    logger.setLevel('info')
    logger.emit({ kind: 'notice', level: 'info', message: 'yes' })

    assert.equal(sink.lines.length, 1)
  })

  test('an error is written with its code and cause, but none of the fields hung on it', () => {
    const sink = aSink()
    const cause = Object.assign(new Error('connect ECONNREFUSED'), {
      code: 'ECONNREFUSED',
      headers: { authorization: 'x-secret' },
    })
    const error = new Fault('UPSTREAM_REFUSED', 'connecting to 127.0.0.1:1', { cause })

    createLogger({ level: 'info', sink }).emit({ kind: 'notice', level: 'error', message: 'failed', error })

    const line = JSON.parse(sink.lines[0] as string)
    assert.equal(line.error.code, 'UPSTREAM_REFUSED')
    assert.equal(line.error.cause.code, 'ECONNREFUSED')
    assert.doesNotMatch(sink.lines[0] as string, /x-secret/)
  })

  test('on a terminal a notice is one readable line', () => {
    const sink = aSink(true)
    createLogger({ level: 'info', sink }).emit({
      kind: 'notice',
      level: 'warn',
      message: 'breaker open',
      fields: { failures: 5 },
    })
    assert.match(sink.lines[0] as string, /warn.*breaker open.*failures=.*5/)
    assert.doesNotMatch(sink.lines[0] as string, /\n/)
  })
})

describe('the log sink', () => {
  const sinkModule = join(import.meta.dirname, '..', '..', 'src', 'observability', 'log-sink.ts')
  const script = (body: string) => `import { createLogSink } from ${JSON.stringify(sinkModule)}\n${body}`

  test('lines that wait are written at exit, in order', () => {
    const body = `const sink = createLogSink()
      for (let n = 0; n < 2000; n += 1) sink.write('line ' + n, n % 100 === 0)
      process.exit(0)`

    const { stdout } = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', script(body)], {
      encoding: 'utf8',
    })

    assert.deepEqual(
      stdout.trimEnd().split('\n'),
      Array.from({ length: 2000 }, (_, n) => `line ${n}`),
    )
  })

  test('an urgent line is written at once, together with those before it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pillion-log-'))
    const file = join(folder, 'log')
    const fd = openSync(file, 'w')
    const sink = createLogSink({ fd, patience: milliseconds(3_600_000) })

    sink.write('patient', false)
    sink.write('urgent', true)
    while (readFileSync(file, 'utf8') === '') await turn()

    assert.equal(readFileSync(file, 'utf8'), 'patient\nurgent\n')
    sink.close()
    closeSync(fd)
    rmSync(folder, { recursive: true })
  })

  test('a line that is not urgent appears without another one after it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pillion-log-'))
    const file = join(folder, 'log')
    const fd = openSync(file, 'w')
    const sink = createLogSink({ fd, patience: milliseconds(1) })

    sink.write('alone', false)
    while (readFileSync(file, 'utf8') === '') await new Promise(resolve => setTimeout(resolve, 1))

    assert.equal(readFileSync(file, 'utf8'), 'alone\n')
    sink.close()
    closeSync(fd)
    rmSync(folder, { recursive: true })
  })

  test('a reader that went away ends the log and not the process', async () => {
    const body = `const sink = createLogSink()
      process.once('message', () => {
        for (let n = 0; n < 100; n += 1) sink.write('x'.repeat(1000), true)
        setTimeout(() => { sink.write('more', false); process.disconnect() }, 20)
      })
      sink.write('first', true)`
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script(body)], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    })

    await new Promise(resolve => child.stdout?.once('data', resolve))
    child.stdout?.destroy()
    child.send('go')
    const code = await new Promise(resolve => child.once('exit', resolve))

    assert.equal(code, 0)
  })

  test('lines beyond 4 MiB that nobody could read yet are dropped and counted', async () => {
    const body = `const sink = createLogSink()
      for (let n = 0; n < 20000; n += 1) sink.write('x'.repeat(1000), false)
      setTimeout(() => { sink.write('later', true) }, 50)`

    const { stdout } = spawnSync(process.execPath, ['--input-type=module-typescript', '-e', script(body)], {
      encoding: 'utf8',
      maxBuffer: 30_000_000,
    })

    const lines = stdout.trimEnd().split('\n')
    const lost = JSON.parse(lines.at(-2) as string)
    assert.equal(lines.at(-1), 'later')
    assert.equal(lost.count + lines.length - 2, 20_000)
    assert.ok(stdout.length < 4.3 * 1024 * 1024)
  })
})
