// Does `pillion advise --admin` print YAML for a file, and the report beside it?

import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import { advise } from '../../src/cli/advise.ts'
import { type RunningAdmin, startAdmin } from '../admin/services.ts'
import { aClock } from '../observability/events.ts'
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
