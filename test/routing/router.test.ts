// Does the most specific route that holds win, and is a tie always seen?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { systemClock } from '../../src/base/clock.ts'
import type { PresentedRequest } from '../../src/http/message.ts'
import { conditionsHold } from '../../src/routing/conditions.ts'
import { pathMismatch } from '../../src/routing/path-pattern.ts'
import type { Route } from '../../src/routing/route.ts'
import { compareRoutes, type Router } from '../../src/routing/router.ts'
import { aRequest, compile, compileMatches } from './builders.ts'

const routerOf = (matches: Record<string, string>) => compileMatches(matches).compiled.router

describe('choosing a route (contract §2)', () => {
  const router = routerOf({
    list: 'GET /api/patients',
    one: 'GET /api/patients/{id}',
    me: 'GET /api/patients/me',
    notes: 'GET /api/patients/{id}/notes',
    mine: 'GET /api/patients/me/{part}',
    writes: 'POST|PUT|PATCH|DELETE /api/patients/**',
    star: 'GET /api/*/notes',
    rest: '/api/**',
  })
  const table: [line: string, route: string][] = [
    ['GET /api/patients', 'list'],
    ['HEAD /api/patients', 'list'],
    ['GET /api/patients/', 'rest'],
    ['GET /api/patients/7', 'one'],
    ['GET /api/patients/me', 'me'],
    ['GET /api/patients/me/notes', 'mine'],
    ['GET /api/patients/7/notes', 'notes'],
    ['GET /api/patients/me/notes/1', 'rest'],
    ['GET /api/visits/notes', 'star'],
    ['POST /api/patients', 'writes'],
    ['POST /api/patients/7/notes', 'writes'],
    ['POST /api/visits', 'rest'],
    ['GET /api', 'rest'],
    ['GET /other', 'default'],
    ['OPTIONS *', 'default'],
    ['PROPFIND /api/patients/me', 'rest'],
  ]
  for (const [line, name] of table) {
    test(`${line} takes ${name}`, () => assert.equal(router.match(aRequest(line)).name, name))
  }

  test('a route that matches the path alone gives way to a less specific one that takes the method', () => {
    const two = routerOf({ read: 'GET /a/{id}', any: '/a/**' })
    assert.equal(two.match(aRequest('DELETE /a/1')).name, 'any')
  })

  test('a branch that ends nowhere is left again', () => {
    const two = routerOf({ deep: 'GET /a/b/c', shallow: 'GET /{x}/{y}' })
    assert.equal(two.match(aRequest('GET /a/b')).name, 'shallow')
  })

  test('more conditions are asked first, then fewer, then none', () => {
    const { compiled } = compile(`
routes:
  none: { match: GET /a }
  one: { match: GET /a, when: { header: { X-Version: 2 } } }
  two: { match: GET /a, when: { header: { X-Version: 2 }, query: { draft: true } } }
`)
    const fields = ['x-VERSION', '2']
    assert.equal(compiled.router.match(aRequest('GET /a?draft=', { fields })).name, 'two')
    assert.equal(compiled.router.match(aRequest('GET /a', { fields })).name, 'one')
    assert.equal(compiled.router.match(aRequest('GET /a?draft=1')).name, 'none')
  })

  test('the default route takes the rest even where `defaults` has conditions', () => {
    const { compiled } = compile('defaults: { when: { host: elsewhere.test } }\nroutes: { a: { match: /a } }\n')
    assert.equal(compiled.router.match(aRequest('GET /a')).name, 'default')
  })
})

describe('the tree and the plain rule', () => {
  const segment = fc.constantFrom('a', 'b', '{x}', '{y}', '*', '')
  const path = fc
    .array(fc.constantFrom('a', 'b', 'c', ''), { minLength: 1, maxLength: 4 })
    .map(parts => `/${parts.join('/')}`)
  const pattern = fc
    .tuple(fc.array(segment, { minLength: 1, maxLength: 3 }), fc.boolean())
    .map(([parts, rest]) => `/${[...parts, ...(rest ? ['**'] : [])].join('/')}`)
    .filter(text => new Set(text.match(/\{.\}/g) ?? []).size === (text.match(/\{.\}/g) ?? []).length)
  const match = fc.tuple(fc.constantFrom('', 'GET ', 'POST ', 'GET|POST '), pattern).map(parts => parts.join(''))

  function plainly(routes: readonly Route[], request: PresentedRequest): string[] {
    const taking = routes.filter(
      route =>
        pathMismatch(route.pattern, request.path) === undefined &&
        (route.methods === undefined || route.methods.has(request.method)) &&
        conditionsHold(route.when, request),
    )
    const best = taking.toSorted(compareRoutes)[0]
    return taking.filter(route => best !== undefined && compareRoutes(route, best) === 0).map(({ name }) => name)
  }

  test('agree for all routes and requests, and two equals are always reported as a tie', () => {
    const property = fc.property(
      fc.array(match, { minLength: 1, maxLength: 8 }),
      fc.tuple(fc.constantFrom('GET', 'HEAD', 'POST', 'PUT'), path),
      (matches, [method, target]) => {
        const { compiled, problems } = compileMatches(
          Object.fromEntries(matches.map((text, index) => [`r${index}`, text])),
        )
        const request = aRequest(`${method} ${target}`)
        const candidates = plainly(compiled.router.routes, request)
        const chosen = compiled.router.match(request).name
        assert.ok(candidates.length === 0 ? chosen === 'default' : candidates.includes(chosen))
        if (candidates.length > 1) assert.ok(problems.some(({ message }) => message.includes(' tie: ')))
      },
    )
    fc.assert(property, { numRuns: 300 })
  })
})

describe('ties', () => {
  const tiesOf = (text: string) => compile(text).problems.map(({ message }) => message)

  test('one place, one method in common: an error that names both and the method', () => {
    const { problems } = compile('routes:\n  a: { match: "GET /x/{id}" }\n  b: { match: "HEAD|POST /x/{name}" }\n')
    assert.equal(problems.length, 1)
    assert.equal(problems[0]?.severity, 'error')
    assert.match(problems[0]?.message ?? '', /`a` and `b` tie: both take HEAD \/x\/\{name\}/)
    assert.deepEqual([problems[0]?.line, problems[0]?.column], [3, 16])
  })

  const pairs: [one: string, other: string, ties: boolean][] = [
    ['match: GET /x', 'match: POST /x', false],
    ['match: /x', 'match: /x', true],
    ['match: /x', 'match: GET /x', false],
    ['match: "/x/{a}"', 'match: /x/*', false],
    ['match: /x, when: { header: { A: 1 } }', 'match: /x, when: { header: { A: 2 } }', false],
    ['match: /x, when: { header: { A: 1 } }', 'match: /x, when: { header: { A: true } }', true],
    ['match: /x, when: { header: { A: true } }', 'match: /x, when: { header: { a: false } }', false],
    ['match: /x, when: { header: { A: 1 } }', 'match: /x, when: { query: { A: 1 } }', true],
    ['match: /x, when: { host: a.test }', 'match: /x, when: { host: b.test }', false],
    ['match: /x, when: { host: a.test }', 'match: /x, when: { host: "a.test:81" }', true],
    ['match: /x, when: { host: "*.test" }', 'match: /x, when: { host: a.test }', true],
    ['match: /x, when: { host: "*.a.test" }', 'match: /x, when: { host: "*.test" }', true],
    ['match: /x, when: { host: "*.a.test" }', 'match: /x, when: { host: "*.b.test" }', false],
  ]
  for (const [one, other, ties] of pairs) {
    test(`{ ${one} } and { ${other} } ${ties ? 'tie' : 'do not tie'}`, () => {
      const found = tiesOf(`routes:\n  a: { ${one} }\n  b: { ${other} }\n`)
      assert.equal(
        found.some(message => message.includes(' tie: ')),
        ties,
      )
    })
  }
})

describe('why the others lost', () => {
  const reasons = (router: Router, line: string) =>
    Object.fromEntries(router.losers(aRequest(line)).map(({ route, lost }) => [route.name, lost]))

  test('path, method, condition and specificity are told apart', () => {
    const { compiled } = compile(`
routes:
  winner: { match: "GET /a/{id}" }
  path: { match: GET /b/c }
  short: { match: GET /a }
  method: { match: "POST /a/{id}" }
  condition: { match: "GET /a/{id}", when: { header: { X: 1 } } }
  general: { match: /a/** }
`)
    const lost = reasons(compiled.router, 'GET /a/7')
    assert.equal(lost['winner'], undefined)
    assert.match(lost['path'] ?? '', /"a" is not "b" at segment 1/)
    assert.match(lost['short'] ?? '', /goes on with "7"/)
    assert.match(lost['method'] ?? '', /GET is not POST/)
    assert.match(lost['condition'] ?? '', /header x = 1 does not hold/)
    assert.match(lost['general'] ?? '', /less specific than winner/)
  })
})

describe('the cost of a match', () => {
  test('does not grow with the number of routes', () => {
    const routerWith = (count: number) =>
      routerOf(Object.fromEntries(Array.from({ length: count }, (_, n) => [`r${n}`, `GET /api/v1/thing${n}/{id}`])))
    const request = aRequest('GET /api/v1/thing4/77')
    const cost = (router: Router) => {
      const start = systemClock.monotonic()
      for (let round = 0; round < 20_000; round += 1) router.match(request)
      return systemClock.monotonic() - start
    }
    const [few, many] = [routerWith(5), routerWith(5000)]
    const best = (router: Router) => Math.min(...Array.from({ length: 7 }, () => cost(router)))
    // A list would cost a thousand times as much; the bound leaves room for a busy machine.
    assert.ok(best(many) < 5 * best(few))
  })
})
