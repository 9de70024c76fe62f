// Does `pillion check` tell valid from invalid, with everything at its place?

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { check } from '../../src/cli/check.ts'
import { run } from './command-run.ts'

const folder = mkdtempSync(join(tmpdir(), 'pillion-check-'))
after(() => rmSync(folder, { recursive: true }))

function written(text: string): string {
  const file = join(folder, 'it.yaml')
  writeFileSync(file, text)
  return file
}

const SOUND = `upstream: { url: http://127.0.0.1:8000 }
routes:
  items: { match: GET /items, ttl: 1m, share: everyone }
expect:
  - GET /items => items, ttl 1m
`

describe('pillion check', () => {
  test('a valid file: 0 and one line', async () => {
    const file = written(SOUND)
    const expected = { exit: 0, stdout: `${file} is valid: 1 route, 1 expectation met, no warnings\n`, stderr: '' }
    assert.deepEqual(await run(check, [file]), expected)
    assert.deepEqual(await run(check, ['--config', file]), expected)
    assert.deepEqual(await run(check, [], { PILLION_CONFIG: file }), expected)
  })

  test('warnings leave it valid and are shown', async () => {
    const { exit, stdout, stderr } = await run(check, [
      written(SOUND.replace('ttl: 1m,', 'ttl: 1m, origin: override,')),
    ])
    assert.equal(exit, 0)
    assert.match(stdout, /1 warning\n$/)
    assert.match(stderr, /it\.yaml:3:48: warning: `origin: override` on `items` gives everyone/)
  })

  test('all errors at once, of schema, routes and ties, each with line and caret', async () => {
    const file = written(`upstream: { url: http://127.0.0.1:8000 }
routes:
  a: { match: GET /a, ttll: 1m }
  b: { match: GET /b, ttl: 60 }
  c: { match: "GET /{x" }
  d: { match: "/d/{id}", tags: ["d:{idd}"] }
  e: { match: /e }
  f: { match: /e }
`)
    const { exit, stdout, stderr } = await run(check, [file])
    assert.equal(exit, 2)
    assert.equal(stdout, '')
    for (const place of ['3:23', '4:28', '5:21', '6:36', '8:15'])
      assert.ok(stderr.includes(`${file}:${place}: `), place)
    assert.match(stderr, / {2}c: \{ match: "GET \/\{x" \}\n {20}\^/)
    assert.match(stderr, /it\.yaml is invalid: 5 errors, no warnings\n$/)
  })

  test('an expectation that fails makes it invalid', async () => {
    const { exit, stderr } = await run(check, [written(SOUND.replace('ttl 1m\n', 'ttl 2m\n'))])
    assert.equal(exit, 2)
    assert.match(stderr, /it\.yaml:5:30: expected ttl 2m, but it is 1m\n {2}- GET \/items => items, ttl 2m\n {29}\^\n/)
  })

  test('expectations say nothing while routes are in error', async () => {
    const { stderr } = await run(check, [written(SOUND.replace('GET /items,', 'get /items,'))])
    assert.match(stderr, /1 error,/)
    assert.doesNotMatch(stderr, /expected route/)
  })

  test('a file that is not there, two files, and none at all', async () => {
    const missing = await run(check, [join(folder, 'none.yaml')])
    assert.equal(missing.exit, 2)
    assert.match(missing.stderr, /none\.yaml can ?not be read: there is no such file/)
    assert.equal((await run(check, ['a.yaml', '--config', 'b.yaml'])).exit, 2)
    const none = await run(check, [])
    assert.equal(none.exit, 2)
    assert.match(none.stderr, /there is no configuration to check/)
  })
})
