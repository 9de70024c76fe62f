// Who may be given whose stored response?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Barrier } from '../origin/barrier.ts'
import { wireField } from '../origin/wire.ts'
import { cacheStatusOf, replyWith, startScene } from './start-pillion.ts'

const PER_USER = 'routes: { mine: { match: /**, ttl: 1m, share: user } }'
const alice = ['Authorization', 'Bearer alice']
const bob = ['Authorization', 'Bearer bob']

describe('share: user (contract §3)', () => {
  test('two users never see each other’s, each has hits of their own', async () => {
    await using scene = await startScene(PER_USER, exchange =>
      exchange.respond({ body: `for ${wireField(exchange.request.fields, 'authorization')}` }),
    )
    for (const round of [1, 2]) {
      for (const user of [alice, bob]) {
        const response = await scene.get('/me', user)
        assert.equal(response.body, `for ${user[1]}`)
        assert.match(cacheStatusOf(response), round === 1 ? /fwd=uri-miss; stored/ : /hit/)
      }
    }
    assert.equal(scene.origin.requests.length, 2)
  })

  test('concurrent requests of two users do not collapse into one', async () => {
    const barrier = new Barrier()
    await using scene = await startScene(PER_USER, async exchange => {
      await barrier.passed
      exchange.respond({ body: `for ${wireField(exchange.request.fields, 'authorization')}` })
    })
    const both = [scene.get('/me', alice), scene.get('/me', bob)]
    await scene.origin.received(2)
    barrier.open()
    assert.deepEqual(
      (await Promise.all(both)).map(({ body }) => body),
      ['for Bearer alice', 'for Bearer bob'],
    )
  })

  test('without a credential the request passes through: not stored, nothing taken, not collapsed', async () => {
    const barrier = new Barrier()
    await using scene = await startScene(PER_USER, async exchange => {
      await barrier.passed
      exchange.respond({ body: `${exchange.request.number}` })
    })
    const both = [scene.get('/me'), scene.get('/me')]
    await scene.origin.received(2)
    barrier.open()
    for (const response of await Promise.all(both)) assert.match(cacheStatusOf(response), /^pillion; fwd=bypass/)
    await scene.get('/me')
    assert.equal(scene.origin.requests.length, 3)
  })

  test('a credential that is there twice names nobody', async () => {
    await using scene = await startScene(PER_USER, replyWith('hello'))
    await scene.get('/me', alice)
    const twice = await scene.get('/me', [...alice, ...bob])
    assert.equal(twice.body, 'hello 2')
    assert.match(cacheStatusOf(twice), /^pillion; fwd=bypass/)
  })

  test('who is signed in by cookie is told apart by that cookie', async () => {
    const text = `identity: { user: [{ cookie: session }] }\n${PER_USER}`
    await using scene = await startScene(text, replyWith('hello'))
    await scene.get('/me', ['Cookie', 'session=a; theme=dark'])
    assert.equal((await scene.get('/me', ['Cookie', 'theme=light; session=a'])).body, 'hello 1')
    assert.equal((await scene.get('/me', ['Cookie', 'session=b'])).body, 'hello 2')
  })

  test('a Connection option that names the credential is a 400', async () => {
    await using scene = await startScene(PER_USER, replyWith('hello'))
    const refused = await scene.get('/me', [...alice, 'Connection', 'Authorization'])
    assert.equal(refused.status, 400)
    assert.equal(scene.origin.requests.length, 0)
  })
})

describe('share: auto (RFC 9111 §3.5)', () => {
  test('with Authorization nothing is stored that the origin did not make public', async () => {
    await using scene = await startScene('', replyWith('hello', ['Cache-Control', 'max-age=60']))
    assert.match(cacheStatusOf(await scene.get('/a', alice)), /detail=credentials/)
    assert.equal((await scene.get('/a', alice)).body, 'hello 2')
    assert.equal((await scene.get('/a')).body, 'hello 3')
  })

  test('with Authorization nothing is taken either that was stored without', async () => {
    await using scene = await startScene('', replyWith('hello', ['Cache-Control', 'max-age=60']))
    await scene.get('/a')
    const passed = await scene.get('/a', alice)
    assert.equal(passed.body, 'hello 2')
    assert.match(cacheStatusOf(passed), /^pillion; fwd=bypass; detail=credentials/)
    assert.equal((await scene.get('/a')).body, 'hello 1')
  })

  for (const directive of ['public', 's-maxage=60', 'must-revalidate']) {
    test(`${directive} shares what was fetched with Authorization`, async () => {
      await using scene = await startScene('', replyWith('hello', ['Cache-Control', `max-age=60, ${directive}`]))
      await scene.get('/a', alice)
      assert.equal((await scene.get('/a', bob)).body, 'hello 1')
    })
  }

  test('must-revalidate is not enough for a Cookie', async () => {
    await using scene = await startScene('', replyWith('hello', ['Cache-Control', 'max-age=60, must-revalidate']))
    await scene.get('/a', ['Cookie', 'session=a'])
    assert.equal((await scene.get('/a', ['Cookie', 'session=b'])).body, 'hello 2')
  })

  test('requests with credentials do not wait for each other', async () => {
    const barrier = new Barrier()
    await using scene = await startScene('', async exchange => {
      await barrier.passed
      exchange.respond({ fields: ['Cache-Control', 'public, max-age=60'], body: 'hello' })
    })
    const both = [scene.get('/a', alice), scene.get('/a', bob)]
    await scene.origin.received(2)
    barrier.open()
    await Promise.all(both)
  })
})

describe('Set-Cookie (contract §3)', () => {
  test('refuse: such a response is not stored', async () => {
    const text = 'routes: { all: { match: /**, ttl: 1m, share: everyone } }'
    await using scene = await startScene(text, replyWith('hello', ['Set-Cookie', 'id=1']))
    const first = await scene.get('/a')
    assert.equal(first.field('set-cookie'), 'id=1')
    assert.match(cacheStatusOf(first), /detail=set-cookie/)
    assert.equal((await scene.get('/a')).body, 'hello 2')
  })

  test('strip: only the client that caused the fill receives it, followers and hits do not', async () => {
    const text = 'routes: { all: { match: /**, ttl: 1m, share: everyone, setCookie: strip } }'
    const barrier = new Barrier()
    await using scene = await startScene(text, async exchange => {
      await barrier.passed
      exchange.respond({ fields: ['Set-Cookie', 'id=1'], body: 'hello' })
    })
    const [leader, follower] = [await scene.connect(), await scene.connect()]
    leader.get('/a')
    await scene.origin.received(1)
    follower.get('/a')
    assert.equal((await scene.get('/../')).status, 400)
    barrier.open()

    const given = [await leader.response(), await follower.response(), await scene.get('/a')]
    assert.deepEqual(
      given.map(each => each.field('set-cookie')),
      ['id=1', undefined, undefined],
    )
    assert.equal(scene.origin.requests.length, 1)
  })
})
