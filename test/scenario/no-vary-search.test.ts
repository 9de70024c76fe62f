// Does what the origin says of its queries widen what is reused, and nothing else?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { cacheStatusOf, replyWith, startScene } from './start-pillion.ts'

const FRESH = ['Cache-Control', 'max-age=60']
const IGNORES_UTM = [...FRESH, 'No-Vary-Search', 'params=("utm")']

describe('No-Vary-Search', () => {
  test('queries that the origin calls equivalent share a stored response, others do not', async () => {
    await using scene = await startScene('', replyWith('page', IGNORES_UTM))
    await scene.get('/a?id=1&utm=x')
    const equivalent = await scene.get('/a?utm=y&id=1')
    const other = await scene.get('/a?id=2&utm=x')
    assert.match(cacheStatusOf(equivalent), /^pillion; hit/)
    assert.match(cacheStatusOf(other), /fwd=uri-miss/)
    assert.match(cacheStatusOf(await scene.get('/b?id=1&utm=x')), /fwd=uri-miss/)
  })

  test('/api/entry finds what is stored for an equivalent query', async () => {
    await using scene = await startScene('', replyWith('page', IGNORES_UTM))
    await scene.get('/a?id=1&utm=x')
    const entry = await scene.admin('/api/entry', { url: 'http://test.example/a?utm=y&id=1' })
    assert.deepEqual(entry['decision'], { kind: 'reuse', because: 'fresh' })
    assert.equal((await scene.admin('/api/entry', { url: 'http://test.example/a?id=2' }))['stored'], null)
  })

  test('what was stored under one rule is not found under another', async () => {
    await using scene = await startScene('', exchange => {
      const rule = exchange.request.target.includes('utm') ? 'params=("utm")' : 'params=("ref")'
      exchange.respond({ fields: [...FRESH, 'No-Vary-Search', rule], body: exchange.request.target })
    })
    await scene.get('/a?id=1&utm=x')
    await scene.get('/a?id=3')
    assert.equal((await scene.get('/a?id=1&ref=x')).body, '/a?id=1&ref=x')
  })

  test('a rule that is taken back, or that nobody can read, widens nothing', async () => {
    await using scene = await startScene('', exchange => {
      const fields = exchange.request.number === 1 ? IGNORES_UTM : [...FRESH, 'No-Vary-Search', 'params=(1)']
      exchange.respond({ fields, body: `page ${exchange.request.number}` })
    })
    await scene.get('/a?utm=x')
    await scene.get('/a?id=2')
    assert.equal((await scene.get('/a?utm=y')).body, 'page 3')
    assert.equal((await scene.get('/a?utm=z')).body, 'page 4')
  })

  test('a write to one query invalidates what is stored for its equivalents', async () => {
    await using scene = await startScene('', replyWith('page', IGNORES_UTM))
    await scene.get('/a?id=1&utm=x')
    assert.match(cacheStatusOf(await scene.get('/a?id=1&utm=y')), /hit/)
    await scene.request(['POST', '/a?id=1&utm=z'], [], 'x')
    assert.match(cacheStatusOf(await scene.get('/a?id=1&utm=y')), /fwd=uri-miss/)
  })

  test('nobody waits for another query’s answer on the strength of the one before', async () => {
    await using scene = await startScene('', async exchange => {
      const { number, target } = exchange.request
      if (number === 2) await scene.origin.received(3)
      exchange.respond({ fields: number === 1 ? IGNORES_UTM : FRESH, body: target })
    })
    await scene.get('/a?id=1&utm=x')
    const [one, other] = await Promise.all([scene.get('/a?id=2&utm=x'), scene.get('/a?id=2&utm=y')])
    assert.deepEqual([one.body, other.body], ['/a?id=2&utm=x', '/a?id=2&utm=y'])
  })
})
