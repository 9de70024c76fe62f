// Field values come apart where the grammar says, and nowhere else (RFC 9110 §5.6).
// Split and join must be each other's inverse for whatever a list can hold, and no
// string whatever may throw or be swallowed by a quote that never closes.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  hasOpenQuote,
  isToken,
  nameAndArgument,
  parseParameters,
  splitList,
  tokenOrQuoted,
  trimOws,
  unquote,
} from '../../src/http/list-syntax.ts'

describe('lists (RFC 9110 §5.6.1)', () => {
  test('members are trimmed and empty ones dropped', () => {
    assert.deepEqual(splitList(' a ,, b\t, ,c'), ['a', 'b', 'c'])
  })

  test('a comma inside a quoted-string does not split', () => {
    assert.deepEqual(splitList('a="1, 2", b'), ['a="1, 2"', 'b'])
  })

  test('an escaped quote does not close a quoted-string', () => {
    assert.deepEqual(splitList('a="1\\", 2", b'), ['a="1\\", 2"', 'b'])
  })

  test('in entity tags a backslash escapes nothing', () => {
    assert.deepEqual(splitList('"a\\", "b"', false), ['"a\\"', '"b"'])
  })

  test('a quote that never closes is an ordinary character', () => {
    assert.deepEqual(splitList('a="1, no-store'), ['a="1', 'no-store'])
    assert.equal(hasOpenQuote('a="1, no-store'), true)
    assert.equal(hasOpenQuote('a="1", b="\\""'), false)
  })

  test('splitting what was joined gives the members back, for all members', () => {
    const member = fc.oneof(
      fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/),
      fc.string().map(text => `x=${tokenOrQuoted(`"${text}`)}`),
    )
    fc.assert(
      fc.property(fc.array(member), members => {
        assert.deepEqual(splitList(members.join(' , ')), members)
      }),
    )
  })

  test('splitting is total and never grows, for all strings', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        const members = splitList(text)
        assert.ok(members.join('').length <= text.length)
        assert.ok(members.every(part => part === trimOws(part) && part !== ''))
      }),
    )
  })
})

describe('tokens and quoted strings (RFC 9110 §5.6.2, §5.6.4)', () => {
  test('a token has at least one character, and none of the delimiters', () => {
    assert.deepEqual(['', 'a', 'a b', 'a=', 'ä', "!#$%&'*+-.^_`|~9"].map(isToken), [
      false,
      true,
      false,
      false,
      false,
      true,
    ])
  })

  test('only a whole quoted-string is unquoted', () => {
    assert.equal(unquote('"a\\"b"'), 'a"b')
    assert.equal(unquote('"a" b'), undefined)
    assert.equal(unquote('"'), undefined)
    assert.equal(unquote('"\\"'), undefined)
  })

  test('quoting and unquoting give the text back, for all texts', () => {
    fc.assert(
      fc.property(fc.string(), text => {
        const written = tokenOrQuoted(text)
        assert.equal(unquote(written) ?? written, text)
      }),
    )
  })
})

describe('parameters (RFC 9110 §5.6.6)', () => {
  test('names are caseless, values unquoted, the first of two counts', () => {
    const { value, parameters } = parseParameters('text/html; Q=0.5;a="b;c" ; q=1;=x;flag')
    assert.equal(value, 'text/html')
    assert.deepEqual(
      [...parameters],
      [
        ['q', '0.5'],
        ['a', 'b;c'],
        ['flag', ''],
      ],
    )
  })

  test('only the first equals sign separates', () => {
    assert.deepEqual(nameAndArgument('a = b=c'), ['a', 'b=c'])
    assert.deepEqual(nameAndArgument('a'), ['a', undefined])
  })
})

describe('hostile fields', () => {
  test('32 KiB of escaped quotes or of spaces take no noticeable time', () => {
    const quotes = `"${'\\"'.repeat(16384)}`
    const spaces = `a${' '.repeat(32768)}b`
    const before = process.cpuUsage()
    splitList(quotes)
    splitList(spaces)
    hasOpenQuote(quotes)
    const spent = process.cpuUsage(before)
    assert.ok(spent.user + spent.system < 100_000, `${spent.user + spent.system} µs of CPU`)
  })
})
