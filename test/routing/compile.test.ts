// Are all problems of the routes found at once, each at its place?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { milliseconds } from '../../src/base/units.ts'
import { aRoute, compile } from './builders.ts'

const problemsOf = (text: string) =>
  compile(text).problems.map(({ severity, line, column, message }) => `${severity} ${line}:${column} ${message}`)

describe('compiling routes', () => {
  test('every broken route is reported, and the sound ones still route', () => {
    const text = `routes:
  a: { match: get /a }
  b: { match: GET a }
  c: { match: "GET /c/{id}", tags: ["c:{idd}", user] }
  d: { match: GET /d/**/x }
  e: { match: "GET|| /e" }
  f: { match: /f, when: { host: "a.*.test" } }
  g: { match: CONNECT /g }
  h: { match: GET /h }
`
    assert.deepEqual(problemsOf(text), [
      'error 2:15 "get" is no method',
      'error 3:19 the path "a" does not begin with "/"',
      "error 4:40 {idd} is no parameter of this route's path",
      'error 4:48 "user" is no tag: under `purge` it means everything stored for the caller',
      'error 5:22 "**" takes the rest of the path, so nothing can come after it',
      'error 6:20 a method is missing beside "|"',
      'error 7:36 "a.*.test": a wildcard can only stand for the first labels of a host',
      'error 8:15 CONNECT is answered 501, so no route can match it',
    ])
    assert.deepEqual(
      compile(text).compiled.router.routes.map(({ name }) => name),
      ['h'],
    )
  })

  test('what stands under `defaults` is reported there, and once', () => {
    const text = 'defaults:\n  tags: ["x:{id}"]\nroutes:\n  a: { match: /a }\n  b: { match: /b }\n'
    assert.deepEqual(problemsOf(text), ["error 2:13 {id} is no parameter of this route's path"])
  })

  test('`user` under purge is the caller, the rest are tags', () => {
    const route = aRoute('purge: [all, user]')
    assert.equal(route.purgeUser, true)
    assert.deepEqual(
      route.purge.map(({ text }) => text),
      ['all'],
    )
  })

  test('a route has its own keys, then those of `defaults`, then what is built in', () => {
    const route = aRoute('ttl: 1m, statuses: { 404: 30s }', 'defaults: { ttl: 5m, staleIfError: 1h }')
    assert.deepEqual(route.lifetime, {
      ttl: milliseconds(60_000),
      origin: 'obey',
      heuristic: undefined,
      statuses: new Map([[404, milliseconds(30_000)]]),
      staleWhileRevalidate: milliseconds(0),
      staleIfError: milliseconds(3_600_000),
      jitter: 0,
    })
  })
})

describe('warnings', () => {
  const table: [what: string, text: string, expected: RegExp | undefined][] = [
    [
      'override for everyone',
      'routes: { a: { match: /a, ttl: 1m, origin: override, share: everyone } }',
      /gives everyone the same/,
    ],
    ['override under auto', 'routes: { a: { match: /a, ttl: 1m, origin: override } }', /without credentials the same/],
    ['override for one user', 'routes: { a: { match: /a, ttl: 1m, origin: override, share: user } }', undefined],
    [
      'override on a route that stores nothing',
      'routes: { a: { match: /a, ttl: 1m, origin: override, cache: off } }',
      undefined,
    ],
    ['cap without a lifetime', 'routes: { a: { match: /a, origin: cap } }', /does nothing on `a`/],
    [
      'a covered route',
      'routes: { a: { match: "GET /x/{id}" }, b: { match: GET /x/* } }',
      /`b` never takes a request: `a`/,
    ],
    [
      'a route covered for one method alone',
      'routes: { a: { match: "GET /x/{id}" }, b: { match: GET|POST /x/* } }',
      undefined,
    ],
    [
      'a route covered under a condition alone',
      'routes: { a: { match: "GET /x/{id}", when: { host: a.test } }, b: { match: GET /x/* } }',
      undefined,
    ],
    [
      'a misspelt tag',
      'routes: { a: { match: "/a/{id}", tags: ["patient:{id}"] }, b: { match: "POST /b/{x}", purge: ["pateint:{x}"] } }',
      /no route's `tags` holds "pateint:\{x\}"/,
    ],
    [
      'a tag under another name of its parameter',
      'routes: { a: { match: "/a/{id}", tags: ["patient:{id}"] }, b: { match: "POST /b/{x}", purge: ["patient:{x}", "patient:7"] } }',
      undefined,
    ],
    ['a tag that the origin may send', 'routes: { b: { match: POST /b, purge: [news] } }', undefined],
  ]
  for (const [what, text, expected] of table) {
    test(`${what}: ${expected === undefined ? 'nothing to say' : 'one warning'}`, () => {
      const { problems } = compile(text)
      assert.deepEqual(
        problems.map(({ severity }) => severity),
        expected === undefined ? [] : ['warning'],
      )
      if (expected !== undefined) assert.match(problems[0]?.message ?? '', expected)
    })
  }
})
