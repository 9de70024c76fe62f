// When the file changes, which requests follow the new rules, and what survives?

import assert from 'node:assert/strict'
import { mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { startOrigin } from '../origin/origin.ts'
import { cacheStatusOf, QUICK_DRAIN, replyWith, Scene, startPillion } from './start-pillion.ts'

const rules = (ttl: string) => `${QUICK_DRAIN}routes: { all: { match: /**, ttl: ${ttl}, share: everyone } }\n`

/** A Pillion that watches a file in a folder of its own. */
async function watched() {
  const folder = await mkdtemp(join(tmpdir(), 'pillion-'))
  const file = join(folder, 'pillion.yaml')
  return { folder, file, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}

async function sceneOf(file: string): Promise<Scene> {
  const origin = await startOrigin(replyWith('hello'))
  return new Scene(origin, await startPillion(origin.url, { file }))
}

/** Asks until Cache-Status is as expected; within 2 s as contract §1 has it. */
async function untilStatus(scene: Scene, target: string, expected: RegExp): Promise<void> {
  const started = performance.now()
  while (!expected.test(cacheStatusOf(await scene.get(target)))) {
    assert.ok(performance.now() - started < 2_000, `${target} never had ${expected}`)
  }
}

describe('reload by content (contract §1)', () => {
  test('a file renamed over the old one takes effect within 2 s', async () => {
    await using place = await watched()
    await writeFile(place.file, rules('1m'))
    await using scene = await sceneOf(place.file)
    await scene.get('/a')
    await writeFile(`${place.file}.new`, rules('1h'))
    await rename(`${place.file}.new`, place.file)
    await untilStatus(scene, '/a', /hit; ttl=3\d{3}/)
    assert.equal(scene.origin.requests.length, 1)
  })

  test('the symlink swap of a ConfigMap does, too', async () => {
    await using place = await watched()
    const [first, second] = [join(place.folder, 'first.yaml'), join(place.folder, 'second.yaml')]
    await writeFile(first, rules('1m'))
    await writeFile(second, rules('1h'))
    await symlink(first, place.file)
    await using scene = await sceneOf(place.file)
    await scene.get('/a')
    await symlink(second, `${place.file}.tmp`)
    await rename(`${place.file}.tmp`, place.file)
    await untilStatus(scene, '/a', /hit; ttl=3\d{3}/)
  })

  test('an invalid file changes nothing and is refused with its errors', async () => {
    await using place = await watched()
    await writeFile(place.file, rules('1m'))
    await using scene = await sceneOf(place.file)
    await scene.get('/a')
    await writeFile(place.file, 'routes: { all: { match: /**, tll: 1m } }\n')
    const refused = scene.app.reload()
    assert.ok(!refused.ok)
    assert.match(refused.errors.join('\n'), /pillion\.yaml:1:\d+: .*tll/)
    assert.match(cacheStatusOf(await scene.get('/a')), /hit/)
  })

  test('a lowered ttl holds at once for what is stored', async () => {
    await using place = await watched()
    await writeFile(place.file, rules('1h'))
    await using scene = await sceneOf(place.file)
    await scene.get('/a')
    await writeFile(place.file, rules('0s'))
    assert.ok(scene.app.reload().ok)
    assert.match(cacheStatusOf(await scene.get('/a')), /fwd=stale/)
  })

  test('sharing less widely never takes what was stored more widely', async () => {
    await using place = await watched()
    await writeFile(place.file, rules('1h'))
    await using scene = await sceneOf(place.file)
    await scene.get('/a', ['Authorization', 'Bearer a'])
    await writeFile(place.file, rules('1h').replace('everyone', 'user'))
    assert.ok(scene.app.reload().ok)
    assert.match(cacheStatusOf(await scene.get('/a', ['Authorization', 'Bearer b'])), /uri-miss/)
  })
})

describe('limits of the listener (contract §2 `limits`)', () => {
  const limits = (head: string, headTimeout: string) =>
    `${QUICK_DRAIN}limits: { head: ${head}, uri: 1KiB, headTimeout: ${headTimeout} }\n`

  test('new ones hold without a restart: larger heads, and less patience', async () => {
    await using place = await watched()
    await writeFile(place.file, limits('2KiB', '1h'))
    await using scene = await sceneOf(place.file)
    const large = ['X-Large', 'a'.repeat(30_000)]
    assert.equal((await scene.get('/a', large)).status, 431)
    await writeFile(place.file, limits('64KiB', '200ms'))
    assert.equal(scene.app.reload().ok, true)
    assert.equal((await scene.get('/a', large)).status, 200)
    const slow = await scene.connect()
    slow.send('GET /a HTTP/1.1\r\n')
    assert.match(await slow.toTheEnd(), /^HTTP\/1\.1 408 /)
  })
})
