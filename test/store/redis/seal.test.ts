// Is what lies in Redis unreadable without the secret, and bound to its place?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { KeyNames } from '../../../src/store/redis/key-names.ts'
import { openSeal, SecretSeal } from '../../../src/store/redis/seal.ts'
import { aKey } from '../stored-responses.ts'

const octets = fc.uint8Array({ maxLength: 300 }).map(array => Buffer.from(array))

describe('sealed values', () => {
  test('what one process sealed another opens, under the same context alone', () => {
    const [one, other] = [new SecretSeal(['s']), new SecretSeal(['s'])]
    fc.assert(
      fc.property(octets, fc.string(), fc.string(), (plain, context, elsewhere) => {
        const sealed = one.seal(context, plain)
        assert.deepEqual(other.open(context, sealed), plain)
        if (Buffer.from(elsewhere).compare(Buffer.from(context)) !== 0)
          assert.equal(other.open(elsewhere, sealed), undefined)
      }),
    )
  })

  test('any flipped bit and any truncation is refused', () => {
    const seal = new SecretSeal(['s'])
    const sealed = seal.seal('name', Buffer.from('content'))
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const damaged = Buffer.from(sealed)
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7))
      assert.equal(seal.open('name', damaged), undefined, `bit ${bit}`)
    }
    for (let length = 0; length < sealed.length; length++) {
      assert.equal(seal.open('name', sealed.subarray(0, length)), undefined)
    }
  })

  test('another secret opens nothing; with rotation the older one still opens', () => {
    const old = new SecretSeal(['old'])
    const sealed = old.seal('n', Buffer.from('x'))
    assert.equal(new SecretSeal(['new']).open('n', sealed), undefined)
    assert.deepEqual(new SecretSeal(['new', 'old']).open('n', sealed), Buffer.from('x'))
    assert.equal(new SecretSeal(['new', 'old']).openText(old.sealText('scope')), 'scope')
    assert.equal(new SecretSeal(['new']).openText(old.sealText('scope')), undefined)
  })

  test('equal values never look equal, equal texts always do', () => {
    const seal = new SecretSeal(['s'])
    assert.notDeepEqual(seal.seal('n', Buffer.from('x')), seal.seal('n', Buffer.from('x')))
    assert.equal(seal.sealText('tag'), new SecretSeal(['s']).sealText('tag'))
    assert.notEqual(seal.sealText('tag'), seal.sealText('tag2'))
  })

  test('texts come back, and no text makes opening throw', () => {
    const seal = new SecretSeal(['s'])
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), text => assert.equal(seal.openText(seal.sealText(text)), text)),
    )
    fc.assert(fc.property(fc.string(), text => assert.equal(seal.openText(text), undefined)))
  })
})

describe('names', () => {
  test('they tell nothing of the key, differ by secret, and keep a key on one cluster slot', () => {
    const key = aKey('http://clinic.example/patients/7')
    const keyed = new KeyNames('p', new SecretSeal(['new', 'old']).digests)
    const plain = new KeyNames('p', openSeal.digests)
    assert.equal(new Set([...keyed.all(key), plain.base(key)]).size, 3)
    for (const name of keyed.all(key)) assert.match(name, /^p:v1:\{[\w-]{32}\}$/)
    assert.equal(keyed.all(key)[1], new KeyNames('p', new SecretSeal(['old']).digests).base(key))
    assert.ok(keyed.lease(key, 'fill').startsWith(keyed.base(key)))
  })
})
