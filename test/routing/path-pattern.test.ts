// Does a pattern mean the paths it should, and does it say what is wrong with it?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  compareSpecificity,
  type PathPattern,
  parsePattern,
  pathMismatch,
  pathParameters,
} from '../../src/routing/path-pattern.ts'

function pattern(text: string): PathPattern {
  const parsed = parsePattern(text)
  if ('flaw' in parsed) throw new Error(parsed.flaw.message)
  return parsed.pattern
}

const matches = (text: string, path: string) => pathMismatch(pattern(text), path) === undefined

describe('path patterns (contract §2 `match`)', () => {
  const table: [pattern: string, matching: string[], others: string[]][] = [
    ['/', ['/'], ['//', '/a']],
    ['/a', ['/a'], ['/a/', '/b', '/', '/A', '/a%20', '/%61']],
    ['/a/', ['/a/'], ['/a', '/a//', '/a/b']],
    ['/a/{id}', ['/a/1', '/a/%2F', '/a/b%2Fc', '/a/...'], ['/a', '/a/', '/a/1/', '/a/1/2']],
    ['/a/*', ['/a/1', '/a/*'], ['/a', '/a/', '/a/1/2']],
    ['/a/**', ['/a', '/a/', '/a/b/c', '/a//', '/a/b/'], ['/', '/ab', '/b/a']],
    ['/**', ['/', '/a', '//', '/a/b/'], []],
    ['/a/{id}/c/**', ['/a/1/c', '/a/1/c/d'], ['/a//c', '/a/1', '/a/1/d']],
    ['/a//b', ['/a//b'], ['/a/b', '/a/x/b']],
    ['/caf%C3%A9', ['/caf%C3%A9'], ['/caf%c3%a9', '/café']],
  ]
  for (const [text, matching, others] of table) {
    test(`${text} matches ${matching.join(' ')} and not ${others.join(' ')}`, () => {
      assert.deepEqual(
        matching.filter(path => !matches(text, path)),
        [],
      )
      assert.deepEqual(
        others.filter(path => matches(text, path)),
        [],
      )
    })
  }

  test('parameters are the raw segments', () => {
    const values = pathParameters(pattern('/a/{id}/b/{name}/**'), '/a/x%2Fy/b/%20/rest/of')
    assert.deepEqual(
      [...values],
      [
        ['id', 'x%2Fy'],
        ['name', '%20'],
      ],
    )
  })

  const flaws: [text: string, at: number, message: RegExp][] = [
    ['a/b', 0, /does not begin with "\/"/],
    ['', 0, /does not begin/],
    ['/a/**/b', 3, /nothing can come after/],
    ['/a/x*', 4, /mixes text and a wildcard/],
    ['/a/{id}.json', 3, /mixes/],
    ['/a/{}', 3, /no parameter name/],
    ['/a/{1x}', 3, /no parameter name/],
    ['/a/{id}/{id}', 8, /twice/],
    ['/a?b=1', 2, /ends a path/],
    ['/a#b', 2, /ends a path/],
    ['/a b', 2, /can't stand/],
    ['/é', 1, /can't stand/],
    ['/a/%zz', 3, /hexadecimal/],
    ['/a/../b', 3, /refused with 400/],
    ['/a/%2e%2E', 3, /refused with 400/],
    ['/a/x%00', 3, /refused with 400/],
  ]
  for (const [text, at, message] of flaws) {
    test(`"${text}" is refused at ${at}`, () => {
      const parsed = parsePattern(text)
      assert.ok('flaw' in parsed)
      assert.match(parsed.flaw.message, message)
      assert.equal(parsed.flaw.at, at)
    })
  }

  test('any text is read or refused, never thrown at', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        const parsed = parsePattern(text)
        if ('flaw' in parsed) assert.ok(parsed.flaw.at >= 0 && parsed.flaw.at <= text.length)
      }),
    )
  })

  test('a literal comes before {name}, {name} before *, * before **, and an end before **', () => {
    const order = ['/a/b', '/a/{x}/c', '/a/{x}', '/a/*/c', '/a/*', '/a', '/a/**', '/{x}/b', '/*/b', '/**'].map(pattern)
    const shuffled = [...order].reverse().sort(compareSpecificity)
    const rank = (text: string) => shuffled.findIndex(one => one.text === text)
    assert.ok(rank('/a/b') < rank('/a/{x}'))
    assert.ok(rank('/a/{x}/c') < rank('/a/*/c'))
    assert.ok(rank('/a/{x}') < rank('/a/*'))
    assert.ok(rank('/a/*') < rank('/a/**'))
    assert.ok(rank('/a') < rank('/a/**'))
    assert.ok(rank('/a/**') < rank('/{x}/b'))
    assert.ok(rank('/{x}/b') < rank('/*/b'))
    assert.equal(shuffled.at(-1)?.text, '/**')
  })
})
