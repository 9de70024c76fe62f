// Is every form of Redis URL understood, and every mistake explained?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { describeAddress, parseRedisUrl, type RedisAddress } from '../../src/config/redis-url.ts'

function parsed(text: string): RedisAddress {
  const address = parseRedisUrl(text)
  if (typeof address === 'string') throw new Error(address)
  return address
}

describe('Redis URLs (contract §2)', () => {
  test('one server, with the usual port and database', () => {
    const { kind, tls, nodes, database } = parsed('redis://cache.example')
    assert.deepEqual([kind, tls, nodes, database], ['single', false, [{ host: 'cache.example', port: 6379 }], 0])
    assert.equal(parsed('redis://h:7000/3').database, 3)
    assert.deepEqual(parsed('redis://[::1]:7000').nodes, [{ host: '::1', port: 7000 }])
  })

  test('TLS is one letter more, in every form', () => {
    for (const form of ['rediss://h', 'rediss+sentinel://h/m', 'rediss+cluster://h'])
      assert.equal(parsed(form).tls, true)
  })

  test('user and password are percent-decoded and never shown', () => {
    const address = parsed('redis://us%40er:p%3Aw%2F@h')
    assert.deepEqual([address.username, address.password], ['us@er', 'p:w/'])
    assert.equal(describeAddress(address), 'redis://h:6379')
    assert.equal(parsed('redis://:secret@h').username, undefined)
  })

  test('sentinels have a port of their own and the master a name', () => {
    const address = parsed('redis+sentinel://a,b:1,c/mymaster/2?sentinelPassword=x')
    assert.deepEqual(
      address.nodes.map(({ port }) => port),
      [26379, 1, 26379],
    )
    assert.deepEqual([address.masterName, address.database, address.sentinelPassword], ['mymaster', 2, 'x'])
  })

  test('a cluster has several nodes and one database', () => {
    assert.equal(parsed('redis+cluster://a:1,b:2').nodes.length, 2)
    assert.equal(typeof parseRedisUrl('redis+cluster://a/1'), 'string')
  })

  test('mistakes are explained without the password', () => {
    for (const text of [
      '',
      'http://h',
      'redis://',
      'redis://a,b',
      'redis://h:0',
      'redis://h:65536',
      'redis://h:x',
      'redis://h/a',
      'redis+sentinel://h',
      'redis://u:geheim%zz@h',
      'redis://u:geheim@h/x?y=1',
      'redis://h?tls=1',
    ]) {
      const problem = parseRedisUrl(text)
      if (typeof problem !== 'string') throw new Error(`${text} was understood`)
      assert.doesNotMatch(problem, /geheim/)
    }
  })

  test('no text makes it throw', () => {
    fc.assert(fc.property(fc.string(), text => void parseRedisUrl(`redis://${text}`)))
    fc.assert(fc.property(fc.string(), text => void parseRedisUrl(text)))
  })
})
