// What every store promises, as one suite that each implementation runs.
//
// The prose is at the head of src/store/store.ts. An implementation brings itself
// fresh for every test, with the purge epochs it obeys and a clock that the test moves.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { PurgeEpochs } from '../../src/store/purge-epochs.ts'
import { prefixScope, tagScope, uriScope } from '../../src/store/scopes.ts'
import type { CacheKey, Store } from '../../src/store/store.ts'
import { noon, secondsAfter } from '../builders/messages.ts'
import { aKey, aStoredResponse, type HeldClock, type StoredParts } from '../store/stored-responses.ts'

export interface StoreUnderTest {
  readonly store: Store
  readonly epochs: PurgeEpochs
  readonly clock: HeldClock
  /** Resolves once what `store` and `remove` began has reached where lookups look. */
  settled(): Promise<void>
  close(): Promise<void>
}

export function storeContract(name: string, open: () => Promise<StoreUnderTest>): void {
  const withStore = (sentence: string, run: (under: StoreUnderTest) => Promise<void>): void => {
    test(sentence, async () => {
      const under = await open()
      try {
        await run(under)
      } finally {
        await under.close()
      }
    })
  }
  const key = aKey('k')
  /** A response whose request leaves now. */
  const aFill = ({ epochs }: StoreUnderTest, parts: StoredParts = {}) =>
    aStoredResponse({ sequence: epochs.current(), ...parts })
  const bodyAt = async ({ store }: StoreUnderTest, at: CacheKey, presented: readonly string[] = []) =>
    (await store.lookup(at, presented)).slot?.response.body.toString()

  describe(`${name} keeps what every store promises`, () => {
    withStore('an empty store finds nothing', async ({ store }) => {
      assert.deepEqual(await store.lookup(key, []), { slot: undefined, otherVariants: false })
    })

    withStore('what was stored is found, byte for byte and field for field', async under => {
      const response = aFill(under, { body: Buffer.from([0, 255, 10, 13, 128]), fields: { 'X-A': ['1', 'é'] } })
      assert.equal(under.store.store(key, response), true)
      await under.settled()

      const { slot } = await under.store.lookup(key, [])

      assert.deepEqual(slot?.response, response)
    })

    withStore('keys are told apart', async under => {
      under.store.store(aKey('a'), aFill(under, { body: 'A' }))
      under.store.store(aKey('b'), aFill(under, { body: 'B' }))
      await under.settled()

      assert.equal(await bodyAt(under, aKey('a')), 'A')
      assert.equal(await bodyAt(under, aKey('b')), 'B')
    })

    withStore('storing again replaces', async under => {
      under.store.store(key, aFill(under, { body: 'old' }))
      under.store.store(key, aFill(under, { body: 'new' }))
      await under.settled()

      assert.equal(await bodyAt(under, key), 'new')
    })

    withStore('variants are selected by their nominated fields (RFC 9111 §4.1)', async under => {
      under.store.store(key, aFill(under, { body: 'de', nominated: [{ name: 'x-lang', value: 'de' }] }))
      under.store.store(key, aFill(under, { body: 'en', nominated: [{ name: 'x-lang', value: 'en' }] }))
      under.store.store(key, aFill(under, { body: 'none', nominated: [{ name: 'x-lang', value: undefined }] }))
      await under.settled()

      assert.equal(await bodyAt(under, key, ['X-Lang', 'de']), 'de')
      assert.equal(await bodyAt(under, key, ['X-Lang', 'en']), 'en')
      assert.equal(await bodyAt(under, key), 'none')
    })

    withStore('where no variant matches the lookup says that there are others', async under => {
      under.store.store(key, aFill(under, { nominated: [{ name: 'x-lang', value: 'de' }] }))
      await under.settled()

      assert.deepEqual(await under.store.lookup(key, ['X-Lang', 'fr']), { slot: undefined, otherVariants: true })
    })

    withStore('a variant replaces only its own kind', async under => {
      under.store.store(key, aFill(under, { body: 'de', nominated: [{ name: 'x-lang', value: 'de' }] }))
      under.store.store(key, aFill(under, { body: 'en', nominated: [{ name: 'x-lang', value: 'en' }] }))
      under.store.store(key, aFill(under, { body: 'de 2', nominated: [{ name: 'x-lang', value: 'de' }] }))
      await under.settled()

      assert.equal(await bodyAt(under, key, ['X-Lang', 'de']), 'de 2')
      assert.equal(await bodyAt(under, key, ['X-Lang', 'en']), 'en')
    })

    withStore('the variants of one key are bounded in number, the newest stay', async under => {
      for (let n = 0; n < 80; n++) {
        under.store.store(key, aFill(under, { body: `v${n}`, nominated: [{ name: 'x-n', value: `${n}` }] }))
        await under.settled()
      }
      assert.equal(await bodyAt(under, key, ['X-N', '79']), 'v79')
      assert.equal(await bodyAt(under, key, ['X-N', '0']), undefined)
    })

    withStore('nothing is found after remove', async under => {
      under.store.store(key, aFill(under))
      await under.settled()
      under.store.remove(key)
      await under.settled()

      assert.equal(await bodyAt(under, key), undefined)
    })

    withStore('a response is found until usefulUntil and not from then on', async under => {
      under.store.store(key, aFill(under, { body: 'x', usefulUntil: secondsAfter(noon, 10) }))
      await under.settled()
      under.clock.pass(9_999)
      assert.equal(await bodyAt(under, key), 'x')
      under.clock.pass(1)
      assert.equal(await bodyAt(under, key), undefined)
      under.clock.pass(1)
      assert.equal(await bodyAt(under, key), undefined)
    })

    withStore('a hard purge hides what carries its scope, and nothing else', async under => {
      under.store.store(aKey('a'), aFill(under, { body: 'A', scopes: [tagScope('x'), tagScope('y')] }))
      under.store.store(aKey('b'), aFill(under, { body: 'B', scopes: [tagScope('y')] }))
      await under.settled()
      await under.epochs.purge([tagScope('x')], 'hard')

      assert.equal(await bodyAt(under, aKey('a')), undefined)
      assert.equal(await bodyAt(under, aKey('b')), 'B')
    })

    withStore('a soft purge leaves it to be found, marked as soft', async under => {
      under.store.store(key, aFill(under, { body: 'A', scopes: [tagScope('x')] }))
      await under.settled()
      await under.epochs.purge([tagScope('x')], 'soft')

      const { slot } = await under.store.lookup(key, [])

      assert.equal(slot?.response.body.toString(), 'A')
      assert.equal(slot?.standing, 'soft')
    })

    withStore(
      'a fill that began before a purge is refused, one that began after is kept (invariant 4)',
      async under => {
        const before = under.epochs.begin()
        await under.epochs.purge([prefixScope('http://clinic.example/api')], 'hard')
        const after = under.epochs.begin()
        const scopes = [uriScope('http://clinic.example/api/7')]

        assert.equal(under.store.store(key, aFill(under, { scopes, sequence: before.sequence })), false)
        assert.equal(under.store.store(key, aFill(under, { scopes, sequence: after.sequence })), true)
      },
    )
  })
}
