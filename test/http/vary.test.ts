// Which requests share a response that varies (RFC 9111 §4.1). Values are normalised only
// as far as their syntax makes two spellings one; whatever differs in meaning must differ here.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type Conceal, matchesNominated, nominatedFields, normalisedValue, sameNominated } from '../../src/http/vary.ts'
import { type FieldRecord, fieldsFrom } from '../builders/messages.ts'

function shares(response: FieldRecord, filling: FieldRecord, presented: FieldRecord): boolean {
  const nominated = nominatedFields(fieldsFrom(response), fieldsFrom(filling))
  return nominated !== 'never' && matchesNominated(nominated, fieldsFrom(presented))
}

describe('Vary (RFC 9111 §4.1)', () => {
  test('a star among the members, on any line, matches nobody', () => {
    for (const vary of ['*', '*, *', ', *', '*, Foo', 'Foo, *', ['*', '*'], ['', '*']]) {
      assert.equal(nominatedFields(fieldsFrom({ Vary: vary }), []), 'never', String(vary))
    }
  })

  test('a member that is no field name matches nobody', () => {
    assert.equal(nominatedFields(['Vary', 'Foo Bar'], []), 'never')
  })

  test('all nominated fields must match, others do not count', () => {
    const vary = { Vary: ['Foo, bar', 'FOO'] }
    assert.equal(shares(vary, { Foo: '1', Bar: 'abc', Other: '2' }, { bar: 'abc', foo: '1', Other: '3' }), true)
    assert.equal(shares(vary, { Foo: '1', Bar: 'abc' }, { Foo: '1', Bar: 'abcde' }), false)
  })

  test('an absent field matches absence alone', () => {
    assert.equal(shares({ Vary: 'Foo' }, {}, {}), true)
    assert.equal(shares({ Vary: 'Foo' }, {}, { Foo: '1' }), false)
    assert.equal(shares({ Vary: 'Foo' }, { Foo: '1' }, {}), false)
    assert.equal(shares({ Vary: 'Foo' }, {}, { Foo: '' }), false)
  })

  test('names are told once, sorted, in lower case', () => {
    const nominated = nominatedFields(['Vary', 'Foo, bar, FOO'], ['Foo', '1'])
    assert.deepEqual(nominated, [
      { name: 'bar', value: undefined },
      { name: 'foo', value: '1' },
    ])
  })

  test('the same names and values are the same variant', () => {
    const one = [{ name: 'a', value: '1' }]
    assert.equal(sameNominated(one, [{ name: 'a', value: '1', language: 'de' }]), true)
    assert.equal(sameNominated(one, [{ name: 'a', value: undefined }]), false)
    assert.equal(sameNominated(one, []), false)
  })

  test('what is concealed is compared concealed', () => {
    const conceal: Conceal = (name, value) => (name === 'cookie' ? `digest of ${value.length}` : value)
    const nominated = nominatedFields(['Vary', 'Cookie'], ['Cookie', 'a=b'], conceal)
    assert.deepEqual(nominated, [{ name: 'cookie', value: 'digest of 3' }])
    const matches = (cookie: string) => matchesNominated(nominated, ['Cookie', cookie], conceal)
    assert.deepEqual([matches('a=b'), matches('a=bc')], [true, false])
  })
})

describe('CORS (contract §3)', () => {
  test('a response for one origin varies by Origin', () => {
    assert.equal(
      shares({ 'Access-Control-Allow-Origin': 'https://a' }, { Origin: 'https://a' }, { Origin: 'https://b' }),
      false,
    )
    assert.equal(shares({ 'Access-Control-Allow-Origin': 'null' }, { Origin: 'null' }, {}), false)
  })

  test('a response for all origins does not', () => {
    assert.equal(shares({ 'Access-Control-Allow-Origin': '*' }, { Origin: 'https://a' }, { Origin: 'https://b' }), true)
  })
})

describe('normalisation (RFC 9111 §4.1)', () => {
  test('lines are joined, white space round commas is dropped', () => {
    assert.equal(shares({ Vary: 'Foo' }, { Foo: '1, 2' }, { Foo: ['1', '2'] }), true)
    assert.equal(shares({ Vary: 'Foo' }, { Foo: '1,2' }, { Foo: ' 1, 2 ' }), true)
  })

  test('order, case, empty members and quoted commas of unknown fields stay', () => {
    for (const other of ['2, 1', '1,,2', '1 2', '12'])
      assert.equal(shares({ Vary: 'Foo' }, { Foo: '1, 2' }, { Foo: other }), false, other)
    assert.equal(shares({ Vary: 'Foo' }, { Foo: 'a' }, { Foo: 'A' }), false)
    assert.equal(shares({ Vary: 'Foo' }, { Foo: '"a, b"' }, { Foo: '"a,b"' }), false)
  })

  test('credentials and the like are compared as they are', () => {
    for (const name of ['Cookie', 'Authorization', 'User-Agent', 'Origin', 'Referer']) {
      assert.equal(shares({ Vary: name }, { [name]: 'a, b' }, { [name]: 'a,b' }), false, name)
      assert.equal(shares({ Vary: name }, { [name]: 'a, b' }, { [name]: 'a, b' }), true, name)
    }
  })

  test('languages: order, case and white space mean nothing, weights do', () => {
    const vary = { Vary: 'Accept-Language' }
    for (const other of ['de, en', 'eN, De', ' en ,   de', 'en;q=1.0, de', 'de;q=1, en; q=1.000']) {
      assert.equal(shares(vary, { 'Accept-Language': 'en, de' }, { 'Accept-Language': other }), true, other)
    }
    for (const other of ['en, de;q=0.9', 'en', 'en, de, fr', 'en-GB, de']) {
      assert.equal(shares(vary, { 'Accept-Language': 'en, de' }, { 'Accept-Language': other }), false, other)
    }
  })

  test('weights have one spelling', () => {
    assert.equal(normalisedValue('accept-encoding', ['Accept-Encoding', 'br;q=0.50, GZIP ; Q=1.0']), 'br;q=0.5,gzip')
    assert.equal(normalisedValue('accept-encoding', ['Accept-Encoding', 'br;q=x']), 'br;q=x')
  })

  test('a media range keeps the case of its parameters', () => {
    const accept = (value: string) => normalisedValue('accept', ['Accept', value])
    assert.equal(accept('text/html, */*;q=0.8'), accept('*/*; q=0.80 ,text/html'))
    assert.notEqual(accept('text/html;profile="A"'), accept('text/html;profile="a"'))
  })

  test('a response in one language serves whoever wants that most', () => {
    const german = { Vary: 'Accept-Language', 'Content-Language': 'DE' }
    const presented = (value: string) => shares(german, { 'Accept-Language': 'en, de' }, { 'Accept-Language': value })
    assert.deepEqual(['fr;q=0.5, de;q=1.0', 'de', 'de;q=0.1'].map(presented), [true, true, true])
    assert.deepEqual(
      ['fr, de', 'fr', 'de-AT', 'de;q=0', 'fr;q=x, de', '*, de', 'de;q=0.5, en'].map(presented),
      Array(7).fill(false),
    )
  })

  test('a response in two languages does not', () => {
    assert.equal(
      shares(
        { Vary: 'Accept-Language', 'Content-Language': 'de, en' },
        { 'Accept-Language': 'en' },
        { 'Accept-Language': 'de' },
      ),
      false,
    )
  })

  test('the request that filled always matches, for all values', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('accept', 'accept-language', 'foo', 'cookie'),
        fc.array(fc.string()),
        (name, lines) => {
          assert.equal(shares({ Vary: name }, { [name]: lines }, { [name]: lines }), true)
        },
      ),
    )
  })
})
