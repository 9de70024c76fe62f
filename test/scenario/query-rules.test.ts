// Which parameters decide, and which ones does the origin get to see?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { cacheStatusOf, replyWith, startScene } from './start-pillion.ts'

const routeWith = (query: string) => `routes: { all: { match: /**, ttl: 1m, share: everyone, query: ${query} } }`

describe('query rules (contract §2 `query`, §3 the cache key)', () => {
  test('parameters left out of the key are not sent to the origin in a request that may be stored', async () => {
    await using scene = await startScene(routeWith('{ only: [page] }'), replyWith('hello'))
    await scene.get('/a?utm_source=x&page=2')
    assert.equal(scene.origin.requests[0]?.target, '/a?page=2')
    assert.match(cacheStatusOf(await scene.get('/a?page=2&utm_source=y')), /hit/)
  })

  test('they are sent where nothing may be stored', async () => {
    await using scene = await startScene(routeWith('{ only: [page] }'), replyWith('hello'))
    await scene.request(['POST', '/a?utm_source=x&page=2'], [], 'x')
    assert.equal(scene.origin.requests[0]?.target, '/a?utm_source=x&page=2')
  })

  test('except leaves out by name and by prefix, none leaves out all', async () => {
    await using scene = await startScene(routeWith('{ except: ["utm_*", gclid] }'), replyWith('hello'))
    await scene.get('/a?utm_medium=m&q=1&gclid=2')
    assert.equal(scene.origin.requests[0]?.target, '/a?q=1')

    await using bare = await startScene(routeWith('none'), replyWith('hello'))
    await bare.get('/a?q=1')
    assert.equal(bare.origin.requests[0]?.target, '/a')
  })

  test('the order of different parameters does not matter, that of equal ones and every byte of a value does', async () => {
    await using scene = await startScene(routeWith('all'), replyWith('hello'))
    await scene.get('/a?b=1&a=2')
    assert.equal((await scene.get('/a?a=2&b=1')).body, 'hello 1')
    assert.equal((await scene.get('/a?a=2&b=%31')).body, 'hello 2')
    assert.equal((await scene.get('/a?x=1&x=2')).body, 'hello 3')
    assert.equal((await scene.get('/a?x=2&x=1')).body, 'hello 4')
  })

  test('paths are keyed and forwarded byte for byte', async () => {
    await using scene = await startScene(routeWith('all'), replyWith('hello'))
    for (const path of ['/a%2Fb', '/a%2fb', '/a/b', '/a//b', '/a/b/', '/A/b', '/%61/b']) {
      assert.match(cacheStatusOf(await scene.get(path)), /uri-miss/)
      assert.equal(scene.origin.requests.at(-1)?.target, path)
    }
  })

  test('hosts are kept apart', async () => {
    await using scene = await startScene(routeWith('all'), replyWith('hello'))
    await scene.get('/a', ['Host', 'one.example'])
    assert.equal((await scene.get('/a', ['Host', 'two.example'])).body, 'hello 2')
    assert.equal((await scene.get('/a', ['Host', 'ONE.example:80'])).body, 'hello 1')
  })
})
