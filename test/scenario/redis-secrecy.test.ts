// What can be read by somebody who has all of Redis, and what does a rotation cost?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { until } from '../redis/replicas.ts'
import { RedisServer } from '../redis/server.ts'
import { type Pair, SECRET, startPair } from './redis-scene.ts'
import { cacheStatusOf, replyWith } from './start-pillion.ts'

const text = 'routes: { all: { match: "/p/{id}", ttl: 1h, share: user, tags: ["patient:{id}"] } }'
const ALICE = ['Authorization', 'Bearer alice-s3cr3t', 'Host', 'clinic.example']

/** Everything that lies in Redis: names, values, members. */
async function dump(redis: RedisServer): Promise<string> {
  const parts: string[] = []
  for (const name of await redis.client.keys('*')) {
    const value =
      (await redis.client.type(name)) === 'zset'
        ? (await redis.client.zrange(name, 0, '-1')).join('\n')
        : ((await redis.client.getBuffer(name)) as Buffer).toString('latin1')
    parts.push(name, value)
  }
  return parts.join('\n')
}

const names = async ({ redis }: Pair) => (await redis.client.keys('*')).filter(name => !name.includes('{epochs}'))

describe('store.redis.secret (contract §2)', () => {
  test('nothing of URL, tag, body or credential is readable in Redis or on its channel', async () => {
    await using pair = await startPair(replyWith('plainbody', ['X-Field', 'plainfield']), {
      text,
      redis: `secret: "${SECRET}"`,
    })
    const heard: string[] = []
    const listener = pair.redis.client.duplicate()
    await listener.psubscribe('*')
    listener.on('pmessage', (_pattern: string, _channel: string, message: string) => void heard.push(message))
    await pair.one.get('/p/plainpath', ALICE)
    await until('it is there', async () => (await names(pair)).length === 1)
    await pair.one.purge({ tag: 'patient:plaintag' })
    await pair.one.purge({ user: 'Bearer alice-s3cr3t' })
    await until('the purges were pushed', () => heard.length >= 2)
    listener.disconnect()
    const all = `${await dump(pair.redis)}\n${heard.join('\n')}`
    for (const plain of ['plain', 'patient', 'alice', 's3cr3t', 'clinic', 'Bearer', '/p/'])
      assert.ok(!all.includes(plain), plain)
    assert.match(all, /pillion:v1:\{/)
  })

  test('without it the same search finds what it looks for', async () => {
    await using pair = await startPair(replyWith('plainbody'), { text: text.replace('user', 'everyone') })
    await pair.one.get('/p/plainpath', ALICE)
    await until('it is there', async () => (await names(pair)).length === 1)
    assert.match(await dump(pair.redis), /plainbody/)
  })

  test('a rotation finds what the older secret sealed, for its own caller too', async () => {
    const server = await RedisServer.start()
    const before = await startPair(replyWith('hello'), { text, server, redis: `secret: "${SECRET}"` })
    await before.one.get('/p/1', ALICE)
    await until('it is there', async () => (await names(before)).length === 1)
    for (const { app } of before.replicas) await app.close()
    await before.origin.close()
    await using after = await startPair(replyWith('again'), {
      text,
      server,
      redis: `secret: ["another secret of thirty-two chars", "${SECRET}"]`,
    })
    const response = await after.one.get('/p/1', ALICE)
    assert.match(cacheStatusOf(response), /pillion; hit/)
    assert.equal(response.body, 'hello 1')
  })
})
