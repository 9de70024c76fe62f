// Does an explanation say what the proxy would do, in the shape of contract §1?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { explain } from '../../src/insight/explain.ts'
import { formatExplanation } from '../../src/insight/explanation-text.ts'
import { aRequest, compile } from '../routing/builders.ts'

const { compiled } = compile(`
identity: { user: [{ header: Authorization }, { cookie: session }] }
defaults: { staleIfError: 1h }
routes:
  patient:
    match: GET /patients/{id}
    ttl: 90s
    share: user
    query: { only: [view] }
    vary: [Accept-Language]
    tags: ["patient:{id}", patients]
  list: { match: GET /patients, origin: cap, ttl: 1m, share: everyone }
  writes: { match: "POST|DELETE /patients/{which}/**", purge: ["patient:{which}"] }
  logout: { match: POST /logout, purge: [user] }
  other: { match: POST /other, purge: ["visit:1"] }
  raw: { match: /raw/**, cache: off }
`)

const told = (line: string, fields: string[] = []) => {
  const request = aRequest(line, { fields })
  return formatExplanation(explain(compiled, request), compiled, request)
}

describe('explain', () => {
  test('has the keys of contract §1, durations in seconds', () => {
    const fields = ['Authorization', 'Bearer x', 'Accept-Language', 'de']
    assert.deepEqual(explain(compiled, aRequest('GET /patients/7?utm=1&view=b', { fields })), {
      route: 'patient',
      method: 'GET',
      path: '/patients/7',
      params: { id: '7' },
      share: 'user',
      accepted: null,
      trust: null,
      cache: 'on',
      ttl: 90,
      origin: 'obey',
      key: {
        host: 'api.test',
        path: '/patients/7',
        query: 'view=b',
        vary: { 'accept-language': 'de' },
        identity: ['header authorization'],
        body: false,
      },
      tags: ['patient:7', 'patients'],
      purges: [],
      purgedBy: ['writes', 'logout'],
      others: [
        { route: 'list', lost: 'path: the path goes on with "7" where the pattern ends' },
        { route: 'writes', lost: 'method: GET is not POST|DELETE' },
        { route: 'logout', lost: 'path: "patients" is not "logout" at segment 1' },
        { route: 'other', lost: 'path: "patients" is not "other" at segment 1' },
        { route: 'raw', lost: 'path: "patients" is not "raw" at segment 1' },
      ],
    })
  })

  test('what no route matches is the default route, and a write names what it purges', () => {
    assert.equal(explain(compiled, aRequest('GET /elsewhere')).route, 'default')
    assert.deepEqual(explain(compiled, aRequest('DELETE /patients/7/notes')).purges, ['patient:7'])
    assert.deepEqual(explain(compiled, aRequest('POST /logout')).purges, ['user'])
  })

  test('the text says where each lifetime is written', () => {
    const text = told('GET /patients/7?utm=1', ['Cookie', 'session=1'])
    assert.match(text, /^GET http:\/\/api\.test\/patients\/7\?utm=1$/m)
    assert.match(text, /^ {2}route +patient \(GET \/patients\/\{id\}\), id = 7$/m)
    assert.match(text, /90s \(ttl from the route\) where the origin says nothing.*\(origin: obey, by default\)/)
    assert.match(text, /1h more when the origin fails \(from `defaults`\)/)
    assert.match(
      text,
      /one stored response per user, told apart here by cookie session \(share: user, from the route\)/,
    )
    assert.match(text, /key +http:\/\/api\.test\/patients\/7 \+ accept-language: \(absent\) \+ the caller$/m)
    assert.match(text, /left out +utm=1/)
    assert.match(text, /purged by +writes \(POST\|DELETE .*a successful unsafe request to this URL/)
    assert.match(text, /others +list: path/)
  })

  const words: [line: string, fields: string[], said: RegExp][] = [
    ['GET /patients/7', [], /passed through: nothing under `identity\.user`/],
    ['GET /patients/7', ['Authorization', 'a', 'Authorization', 'b'], /passed through: .* twice/],
    ['GET /raw/x', [], /cache: off/],
    ['POST /patients/7/notes', [], /not used: POST/],
    ['GET /x', ['Cookie', 'a=1'], /carries credentials \(cookie\)/],
    ['GET /x', [], /one stored response for all requests without credentials/],
    ['GET /patients', [], /everyone; credentials are not looked at/],
    ['GET /patients', [], /1m \(ttl from the route\) or the origin's own lifetime if that is shorter/],
    ['GET /x', ['Cache-Control', 'no-store'], /no-store/],
    ['GET /x', ['Cache-Control', 'only-if-cached'], /504/],
    ['HEAD /x', [], /forwarded, and not stored/],
  ]
  for (const [line, fields, said] of words) {
    test(`${line} ${JSON.stringify(fields)} is told in words`, () => assert.match(told(line, fields), said))
  }
})
