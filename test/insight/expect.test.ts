// Do `expect` lines hold where they should, and say what is wrong at its place?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { checkLine, runExpectations } from '../../src/insight/expect.ts'
import { aRequest, compile } from '../routing/builders.ts'

const { compiled } = compile(`
routes:
  patients: { match: GET /patients, ttl: 90s, share: user, query: { only: [page, sort] }, tags: [patients] }
  writes: { match: "POST|PATCH /patients/{id}/**", purge: ["patient:{id}", patients, user] }
  raw: { match: /raw/**, cache: off }
`)

describe('expect lines', () => {
  const holding = [
    'GET /patients => patients',
    '  GET   /patients?page=2&utm=x   =>   patients ,share user,ttl 90s,  key ?page=2 ',
    'GET /patients?sort=a,b&page=2 => patients, key ?page=2&sort=a,b',
    'GET /patients?sort=1&page=2 => patients, key ?sort=1&page=2',
    'GET /patients?utm=1 => patients, key none, tags patients',
    'GET /patients => patients, ttl 90000ms, origin obey, cache on',
    'POST /patients/7/notes => writes, purges patient:7 patients user',
    'POST /patients/7/notes => writes, purges user patients patient:{id}, ttl none',
    'GET http://other.test/raw/x => raw, cache off, purges nothing',
    'GET /elsewhere => default, share auto',
  ]
  for (const line of holding) test(`${line.trim()}: holds`, () => assert.deepEqual(checkLine(line, compiled), []))

  const failing: [line: string, at: number, message: RegExp, hint?: RegExp][] = [
    ['GET /patients', 0, /has no "=>"/, /write `METHOD PATH/],
    ['/patients => patients', 0, /is no request/],
    ['GET patients => patients', 4, /begins with neither/],
    ['GET /a/../b => patients', 4, /answered 400/],
    ['GET /patients =>', 16, /a route name is due/],
    ['GET /patients => share user', 17, /a route name is due/],
    ['GET /patients => patiens', 17, /there is no route `patiens`/, /did you mean `patients`/],
    ['GET /patients => raw', 17, /expected route `raw`, but `patients` takes it/, /raw lost: path/],
    ['GET /elsewhere => raw', 18, /no route takes it/],
    ['GET /patients => patients, share everyone', 33, /expected share everyone, but it is user/],
    ['GET /patients => patients, ttl 2m', 31, /expected ttl 2m, but it is 90s/],
    ['GET /patients => patients, ttl 90', 31, /has no unit/],
    ['GET /patients => patients, shared user', 27, /"shared" is no clause/, /did you mean `share`/],
    ['GET /patients => patients, ttl', 27, /has no value/],
    ['GET /patients?page=2 => patients, key ?page=3', 38, /but it is \?page=2/],
    ['GET /patients?page=2 => patients, key page=2', 38, /a key is written/],
    ['POST /patients/7/x => writes, purges patients', 37, /but it is patient:7 patients user/],
    ['GET /patients => patients, purges patients', 34, /but it is nothing/],
  ]
  for (const [line, at, message, hint] of failing) {
    test(`${line}: fails at ${at}`, () => {
      const [flaw, ...more] = checkLine(line, compiled)
      assert.deepEqual(more, [])
      assert.match(flaw?.message ?? '', message)
      assert.equal(flaw?.at, at)
      if (hint !== undefined) assert.match(flaw?.hint ?? '', hint)
    })
  }

  test('every clause that fails is reported', () => {
    assert.equal(checkLine('GET /patients => patients, ttl 1s, share auto, origin obey', compiled).length, 2)
  })

  test('problems stand at their place in the file', () => {
    const text = 'routes:\n  a: { match: /a }\nexpect:\n  - GET /a => a\n  - GET /b => a\n  - "GET /a => a, ttl 1m"\n'
    const broken = compile(text)
    const lines = text.split('\n')
    // The place of a list item's text: after "- ", and after its quote.
    const locate = (path: readonly (string | number)[], { offset = 0 } = {}) => {
      const line = 4 + Number(path[1])
      const quoted = lines[line - 1]?.includes('"') ? 1 : 0
      return { line, column: 5 + quoted + offset }
    }
    const { passed, problems } = runExpectations(broken.compiled, { locate })
    assert.equal(passed, 1)
    assert.deepEqual(
      problems.map(({ line, column, path }) => [line, column, path]),
      [
        [5, 15, ['expect', 1]],
        [6, 23, ['expect', 2]],
      ],
    )
  })

  test('no line makes it throw', () => {
    const word = fc.constantFrom(
      'GET',
      '/patients',
      '=>',
      'patients',
      ',',
      'ttl',
      '1m',
      'key',
      '?',
      '__proto__',
      ' ',
      'purges',
    )
    fc.assert(fc.property(fc.array(word), words => void checkLine(words.join(' '), compiled)))
    fc.assert(fc.property(fc.string({ unit: 'binary' }), text => void checkLine(`GET /${text} => ${text}`, compiled)))
  })

  test('what is expected is what the router does', () => {
    assert.equal(compiled.router.match(aRequest('PATCH /patients/7')).name, 'writes')
    assert.deepEqual(checkLine('PATCH /patients/7 => writes', compiled), [])
  })
})
