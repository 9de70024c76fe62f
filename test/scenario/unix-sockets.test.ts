// Does a socket file that a killed process left behind keep the next one from starting?

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { startApp } from '../../src/app.ts'
import { prepare } from '../../src/insight/prepare.ts'
import { createIdentitySecret } from '../../src/routing/identity.ts'
import { rawGet } from '../clients/raw-client.ts'
import { startOrigin } from '../origin/origin.ts'
import { QUICK_DRAIN, replyWith } from './start-pillion.ts'

async function folder() {
  const path = await mkdtemp(join(tmpdir(), 'pillion-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

function start(upstream: string, sockets: { listen: string; admin: string }) {
  const input = {
    text: QUICK_DRAIN,
    environment: { UPSTREAM: upstream, LOG_LEVEL: 'error' },
    overrides: { listen: `unix:${sockets.listen}`, admin: `unix:${sockets.admin}` },
  }
  const { configuration } = prepare(input, createIdentitySecret())
  assert.ok(configuration !== undefined)
  return startApp(configuration, input)
}

/** A process that listened here and was killed. */
async function abandon(path: string): Promise<void> {
  const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
  assert.ok((await stat(path)).isSocket())
}

describe('unix sockets (contract §1)', () => {
  test('files that nobody listens on are replaced, for clients and for the admin', async () => {
    await using place = await folder()
    const sockets = { listen: join(place.path, 'listen.sock'), admin: join(place.path, 'admin.sock') }
    await abandon(sockets.listen)
    await abandon(sockets.admin)
    const origin = await startOrigin(replyWith('hello'))
    const app = await start(origin.url, sockets)
    assert.equal((await rawGet({ path: sockets.listen }, '/a')).body, 'hello 1')
    assert.equal((await rawGet({ path: sockets.admin }, '/livez')).status, 200)
    await app.close()
    await origin.close()
  })

  test('one that is in use, or a file that is no socket, is left alone', async () => {
    await using place = await folder()
    const sockets = { listen: join(place.path, 'listen.sock'), admin: join(place.path, 'admin.sock') }
    const origin = await startOrigin(replyWith('hello'))
    const app = await start(origin.url, sockets)
    await assert.rejects(start(origin.url, { ...sockets, admin: join(place.path, 'other.sock') }), {
      code: 'EADDRINUSE',
    })
    assert.equal((await rawGet({ path: sockets.listen }, '/a')).body, 'hello 1')
    await app.close()
    await writeFile(sockets.listen, 'a file')
    await assert.rejects(start(origin.url, sockets), { code: 'EADDRINUSE' })
    await origin.close()
  })
})
