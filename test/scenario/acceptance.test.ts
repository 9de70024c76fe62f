// Who is given what the origin gave somebody else, under `signed-in` and parts?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Barrier } from '../origin/barrier.ts'
import type { OriginExchange } from '../origin/exchange.ts'
import { wireField } from '../origin/wire.ts'
import { cacheStatusOf, type Scene, startScene } from './start-pillion.ts'

const IDENTITY = 'identity: { user: [{ header: Authorization }], tenant: { header: X-Clinic } }\n'

function configured(keys: string, others = ''): string {
  return `${IDENTITY}routes:\n  shared: { match: GET /data/**, ttl: 1m, ${keys} }\n  out: { match: POST /logout, purge: [user] }\n${others}`
}

const as = (user: string, clinic = 'a') => ['Authorization', `Bearer ${user}`, 'X-Clinic', clinic]

const MEMBERS: Readonly<Record<string, string>> = { alice: 'a', anna: 'a', bob: 'b', bert: 'b' }

interface Rights {
  /** Users whose credential was revoked. */
  readonly revoked?: Set<string>
  readonly forbidden?: Set<string>
}

/** Answers members of the clinic that is asked for with the clinic's data, everybody else with 401 or 403. */
function clinics({ revoked = new Set(), forbidden = new Set() }: Rights = {}) {
  return (exchange: OriginExchange) => {
    const { fields, target } = exchange.request
    const user = wireField(fields, 'authorization')?.replace('Bearer ', '') ?? ''
    const clinic = wireField(fields, 'x-clinic') ?? ''
    if (MEMBERS[user] === undefined || revoked.has(user)) return exchange.respond({ status: 401, body: 'who?' })
    if (MEMBERS[user] !== clinic || forbidden.has(user)) return exchange.respond({ status: 403, body: 'no' })
    const etag = `"${clinic}-${target}"`
    if (wireField(fields, 'if-none-match') === etag) return exchange.respond({ status: 304, fields: ['ETag', etag] })
    exchange.respond({ fields: ['ETag', etag], body: `${clinic} ${target}` })
  }
}

const asked = (scene: Scene) =>
  scene.origin.requests.filter(each => wireField(each.fields, 'pillion-purpose') === undefined).length

describe('accepted: response (contract §2)', () => {
  for (const share of ['[tenant]', 'signed-in']) {
    test(`${share}: a caller is asked for once by our validator, and then has hits`, async () => {
      await using scene = await startScene(configured(`share: ${share}`), clinics())
      assert.equal((await scene.get('/data/1', as('alice'))).status, 200)
      assert.match(cacheStatusOf(await scene.get('/data/1', as('alice'))), /hit/)
      const first = await scene.get('/data/1', as('anna'))
      assert.equal(first.body, 'a /data/1')
      assert.match(cacheStatusOf(first), /fwd=miss; fwd-status=304; stored; detail=not-accepted/)
      assert.match(cacheStatusOf(await scene.get('/data/1', as('anna'))), /hit/)
      assert.equal(asked(scene), 2)
    })
  }

  test('a claimed tenant gives nothing, nor does no credential, nor a part that is missing, empty or there twice', async () => {
    await using scene = await startScene(configured('share: [tenant]'), clinics())
    await scene.get('/data/1', as('bob', 'b'))
    assert.equal((await scene.get('/data/1', as('alice', 'b'))).status, 403)
    assert.equal((await scene.get('/data/1', ['X-Clinic', 'b'])).status, 401)
    assert.equal((await scene.get('/data/1', ['Authorization', 'Bearer bob'])).status, 403)
    for (const fields of [as('bob', ''), [...as('bob', 'b'), 'X-Clinic', 'b']]) {
      assert.match(cacheStatusOf(await scene.get('/data/1', fields)), /fwd=bypass/)
    }
  })

  test('who is not accepted sees no 304, no Age and no only-if-cached success', async () => {
    await using scene = await startScene(configured('share: [tenant]'), clinics())
    const etag = (await scene.get('/data/1', as('alice'))).field('etag') ?? ''
    const conditional = await scene.get('/data/1', [...as('mallory'), 'If-None-Match', etag])
    assert.equal(conditional.status, 401)
    assert.equal(conditional.field('age'), undefined)
    assert.equal((await scene.get('/data/1', [...as('mallory'), 'Cache-Control', 'only-if-cached'])).status, 504)
    assert.equal((await scene.request(['HEAD', '/data/1'], as('mallory'))).status, 401)
    assert.equal((await scene.get('/data/1', [...as('mallory'), 'Range', 'bytes=0-1'])).status, 401)
  })

  test('a different representation takes the place of the stored one, and of its acceptances', async () => {
    await using scene = await startScene(configured('share: signed-in'), exchange =>
      exchange.respond({ body: `for ${wireField(exchange.request.fields, 'authorization')}` }),
    )
    for (const user of ['alice', 'anna', 'alice', 'anna']) {
      assert.equal((await scene.get('/data/1', as(user))).body, `for Bearer ${user}`)
    }
    assert.equal(asked(scene), 4)
  })

  test('an equal body under a field that names its caller is not the same', async () => {
    await using scene = await startScene(configured('share: signed-in'), exchange =>
      exchange.respond({ fields: ['X-For', wireField(exchange.request.fields, 'authorization') ?? ''], body: 'same' }),
    )
    for (const user of ['alice', 'anna', 'alice', 'anna']) {
      assert.equal((await scene.get('/data/1', as(user))).field('x-for'), `Bearer ${user}`)
    }
  })

  test('a HEAD, a range and a client’s own condition accept nobody', async () => {
    await using scene = await startScene(configured('share: signed-in'), clinics())
    await scene.get('/data/1', as('alice'))
    await scene.request(['HEAD', '/data/1'], as('anna'))
    await scene.get('/data/1', [...as('anna'), 'Range', 'bytes=0-1'])
    assert.match(cacheStatusOf(await scene.get('/data/1', as('anna'))), /detail=not-accepted/)
  })

  test('callers still to be accepted are forwarded at once, the same caller’s requests collapse', async () => {
    const barrier = new Barrier()
    const answer = clinics()
    await using scene = await startScene(configured('share: signed-in'), async exchange => {
      await barrier.passed
      answer(exchange)
    })
    const all = ['alice', 'alice', 'anna', 'anna'].map(user => scene.get('/data/1', as(user)))
    await scene.origin.received(2)
    assert.equal((await scene.get('/../')).status, 400)
    barrier.open()
    for (const { status } of await Promise.all(all)) assert.equal(status, 200)
    assert.equal(asked(scene), 2)
  })
})

describe('accepted: route (contract §2)', () => {
  const text = configured('share: [tenant], accepted: route')

  test('an acceptance holds for the route with equal parts, once control requests were refused', async () => {
    await using scene = await startScene(text, clinics())
    await scene.get('/data/1', as('alice'))
    await scene.get('/data/2', as('anna'))
    const hit = await scene.get('/data/1', as('anna'))
    assert.match(cacheStatusOf(hit), /hit/)
    assert.equal(hit.body, 'a /data/1')
    assert.equal(asked(scene), 2)
    const controls = scene.origin.requests.filter(each => wireField(each.fields, 'pillion-purpose') === 'control')
    assert.equal(controls.length, 2)
    assert.ok(controls.some(each => wireField(each.fields, 'authorization') === undefined))
    assert.ok(controls.some(each => wireField(each.fields, 'x-clinic') !== 'a'))
  })

  const wrong: Record<string, (exchange: OriginExchange) => void> = {
    'ignores the tenant header': exchange => {
      const user = wireField(exchange.request.fields, 'authorization')?.replace('Bearer ', '') ?? ''
      if (MEMBERS[user] === undefined) return exchange.respond({ status: 401 })
      exchange.respond({ body: `for ${MEMBERS[user]}` })
    },
    'answers a sign-in page with 200': exchange => {
      const user = wireField(exchange.request.fields, 'authorization')?.replace('Bearer ', '') ?? ''
      const clinic = wireField(exchange.request.fields, 'x-clinic')
      if (MEMBERS[user] !== clinic) return exchange.respond({ body: 'please sign in' })
      exchange.respond({ body: `for ${MEMBERS[user]}` })
    },
  }
  for (const [what, origin] of Object.entries(wrong)) {
    test(`an origin that ${what} proves the word wrong`, async () => {
      await using scene = await startScene(text, origin)
      await scene.get('/data/1', as('alice'))
      await scene.get('/data/2', as('anna'))
      for (const user of ['anna', 'mallory']) {
        assert.doesNotMatch(cacheStatusOf(await scene.get('/data/1', as(user))), /hit/)
      }
    })
  }

  test('accepted callers collapse on a cold key, a stranger does not join', async () => {
    const barrier = new Barrier()
    const answer = clinics()
    await using scene = await startScene(text, async exchange => {
      if (
        exchange.request.target === '/data/9' &&
        wireField(exchange.request.fields, 'authorization') !== 'Bearer mallory'
      )
        await barrier.passed
      answer(exchange)
    })
    await scene.get('/data/1', as('alice'))
    await scene.get('/data/2', as('anna'))
    await scene.get('/data/1', as('anna'))
    const before = asked(scene)
    const all = ['alice', 'anna', 'alice'].map(user => scene.get('/data/9', as(user)))
    await scene.origin.received(scene.origin.requests.length + 1)
    assert.equal((await scene.get('/data/9', as('mallory'))).status, 401)
    barrier.open()
    for (const { body } of await Promise.all(all)) assert.equal(body, 'a /data/9')
    assert.equal(asked(scene), before + 2)
  })
})

describe('what withdraws an acceptance (contract §3)', () => {
  test('a 401 withdraws it everywhere, under `user` too', async () => {
    const revoked = new Set<string>()
    const more = '  mine: { match: GET /mine/**, ttl: 1m, share: user }\n'
    await using scene = await startScene(configured('share: [tenant]', more), clinics({ revoked }))
    for (const path of ['/data/1', '/mine/1', '/data/1', '/mine/1']) await scene.get(path, as('alice'))
    assert.equal(asked(scene), 2)
    revoked.add('alice')
    assert.equal((await scene.get('/other', as('alice'))).status, 401)
    for (const path of ['/data/1', '/mine/1']) assert.equal((await scene.get(path, as('alice'))).status, 401)
  })

  const asides: Record<string, (scene: Scene) => Promise<unknown>> = {
    'a range, whole': scene => scene.get('/mine/1', [...as('alice'), 'Range', 'bytes=0-1']),
    'a range, in part': scene => scene.get('/mine/part', [...as('alice'), 'Range', 'bytes=0-1']),
    'a POST': scene => scene.request(['POST', '/mine/1'], as('alice'), 'x'),
  }
  for (const [what, fill] of Object.entries(asides)) {
    test(`a 401 ends under \`user\` what was kept of ${what} alone`, async () => {
      const revoked = new Set<string>()
      const answer = clinics({ revoked })
      const more = '  mine: { match: GET /mine/**, ttl: 1m, share: user }\n'
      await using scene = await startScene(configured('share: [tenant]', more), exchange => {
        const { method, target } = exchange.request
        if (revoked.size > 0) return answer(exchange)
        const part = target === '/mine/part'
        const fields = ['ETag', '"1"', 'Cache-Control', 'max-age=60', 'Content-Location', target]
        if (method === 'GET' && part) fields.push('Content-Range', 'bytes 0-1/9')
        exchange.respond({ status: part ? 206 : 200, fields, body: 'ab' })
      })
      const ranged = [...as('alice'), 'Range', 'bytes=0-1']
      await fill(scene)
      const path = what.endsWith('part') ? '/mine/part' : '/mine/1'
      assert.match(cacheStatusOf(await scene.get(path, ranged)), /hit/)
      revoked.add('alice')
      assert.equal((await scene.get('/other', as('alice'))).status, 401)
      for (const fields of [ranged, as('alice')]) assert.equal((await scene.get(path, fields)).status, 401)
    })
  }

  for (const stage of ['before its head', 'before its content']) {
    test(`a 401 while a POST is under way, ${stage}, keeps its answer from being kept under \`user\``, async () => {
      const [revoked, barrier] = [new Set<string>(), new Barrier()]
      const answer = clinics({ revoked })
      const more = '  mine: { match: GET /mine/**, ttl: 1m, share: user }\n'
      await using scene = await startScene(configured('share: [tenant]', more), async exchange => {
        if (exchange.request.method !== 'POST') return answer(exchange)
        const head =
          'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nCache-Control: max-age=60\r\nContent-Location: /mine/1\r\n\r\n'
        if (stage === 'before its content') exchange.write(head)
        await barrier.passed
        exchange.write(stage === 'before its content' ? 'ab' : `${head}ab`)
      })
      const posting = await scene.connect()
      posting.send(
        `POST /mine/1 HTTP/1.1\r\nHost: test.example\r\nAuthorization: Bearer alice\r\nX-Clinic: a\r\nContent-Length: 1\r\n\r\nx`,
      )
      if (stage === 'before its content') await posting.head()
      else await scene.origin.received(1)
      revoked.add('alice')
      assert.equal((await scene.get('/other', as('alice'))).status, 401)
      barrier.open()
      if (stage === 'before its content') assert.equal((await posting.exactly(2)).toString(), 'ab')
      else assert.equal((await posting.response()).status, 200)
      assert.equal((await scene.get('/mine/1', [...as('alice'), 'Host', 'test.example'])).status, 401)
    })
  }

  test('a 403 withdraws it on that route alone', async () => {
    const forbidden = new Set<string>()
    const more = '  mine: { match: GET /mine/**, ttl: 1m, share: user }\n'
    await using scene = await startScene(configured('share: [tenant]', more), clinics({ forbidden }))
    for (const path of ['/data/1', '/mine/1', '/mine/2']) await scene.get(path, as('alice'))
    forbidden.add('alice')
    assert.equal((await scene.get('/mine/3', as('alice'))).status, 403)
    assert.match(cacheStatusOf(await scene.get('/data/1', as('alice'))), /hit/)
    for (const path of ['/mine/1', '/mine/2']) assert.equal((await scene.get(path, as('alice'))).status, 403)
  })

  test('a logout withdraws it before it is answered', async () => {
    const answer = clinics()
    await using scene = await startScene(configured('share: [tenant]'), exchange =>
      exchange.request.method === 'POST' ? exchange.respond({ status: 204 }) : answer(exchange),
    )
    await scene.get('/data/1', as('alice'))
    await scene.request(['POST', '/logout'], as('alice'))
    assert.match(cacheStatusOf(await scene.get('/data/1', as('alice'))), /not-accepted/)
  })

  test('so does an operator’s purge of the user', async () => {
    await using scene = await startScene(configured('share: [tenant]'), clinics())
    await scene.get('/data/1', as('alice'))
    await scene.admin('/api/purge', { user: 'Bearer alice' })
    assert.match(cacheStatusOf(await scene.get('/data/1', as('alice'))), /not-accepted/)
  })

  test('while the origin fails, a lapsed acceptance of the same caller still serves, of nobody else', async () => {
    let failing = false
    const answer = clinics()
    const text = configured('share: [tenant], trust: 0s')
    await using scene = await startScene(text, exchange =>
      failing ? exchange.respond({ status: 503 }) : answer(exchange),
    )
    await scene.get('/data/1', as('alice'))
    failing = true
    const stale = await scene.get('/data/1', as('alice'))
    assert.equal(stale.body, 'a /data/1')
    assert.match(cacheStatusOf(stale), /stale-if-error/)
    assert.equal((await scene.get('/data/1', as('anna'))).status, 503)
  })

  test('never after a 401', async () => {
    let status = 200
    const answer = clinics()
    await using scene = await startScene(configured('share: [tenant], trust: 0s'), exchange =>
      status === 200 ? answer(exchange) : exchange.respond({ status }),
    )
    await scene.get('/data/1', as('alice'))
    status = 401
    await scene.get('/data/1', as('alice'))
    status = 503
    assert.equal((await scene.get('/data/1', as('alice'))).status, 503)
  })
})

describe('tags with parts of identity (contract §2)', () => {
  const text = configured(
    'share: [tenant], tags: ["data:{tenant}"]',
    '  writes: { match: POST /data/**, purge: ["data:{tenant}"] }\n',
  )
  const origin = () => {
    const answer = clinics()
    return (exchange: OriginExchange) =>
      exchange.request.method === 'POST' ? exchange.respond({ status: 204 }) : answer(exchange)
  }

  test('a write purges its own part', async () => {
    await using scene = await startScene(text, origin())
    for (const who of [as('alice'), as('bob', 'b')]) await scene.get('/data/1', who)
    await scene.request(['POST', '/data/x'], as('alice'))
    assert.match(cacheStatusOf(await scene.get('/data/1', as('bob', 'b'))), /hit/)
    assert.match(cacheStatusOf(await scene.get('/data/1', as('alice'))), /uri-miss/)
  })

  test('an absent part purges it for all', async () => {
    await using scene = await startScene(text, origin())
    for (const who of [as('alice'), as('bob', 'b')]) await scene.get('/data/1', who)
    await scene.request(['POST', '/data/x'])
    for (const who of [as('alice'), as('bob', 'b')])
      assert.match(cacheStatusOf(await scene.get('/data/1', who)), /uri-miss/)
  })
})
