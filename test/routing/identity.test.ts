// Is a caller told apart exactly where that is safe, and never guessed?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createIdentitySecret } from '../../src/routing/identity.ts'
import { aRequest, compile } from './builders.ts'

function identified(configuration: string, secret = createIdentitySecret()) {
  const { compiled } = compile(configuration, secret)
  const sharing = (fields: string[], path = '/') => {
    const request = aRequest(`GET ${path}`, { fields })
    return compiled.identification.sharing(compiled.router.match(request), request)
  }
  return { identification: compiled.identification, router: compiled.router, sharing }
}

const USER = 'defaults: { share: user }\nidentity: { user: [{ header: X-User }, { cookie: session }] }\n'

describe('share: user (contract §3: identity that can not be made is never guessed)', () => {
  const { sharing } = identified(USER)

  test('the sources that are present count together', () => {
    const callers = [
      ['X-User', 'a'],
      ['X-User', 'b'],
      ['Cookie', 'session=a'],
      ['X-User', 'a', 'Cookie', 'session=a'],
      ['X-User', 'a', 'Cookie', 'session=b'],
    ].map(fields => sharing(fields).caller)
    assert.ok(callers.every(caller => caller !== undefined))
    assert.equal(new Set(callers).size, callers.length)
  })

  test('what is no source makes no difference, nor do the case of a name and the place of a cookie', () => {
    const one = sharing(['x-user', 'a', 'Cookie', 'session=1']).caller
    assert.equal(sharing(['X-USER', 'a', 'Cookie', 'theme=dark;  session=1 ; x', 'Accept', '*/*']).caller, one)
  })

  const refused: [fields: string[], refusal: string][] = [
    [[], 'identity-missing'],
    [['Cookie', 'other=1; sessions=2'], 'identity-missing'],
    [['Cookie', 'session'], 'identity-missing'],
    [['X-User', ''], 'identity-empty'],
    [['X-User', ' \t'], 'identity-empty'],
    [['X-User', 'a', 'Cookie', 'session='], 'identity-empty'],
    [['X-User', 'a', 'x-user', 'a'], 'identity-repeated'],
    [['Cookie', 'session=1; session=1'], 'identity-repeated'],
    [['Cookie', 'session=1;session =2'], 'identity-repeated'],
    [['Cookie', 'session=1', 'Cookie', 'theme=dark'], 'identity-repeated'],
  ]
  for (const [fields, refusal] of refused) {
    test(`${JSON.stringify(fields)} is passed through: ${refusal}`, () => {
      assert.deepEqual(sharing(fields), { refusal, credentials: 'none', caller: undefined, acceptance: undefined })
    })
  }

  test('without configuration Authorization and the whole Cookie field tell users apart', () => {
    const usual = identified('defaults: { share: user }').sharing
    assert.notEqual(usual(['Cookie', 'a=1']).caller, usual(['Cookie', 'a=1; b=2']).caller)
    assert.equal(usual(['Authorization', 'Bearer x', 'Authorization', 'Bearer y']).refusal, 'identity-repeated')
  })

  test('distinct credentials have distinct digests, however they are put together', () => {
    const value = fc.string({ unit: fc.constantFrom('a', '1', ':', '0'), minLength: 1, maxLength: 6 })
    const credentials = fc.record({
      user: fc.option(value, { nil: undefined }),
      session: fc.option(value, { nil: undefined }),
    })
    const fieldsOf = ({ user, session }: { user: string | undefined; session: string | undefined }) => [
      ...(user === undefined ? [] : ['X-User', user]),
      ...(session === undefined ? [] : ['Cookie', `session=${session}`]),
    ]
    const property = fc.property(credentials, credentials, (one, other) => {
      const same = JSON.stringify(fieldsOf(one)) === JSON.stringify(fieldsOf(other))
      const [first, second] = [sharing(fieldsOf(one)).caller, sharing(fieldsOf(other)).caller]
      assert.equal(first === second, same || (first === undefined && second === undefined))
    })
    fc.assert(property, { numRuns: 1000 })
  })

  test('digests depend on the secret and show nothing of the credential', () => {
    const fields = ['X-User', 'very-secret-token']
    const [one, other] = [identified(USER).sharing(fields).caller, identified(USER).sharing(fields).caller]
    assert.notEqual(one, other)
    assert.doesNotMatch(`${one}`, /secret/)
    assert.equal(one?.length, 43)
  })

  test('the log names callers by a short digest and nobody else', () => {
    const { identification } = identified(USER)
    const who = identification.who(aRequest('GET /', { fields: ['X-User', 'a'] }))
    assert.match(who, /^[\w-]{12}$/)
    assert.equal(identification.who(aRequest()), '')
  })
})

describe('share: auto', () => {
  const { sharing } = identified('identity: { user: [{ header: X-Clinic-User }] }')
  const table: [fields: string[], credentials: string][] = [
    [[], 'none'],
    [['Accept', '*/*', 'X-Api-Version', '1', 'X-Auth-Requester', 'a'], 'none'],
    [['authorization', 'Bearer x'], 'authorization'],
    [['COOKIE', 'a=1'], 'other'],
    [['Authorization', 'Bearer x', 'Cookie', 'a=1'], 'other'],
    [['X-API-Key', 'k'], 'other'],
    [['x-auth-request-email', 'a@b'], 'other'],
    [['X-SSL-Client-Cert', 'pem'], 'other'],
    [['X-Clinic-User', '7'], 'other'],
  ]
  for (const [fields, credentials] of table) {
    test(`${JSON.stringify(fields)} carries ${credentials}`, () => {
      assert.deepEqual(sharing(fields), { refusal: undefined, credentials, caller: undefined, acceptance: undefined })
    })
  }

  test('a list replaces the usual names, but Authorization always counts (RFC 9111 §3.5)', () => {
    const listed = identified('credentials: [X-Token]').sharing
    assert.equal(listed(['Cookie', 'a=1']).credentials, 'none')
    assert.equal(listed(['x-token', 'a']).credentials, 'other')
    assert.equal(listed(['Authorization', 'a']).credentials, 'authorization')
  })
})

test('share: everyone does not look at credentials', () => {
  const { sharing } = identified('defaults: { share: everyone }')
  assert.deepEqual(sharing(['Authorization', 'x']), {
    refusal: undefined,
    credentials: 'none',
    caller: undefined,
    acceptance: undefined,
  })
})

test('Connection may not take away what decides who is asking or what is keyed', () => {
  const { identification, router } = identified(
    `${USER}routes: { it: { match: /**, vary: [X-Lang], when: { header: { X-Beta: true } } } }`,
  )
  const route = router.routes[0]
  assert.ok(route)
  const names = [
    'Authorization',
    'cookie',
    'X-User',
    'x-lang',
    'X-BETA',
    'x-auth-request-user',
    'keep-alive',
    'x-other',
  ]
  const refused = names.filter(name => identification.isProtected(route, name))
  assert.deepEqual(refused, names.slice(0, 6))
})
