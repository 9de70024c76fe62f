// Does `pillion purge` say what it means, to the right Pillion, with the right exit code?

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, describe, test } from 'node:test'
import { purge } from '../../src/cli/purge.ts'
import { type RunningAdmin, startAdmin } from '../admin/services.ts'
import { aClock } from '../observability/events.ts'
import { run } from './command-run.ts'

const folder = mkdtempSync(join(tmpdir(), 'pillion-purge-'))
const file = join(folder, 'pillion.yaml')
let running: RunningAdmin | undefined

after(() => rmSync(folder, { recursive: true }))
afterEach(async () => {
  await running?.close()
  running = undefined
})

async function start(token?: string, listen?: { kind: 'unix'; path: string }): Promise<RunningAdmin> {
  running = await startAdmin({ clock: aClock(), token, ...(listen ? { listen } : {}) })
  return running
}

describe('what is purged', () => {
  for (const [words, order] of [
    [['--tag', 'patient:7'], { by: 'tag', value: 'patient:7', soft: false }],
    [['--url', '/a?b=1', '--soft'], { by: 'url', value: '/a?b=1', soft: true }],
    [['--prefix', '/a'], { by: 'prefix', value: '/a', soft: false }],
    [['--route', 'patients'], { by: 'route', value: 'patients', soft: false }],
    [['--user', 'Bearer abc'], { by: 'user', value: 'Bearer abc', soft: false }],
    [['--all'], { by: 'all', value: '', soft: false }],
  ] as const) {
    test(`${words.join(' ')}`, async () => {
      const { url, services } = await start()
      const { exit, stdout, stderr } = await run(purge, [...words, '--admin', url])
      assert.deepEqual([exit, stderr], [0, ''])
      assert.equal(stdout, '3 stored responses purged; this process alone\n')
      assert.deepEqual(services.orders, [order])
    })
  }

  test('--user - reads standard input, less its line end', async () => {
    const { url, services } = await start()
    await run(purge, ['--user', '-', '--admin', url], {}, 'Bearer s3cret\n')
    assert.deepEqual(services.orders, [{ by: 'user', value: 'Bearer s3cret', soft: false }])
  })
})

describe('which Pillion is asked', () => {
  test('the one whose address the configuration names, without an upstream even', async () => {
    const { admin, services } = await start()
    writeFileSync(file, `admin: { listen: "${admin.address}" }\n`)
    assert.equal((await run(purge, ['--all', '--config', file])).exit, 0)
    assert.equal(services.orders.length, 1)
  })

  test('the token comes from ADMIN_TOKEN, else from the configuration', async () => {
    const { admin, url, services } = await start('s3cret')
    writeFileSync(file, `admin: { listen: "${admin.address}", token: s3cret }\n`)
    assert.equal((await run(purge, ['--all', '--config', file])).exit, 0)
    assert.equal((await run(purge, ['--all', '--admin', url], { ADMIN_TOKEN: 's3cret' })).exit, 0)
    assert.equal(services.orders.length, 2)
  })

  test('on a unix socket too', async () => {
    const path = join(folder, 'admin.sock')
    const { services } = await start(undefined, { kind: 'unix', path })
    assert.equal((await run(purge, ['--all', '--admin', `unix:${path}`])).exit, 0)
    assert.equal((await run(purge, ['--all'], { ADMIN: `unix:${path}` })).exit, 0)
    assert.equal(services.orders.length, 2)
  })
})

describe('what goes wrong', () => {
  for (const words of [
    [],
    ['--soft'],
    ['--tag', 'a', '--url', '/b'],
    ['--tag', 'a', '--tag', 'b'],
    ['--url', 'relative'],
    ['--tag', ''],
    ['--user', '-'],
    ['--everything'],
    ['--all', 'now'],
  ]) {
    test(`\`${words.join(' ')}\` is wrong usage, and nothing is sent`, async () => {
      const { url, services } = await start()
      const { exit, stderr } = await run(purge, [...words, '--admin', url])
      assert.equal(exit, 2)
      assert.match(stderr, /^pillion purge: /)
      assert.deepEqual(services.orders, [])
    })
  }

  test('a wrong token fails, and says which variable to set', async () => {
    const { url } = await start('s3cret')
    const { exit, stderr } = await run(purge, ['--all', '--admin', url], { ADMIN_TOKEN: 'wrong-one' })
    assert.equal(exit, 1)
    assert.match(stderr, /401.*ADMIN_TOKEN/)
    assert.doesNotMatch(stderr, /wrong-one/)
  })

  test('nobody listening fails, and says where', async () => {
    const { url } = await start()
    await running?.close()
    running = undefined
    const { exit, stderr } = await run(purge, ['--all', '--admin', url])
    assert.equal(exit, 1)
    assert.match(stderr, /ECONNREFUSED/)
    assert.ok(stderr.includes(url))
  })

  test('a configuration with errors is shown with the place, and exit 2', async () => {
    writeFileSync(file, 'admin: { lisen: 1 }\n')
    const { exit, stderr } = await run(purge, ['--all', '--config', file])
    assert.equal(exit, 2)
    assert.match(stderr, /pillion\.yaml:1:10/)
    assert.match(stderr, /--admin URL/)
  })

  test('a port that was left open is not guessed', async () => {
    writeFileSync(file, 'admin: { listen: "127.0.0.1:0" }\n')
    const { exit, stderr } = await run(purge, ['--all', '--config', file])
    assert.equal(exit, 2)
    assert.match(stderr, /--admin URL/)
  })
})
