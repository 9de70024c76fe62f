// Does `pillion advise --admin` print YAML for a file, and the report beside it?

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, describe, test } from 'node:test'
import { advise } from '../../src/cli/advise.ts'
import { check } from '../../src/cli/check.ts'
import { replay } from '../../src/cli/replay.ts'
import { type RunningAdmin, startAdmin } from '../admin/services.ts'
import { aClock } from '../observability/events.ts'
import { aRequest, compile } from '../routing/builders.ts'
import { run } from './command-run.ts'

let running: RunningAdmin | undefined

afterEach(async () => {
  await running?.close()
  running = undefined
})

describe('pillion advise --admin URL', () => {
  test('the YAML alone on standard output, the report on standard error', async () => {
    running = await startAdmin({ clock: aClock() })
    const { exit, stdout, stderr } = await run(advise, ['--admin', running.url])
    assert.deepEqual([exit, stdout], [0, 'routes: {}\n'])
    assert.match(stderr, /Slow routes\n {2}patients: slow\n {2}→ be quick\n/)
  })

  test('--json is all of it', async () => {
    running = await startAdmin({ clock: aClock() })
    const { stdout, stderr } = await run(advise, ['--admin', running.url, '--json'])
    assert.deepEqual(Object.keys(JSON.parse(stdout) as object), ['yaml', 'routes', 'backend'])
    assert.equal(stderr, '')
  })

  test('nobody there is exit 1, nothing named exit 2', async () => {
    const gone = await run(advise, ['--admin', 'http://127.0.0.1:1'])
    assert.equal(gone.exit, 1)
    assert.match(gone.stderr, /GET \/api\/advice to http:\/\/127\.0\.0\.1:1 failed/)
    assert.equal((await run(advise, [])).exit, 2)
  })
})

describe('pillion advise LOG…', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pillion-advise-'))
  after(() => rmSync(folder, { recursive: true }))
  const entry = (second: number, line: string, rest: object = {}) =>
    JSON.stringify({ time: new Date(second * 1000).toISOString(), request: `${line} HTTP/1.1`, status: 200, ...rest })
  const lines = Array.from({ length: 400 }, (_, at) => [
    entry(at, `GET /api/patients/${at % 5}`, { bytes: 900, request_time: 1.5, user: `u${at % 2}` }),
    entry(at, 'GET /api/patients?limit=5&page=1', { bytes: 200_000, request_time: 0.2, user: `u${at % 2}` }),
    entry(at, `GET /static/app.${at % 3}f00ba12.js`, { bytes: 90_000, upstream_http_cache_control: '' }),
    entry(at, 'GET /api/reports', { bytes: 200_000, request_time: 0.2 }),
    ...(at % 40 === 0 ? [entry(at, 'PATCH /api/patients/3', { user: 'u1' })] : []),
  ])
  const log = join(folder, 'access.log')
  writeFileSync(log, `${lines.flat().join('\n')}\nbroken\n`)

  test('proposes YAML that check and replay accept, and never shares between callers', async () => {
    const { exit, stdout, stderr } = await run(advise, [log, '--user-field', 'user'])
    assert.equal(exit, 0, stderr)
    const proposed = join(folder, 'proposed.yaml')
    writeFileSync(proposed, stdout)
    const checked = await run(check, [proposed])
    assert.equal(checked.exit, 0, checked.stderr)
    const { compiled } = compile(stdout)
    const route = (line: string) => compiled.router.match(aRequest(line))
    assert.equal(route('GET /api/patients/77').share.kind, 'user')
    assert.notEqual(route('GET /api/reports').share.kind, 'everyone')
    assert.equal(route('PATCH /api/patients/3').purge[0]?.text, 'patients')
    assert.match(stderr, /Slow routes\n {2}GET \/api\/patients\/\{id\}/)
    assert.match(stderr, /Large lists without pages\n {2}GET \/api\/reports/)
    assert.match(stderr, /1 of 1611 lines are malformed/)
    const predicted = await run(replay, ['--json', '-c', proposed, '--user-field', 'user', log])
    const { routes } = JSON.parse(predicted.stdout) as { routes: Record<string, { hitRate: number }> }
    assert.ok((routes[route('GET /api/patients/3').name]?.hitRate ?? 0) > 0.5, predicted.stdout)
  })

  test('--json is {yaml, routes, backend}; logs and --admin together are refused', async () => {
    const { stdout } = await run(advise, ['--json', log])
    assert.deepEqual(Object.keys(JSON.parse(stdout) as object), ['yaml', 'routes', 'backend'])
    assert.equal((await run(advise, [log, '--admin', 'http://127.0.0.1:1'])).exit, 2)
    assert.equal((await run(advise, [join(folder, 'absent')])).exit, 1)
  })
})
