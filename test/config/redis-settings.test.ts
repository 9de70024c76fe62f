// How is `store.redis` written, and what is said of it?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { redacted } from '../../src/config/effective.ts'
import { loadConfiguration } from '../../src/config/load.ts'
import type { Environment } from '../../src/config/variables.ts'

const SECRET = 'a secret of thirty-two characters'

function load(redis: string, environment: Environment = {}, routes = '{}') {
  const text = `upstream: { url: "http://b:1" }\nstore: { redis: { ${redis} } }\nroutes: ${routes}\n`
  return loadConfiguration({ text, environment })
}

const redisOf = (redis: string, environment: Environment = {}) => {
  const { settings, problems } = load(redis, environment)
  assert.deepEqual(problems, [])
  if (settings === undefined) throw new Error('there are no settings')
  return settings.store.redis
}
const messages = (...given: Parameters<typeof load>) => load(...given).problems.map(({ message }) => message)

describe('store.redis', () => {
  for (const [url, kind] of [
    ['redis://h:1', 'single'],
    ['rediss://h', 'single'],
    ['redis+sentinel://h1,h2/NAME', 'sentinel'],
    ['redis+cluster://h1,h2', 'cluster'],
  ]) {
    test(`${url} is a ${kind} address`, () => {
      assert.equal(redisOf(`url: "${url}"`).url?.kind, kind)
    })
  }

  test('an empty URL and an empty secret are none', () => {
    const { url, secret } = redisOf(`url: "", secret: ""`)
    assert.deepEqual([url, secret], [undefined, []])
  })

  test('what is no URL is an error that says what to write and repeats no password', () => {
    const [problem] = load(`url: "http://user:pa55@h"`).problems
    assert.match(`${problem?.message} ${problem?.hint}`, /no Redis URL.*redis\+sentinel/)
    assert.doesNotMatch(problem?.message ?? '', /pa55/)
  })

  test('partition is a duration or `ttl`', () => {
    assert.equal(redisOf('partition: ttl').partition, 'ttl')
    assert.equal(redisOf('partition: 3s').partition, 3000)
    assert.equal(messages('partition: 3').length, 1)
  })

  test('a secret is one or several', () => {
    assert.deepEqual(redisOf(`secret: ${SECRET}`).secret, [SECRET])
    assert.deepEqual(redisOf(`secret: [${SECRET}, ${SECRET}2, ""]`).secret, [SECRET, `${SECRET}2`])
  })

  test('REDIS_URL and CACHE_SECRET come before the file, but leave a rotation that names the secret', () => {
    const { url, secret } = redisOf(`url: "redis://file", secret: file-secret-file-secret`, {
      REDIS_URL: 'redis://environment',
      CACHE_SECRET: SECRET,
    })
    assert.equal(url?.nodes[0]?.host, 'environment')
    assert.deepEqual(secret, [SECRET])
    const rotated = redisOf(`secret: [${SECRET}, ${SECRET}2]`, { CACHE_SECRET: SECRET }).secret
    assert.deepEqual(rotated, [SECRET, `${SECRET}2`])
  })

  test('the effective configuration shows neither password nor secret', () => {
    const { settings } = load(`url: "redis://user:pa55@h:1", secret: ${SECRET}`)
    if (settings === undefined) throw new Error('there are no settings')
    const shown = (redacted(settings)['store'] as { redis: object }).redis
    assert.doesNotMatch(JSON.stringify(shown), /pa55|thirty-two/)
    assert.match(JSON.stringify(shown), /redis:\/\/h:1.*\*\*\*/)
  })

  test('without a secret it is said which routes stay in memory', () => {
    const routes = `{ a: { match: /a, ttl: 1m, share: user }, b: { match: /b, ttl: 1m, share: everyone }, c: { match: /c, share: user, store: memory }, d: { match: /d, share: user, cache: off } }`
    assert.match(
      messages('url: "redis://h"', {}, routes).join('\n'),
      /^without `store.redis.secret` responses of `a` stay/,
    )
    assert.deepEqual(messages(`url: "redis://h", secret: ${SECRET}`, {}, routes), [])
    assert.deepEqual(messages('', {}, routes), [])
  })

  test('a short secret is warned of without being repeated', () => {
    assert.match(messages('secret: short')[0] ?? '', /5 characters and could be guessed/)
  })

  test('TLS files need a rediss URL and each other', () => {
    assert.match(messages('url: "redis://h", tls: { ca: x }')[0] ?? '', /tls has no meaning for redis:\/\/h/)
    assert.match(messages('url: "rediss://h", tls: { cert: x }')[0] ?? '', /cert has no key/)
  })
})
