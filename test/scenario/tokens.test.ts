// What does a verified token open, and what does one that only looks like it?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import type { OriginExchange } from '../origin/exchange.ts'
import { startOrigin } from '../origin/origin.ts'
import { wireField } from '../origin/wire.ts'
import { cacheStatusOf, startScene } from './start-pillion.ts'

const SECRET = 'a secret of more than thirty-two characters'
const JWT = `{ secret: "${SECRET}", issuer: idp, audience: [api, other], algorithms: [HS256] }`

const configured = (keys: string, jwt = JWT) =>
  `identity: { user: [{ header: Authorization }], tenant: { jwt: tenant }, jwt: ${jwt} }
routes:
  shared: { match: GET /data/**, ttl: 1m, ${keys} }
  mine: { match: GET /mine/**, ttl: 1m, share: user }
`

interface Making {
  readonly secret?: string
  readonly expires?: string | number
  readonly issuer?: string
  readonly audience?: string
  readonly algorithm?: string
}

function token(claims: JWTPayload, making: Making = {}): Promise<string> {
  const { secret = SECRET, expires = '5m', issuer = 'idp', audience = 'api', algorithm = 'HS256' } = making
  const signed = new SignJWT(claims).setProtectedHeader({ alg: algorithm }).setIssuer(issuer).setAudience(audience)
  return signed.setExpirationTime(expires).sign(new TextEncoder().encode(secret))
}

const bearer = (text: string) => ['Authorization', `Bearer ${text}`]

/** Says for whose tenant it answers; believes every token, as no origin should. */
function credulous(exchange: OriginExchange): void {
  const text = wireField(exchange.request.fields, 'authorization') ?? ''
  const payload = Buffer.from(text.split('.')[1] ?? '', 'base64url').toString() || '{}'
  exchange.respond({ body: `for ${(JSON.parse(payload) as { tenant?: string }).tenant}` })
}

describe('accepted: token (contract §2)', () => {
  const text = configured('share: [tenant], accepted: token')

  test('a token verified here stands in for the origin, for its own tenant alone', async () => {
    await using scene = await startScene(text, credulous)
    await scene.get('/data/1', bearer(await token({ sub: 'alice', tenant: 'a' })))
    const anna = await scene.get('/data/1', bearer(await token({ sub: 'anna', tenant: 'a' })))
    assert.match(cacheStatusOf(anna), /hit/)
    const bob = await scene.get('/data/1', bearer(await token({ sub: 'bob', tenant: 'b' })))
    assert.equal(bob.body, 'for b')
    assert.equal(scene.origin.requests.length, 2)
  })

  const useless: Record<string, () => Promise<string>> = {
    'signed with another secret': () => token({ tenant: 'a' }, { secret: 'another secret of more than 32 characters' }),
    expired: () => token({ tenant: 'a' }, { expires: Math.floor(Date.now() / 1000) - 5 }),
    'of another issuer': () => token({ tenant: 'a' }, { issuer: 'evil' }),
    'for another audience': () => token({ tenant: 'a' }, { audience: 'elsewhere' }),
    'of an algorithm that is not pinned': () => token({ tenant: 'a' }, { algorithm: 'HS384' }),
    'without the claim': () => token({ sub: 'x' }),
    'with a list for a claim': () => token({ tenant: ['a'] }),
    unsigned: async () => {
      const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
      const claims = { iss: 'idp', aud: 'api', tenant: 'a', exp: 4_000_000_000 }
      return `${encoded({ alg: 'none' })}.${encoded(claims)}.AAAA`
    },
  }
  for (const [what, make] of Object.entries(useless)) {
    test(`a token ${what} opens nothing and leaves nothing`, async () => {
      await using scene = await startScene(text, credulous)
      const forged = await make()
      assert.match(cacheStatusOf(await scene.get('/data/1', bearer(forged))), /fwd=bypass/)
      await scene.get('/data/1', bearer(await token({ sub: 'alice', tenant: 'a' })))
      assert.match(cacheStatusOf(await scene.get('/data/1', bearer(forged))), /fwd=bypass/)
    })
  }

  test('a 401 ends it although the token still verifies, for that token alone', async () => {
    let status = 200
    await using scene = await startScene(text, exchange =>
      status === 200 ? credulous(exchange) : exchange.respond({ status }),
    )
    const [alice, anna] = [await token({ sub: 'alice', tenant: 'a' }), await token({ sub: 'anna', tenant: 'a' })]
    for (const each of [alice, anna]) await scene.get('/data/1', bearer(each))
    status = 401
    assert.equal((await scene.get('/elsewhere', bearer(alice))).status, 401)
    assert.equal((await scene.get('/data/1', bearer(alice))).status, 401)
    assert.match(cacheStatusOf(await scene.get('/data/1', bearer(anna))), /hit/)
  })
})

describe('exp (contract §3)', () => {
  const expired = () => token({ tenant: 'a' }, { secret: 'anything', expires: Math.floor(Date.now() / 1000) - 5 })

  test('nothing is kept under `user` beyond it, verified or not', async () => {
    await using scene = await startScene(configured('share: signed-in'), credulous)
    const old = bearer(await expired())
    for (const _ of [1, 2]) assert.doesNotMatch(cacheStatusOf(await scene.get('/mine/1', old)), /hit/)
  })

  test('nobody is accepted beyond it, verified or not', async () => {
    await using scene = await startScene(configured('share: signed-in'), credulous)
    const old = bearer(await expired())
    for (const _ of [1, 2]) assert.doesNotMatch(cacheStatusOf(await scene.get('/data/1', old)), /hit/)
  })
})

describe('a key set at a URL', () => {
  test('is fetched once for many requests, and again for a key that it lacks (rotation)', async () => {
    const pairs = await Promise.all([1, 2].map(() => generateKeyPair('ES256', { extractable: true })))
    let served = 1
    const idp = await startOrigin(async exchange => {
      const keys = pairs
        .slice(0, served)
        .map(async ({ publicKey }, at) => ({ ...(await exportJWK(publicKey)), kid: `${at}` }))
      exchange.respond({ body: JSON.stringify({ keys: await Promise.all(keys) }) })
    })
    const signed = (at: number, sub: string) =>
      new SignJWT({ sub, tenant: 'a', iss: 'idp', aud: 'api' })
        .setProtectedHeader({ alg: 'ES256', kid: `${at}` })
        .setExpirationTime('5m')
        .sign(pairs[at]?.privateKey as CryptoKey)
    const jwt = `{ jwks: "${idp.url}/jwks.json", issuer: idp, audience: api, algorithms: [ES256] }`
    try {
      await using scene = await startScene(configured('share: [tenant], accepted: token', jwt), credulous)
      await scene.get('/data/1', bearer(await signed(0, 'alice')))
      assert.match(cacheStatusOf(await scene.get('/data/1', bearer(await signed(0, 'anna')))), /hit/)
      assert.equal(idp.requests.length, 1)
      // Not fetched again so soon, whatever tokens name: nobody can make it a flood.
      served = 2
      assert.match(cacheStatusOf(await scene.get('/data/1', bearer(await signed(1, 'anna')))), /fwd=bypass/)
      assert.equal(idp.requests.length, 1)
    } finally {
      await idp.close()
    }
  })

  test('that can not be had holds nobody up, and opens nothing', async () => {
    const jwt = '{ jwks: "http://127.0.0.1:1/jwks.json", issuer: idp, audience: api, algorithms: [RS256] }'
    await using scene = await startScene(configured('share: [tenant], accepted: token', jwt), credulous)
    const forged = bearer(await token({ tenant: 'a' }))
    for (const _ of [1, 2, 3]) assert.match(cacheStatusOf(await scene.get('/data/1', forged)), /fwd=bypass/)
  })
})
