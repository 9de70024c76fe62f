// Is what was purged purged, whenever its fill began and landed?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { epochMs, milliseconds } from '../../src/base/units.ts'
import { type Fence, PurgeEpochs } from '../../src/store/purge-epochs.ts'
import {
  ALL_SCOPE,
  groupScope,
  namesAny,
  prefixScope,
  routeScope,
  type Scope,
  tagScope,
  uriScope,
  userScope,
} from '../../src/store/scopes.ts'
import { noon } from '../builders/messages.ts'

describe('purge epochs (invariant 4)', () => {
  test('a fill is fenced by what was purged after its request left', async () => {
    const epochs = new PurgeEpochs()
    const before = epochs.begin()
    await epochs.purge([tagScope('a')], 'hard')
    const after = epochs.begin()
    assert.equal(epochs.admits(before, [tagScope('a')]), false)
    assert.equal(epochs.admits(before, [tagScope('b')]), true)
    assert.equal(epochs.admits(after, [tagScope('a')]), true)
  })

  test('a purge is effective before the call returns', () => {
    const epochs = new PurgeEpochs()
    const subject = { scopes: [tagScope('a')], sequence: epochs.current() }
    void epochs.purge([tagScope('a')], 'hard')
    assert.equal(epochs.standing(subject), 'hard')
  })

  test('soft makes stale, hard outweighs soft, in either order', async () => {
    const epochs = new PurgeEpochs()
    const subject = { scopes: [tagScope('a'), tagScope('b')], sequence: epochs.current() }
    await epochs.purge([tagScope('a')], 'soft')
    assert.equal(epochs.standing(subject), 'soft')
    await epochs.purge([tagScope('b')], 'hard')
    assert.equal(epochs.standing(subject), 'hard')
    await epochs.purge([tagScope('b')], 'soft')
    assert.equal(epochs.standing(subject), 'hard')
  })

  test('everything is one scope', async () => {
    const epochs = new PurgeEpochs()
    const old = { scopes: [], sequence: epochs.current() }
    await epochs.purge([ALL_SCOPE], 'hard')
    assert.equal(epochs.standing(old), 'hard')
    assert.equal(epochs.standing({ scopes: [], sequence: epochs.current() }), 'kept')
  })

  test('too many scopes give way to a floor: too much is purged, never too little', async () => {
    const epochs = new PurgeEpochs(100)
    const early = { scopes: [tagScope('0')], sequence: epochs.current() }
    const bystander = { scopes: [tagScope('never purged')], sequence: epochs.current() }
    for (let n = 0; n < 101; n++) await epochs.purge([tagScope(`${n}`)], 'hard')
    assert.ok(epochs.size <= 100)
    assert.equal(epochs.standing(early), 'hard')
    assert.equal(epochs.standing(bystander), 'hard')
    assert.equal(epochs.standing({ scopes: [tagScope('0')], sequence: epochs.current() }), 'kept')
  })

  test('a flood of users gives up users alone', async () => {
    const epochs = new PurgeEpochs(100)
    const personal = { scopes: [tagScope('a'), userScope('never purged')], sequence: epochs.current() }
    const shared = { scopes: [tagScope('a')], sequence: epochs.current() }
    for (let n = 0; n < 101; n++) await epochs.purge([userScope(`${n}`)], 'hard')
    assert.equal(epochs.standing(personal), 'hard')
    assert.equal(epochs.standing(shared), 'kept')
    assert.equal(epochs.standing({ ...personal, sequence: epochs.current() }), 'kept')
  })

  test('listeners hear what others purged for good, and nothing that was purged here', async () => {
    const epochs = new PurgeEpochs()
    const heard: Scope[] = []
    epochs.listen({ heard: scopes => void heard.push(...scopes), missed: () => undefined, news: () => [] })
    await epochs.purge([userScope('own')], 'hard')
    epochs.receive([userScope('soft')], 'soft')
    epochs.receive([userScope('other')], 'hard')
    assert.deepEqual(heard, [userScope('other')])
  })

  test('whatever interleaving of purges and fills: what may be stored began after every purge of its scopes', () => {
    const tag = fc.constantFrom('a', 'b', 'c').map(tagScope)
    const step = fc.oneof(
      fc.record({ kind: fc.constant('purge' as const), scope: tag }),
      fc.record({ kind: fc.constant('begin' as const), scope: tag }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 2, max: 5 }), (steps, mostScopes) => {
        const epochs = new PurgeEpochs(mostScopes)
        const fills: { scope: Scope; fence: Fence; purged: boolean }[] = []
        for (const { kind, scope } of steps) {
          if (kind === 'begin') fills.push({ scope, fence: epochs.begin(), purged: false })
          else {
            void epochs.purge([scope], 'hard')
            for (const fill of fills) fill.purged ||= fill.scope === scope
          }
          epochs.swept(epochs.current())
          for (const fill of fills) if (fill.purged) assert.equal(epochs.admits(fill.fence, [fill.scope]), false)
        }
      }),
    )
  })

  test('a purge received under an agreed number spares what began at that number', () => {
    const epochs = new PurgeEpochs()
    epochs.advance(10)
    const before = epochs.begin()
    epochs.receive([tagScope('a')], 'hard', 11)
    const after = epochs.begin()
    assert.equal(epochs.admits(before, [tagScope('a')]), false)
    assert.equal(epochs.admits(after, [tagScope('a')]), true)
    assert.equal(epochs.current(), 11)
  })

  test('while sequences are agreed on, a purge here counts below the next agreed number', async () => {
    const epochs = new PurgeEpochs()
    epochs.advance(10)
    epochs.connect({ agreeing: true, remembers: true, publish: async () => ({ reach: 'notified', sequence: 12 }) })
    const before = epochs.begin()
    const purge = epochs.purge([tagScope('a')], 'hard')
    assert.equal(epochs.admits(before, [tagScope('a')]), false)
    const between = epochs.begin()
    epochs.receive([tagScope('other replica')], 'hard', 11)
    assert.equal(epochs.admits(between, [tagScope('other replica')]), false)
    assert.equal(await purge, 'notified')
    assert.equal(epochs.current(), 12)
  })
})

describe('trust in memory while cut off (invariant 5)', () => {
  test('fresh for at most `partition` after the fill or the cut, whichever is later', () => {
    const epochs = new PurgeEpochs()
    const filled = (at: number) => ({ responseTime: epochMs(noon + at) })
    assert.equal(epochs.freshUntil(filled(0)), undefined)
    epochs.cut(epochMs(noon + 1000), milliseconds(5000))
    assert.equal(epochs.freshUntil(filled(0)), noon + 6000)
    assert.equal(epochs.freshUntil(filled(1000)), noon + 6000)
    assert.equal(epochs.freshUntil(filled(2000)), noon + 7000)
    epochs.heal()
    assert.equal(epochs.freshUntil(filled(0)), undefined)
  })

  test('a second cut before the first healed changes nothing', () => {
    const epochs = new PurgeEpochs()
    epochs.cut(noon, milliseconds(5000))
    epochs.cut(epochMs(noon + 9000), milliseconds(5000))
    assert.equal(epochs.freshUntil({ responseTime: noon }), noon + 5000)
  })
})

describe('scopes', () => {
  const carried = [uriScope('http://h/api/patients/7?page=2'), routeScope('patients'), tagScope('patient:7')]
  const names = (scope: Scope) => namesAny(new Set([scope]), carried)

  test('a prefix ends at a path segment, before the query, or is the whole', () => {
    for (const prefix of ['http://h', 'http://h/', 'http://h/api', 'http://h/api/', 'http://h/api/patients/7']) {
      assert.equal(names(prefixScope(prefix)), true, prefix)
    }
    assert.equal(names(prefixScope('http://h/api/patients/7?page=2')), true)
    for (const prefix of [
      'http://h/ap',
      'http://h/api/patient',
      'http://h/api/patients/7?page',
      'http://other',
      'http',
    ]) {
      assert.equal(names(prefixScope(prefix)), false, prefix)
    }
  })

  test('a slash in the query is no segment', () => {
    const scopes = [uriScope('http://h/a?to=/b/c')]
    assert.equal(namesAny(new Set([prefixScope('http://h/a?to=')]), scopes), false)
    assert.equal(namesAny(new Set([prefixScope('http://h/a')]), scopes), true)
  })

  test('a purge of a prefix holds for standings as it does for counting', () => {
    const path = fc.array(fc.constantFrom('a', 'b', ''), { maxLength: 4 }).map(parts => `http://h/${parts.join('/')}`)
    fc.assert(
      fc.property(path, path, (uri, prefix) => {
        const epochs = new PurgeEpochs()
        void epochs.purge([prefixScope(prefix)], 'hard')
        const scopes = [uriScope(uri)]
        const named = namesAny(new Set([prefixScope(prefix)]), scopes)
        assert.equal(epochs.standing({ scopes, sequence: 0 }) === 'hard', named)
        const trimmed = prefix.replace(/\/$/, '')
        assert.equal(named, uri === trimmed || uri.startsWith(`${trimmed}/`) || uri.startsWith(`${trimmed}?`))
      }),
    )
  })

  test('kinds never meet: equal text as tag, URI, route, user and group is five scopes', () => {
    const text = 'http://h x'
    const all = [tagScope(text), uriScope(text), routeScope(text), userScope(text), groupScope('http://h', 'x')]
    assert.equal(new Set(all).size, 5)
  })
})
