// Is each form made once, paid for, and tried harder where it is hot?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as zlib from 'node:zlib'
import { BackgroundWork } from '../../src/base/background.ts'
import { EncodedForms, type Form } from '../../src/encoding/encoded-forms.ts'
import { Hardening } from '../../src/encoding/hardening.ts'
import { aClock } from '../observability/events.ts'

const CONTENT = Buffer.from(JSON.stringify(Array.from({ length: 400 }, (_, id) => ({ id, name: `name ${id ** 3}` }))))

function paid(limit = Number.POSITIVE_INFINITY) {
  let taken = 0
  const charge = (delta: number): boolean => {
    if (taken + delta > limit) return false
    taken += delta
    return true
  }
  return { charge, taken: () => taken }
}

const made = (forms: EncodedForms, coding: 'gzip' | 'br' | 'zstd') => forms.encodeNow(coding, false) as Form

describe('forms of one content (invariant 7)', () => {
  test('a form is found again, and its octets are paid for', () => {
    const keeper = paid()
    const forms = new EncodedForms(CONTENT, keeper.charge)
    const form = made(forms, 'br')
    assert.equal(forms.use('br'), form)
    assert.deepEqual(zlib.brotliDecompressSync(form.body), CONTENT)
    assert.ok(keeper.taken() >= form.body.length)
    assert.equal(form.body.buffer.byteLength, form.body.length, 'memory of its own')
  })

  test('a form that nobody pays for serves once and is not kept', () => {
    const forms = new EncodedForms(CONTENT, () => false)
    assert.ok(made(forms, 'gzip').body.length > 0)
    assert.equal(forms.use('gzip'), undefined)
  })

  test('content that gets no smaller is remembered as such, unless the client takes nothing else', () => {
    const dense = zlib.gzipSync(CONTENT, { level: 9 })
    const forms = new EncodedForms(dense, paid().charge)
    assert.equal(forms.encodeNow('gzip', false), 'useless')
    assert.equal(forms.use('gzip'), 'useless')
    assert.deepEqual(zlib.gunzipSync((forms.encodeNow('gzip', true) as Form).body), dense)
  })

  test('decoding in one turn is bounded', () => {
    const bomb = zlib.gzipSync(Buffer.alloc(8 * 1024 * 1024))
    assert.equal(new EncodedForms(bomb, paid().charge).decodeNow('gzip'), undefined)
    assert.equal(new EncodedForms(Buffer.from('no gzip'), paid().charge).decodeNow('gzip'), undefined)
  })

  test('a larger form never takes the place of a smaller one', () => {
    const keeper = paid()
    const forms = new EncodedForms(CONTENT, keeper.charge)
    const form = made(forms, 'zstd')
    forms.adopt({ coding: 'zstd', body: CONTENT, hard: true })
    const kept = forms.peek('zstd') as Form
    assert.deepEqual([kept.body, kept.hard], [form.body, true])
  })
})

describe('trying harder', () => {
  test('every eighth use of a form is due; a smaller one takes its place and its cost', async () => {
    const keeper = paid()
    const forms = new EncodedForms(CONTENT, keeper.charge)
    const first = made(forms, 'zstd')
    const before = keeper.taken()
    const due = Array.from({ length: 8 }, () => forms.isDue(forms.use('zstd') as Form))
    assert.deepEqual(due, [false, false, false, false, false, false, false, true])

    const background = new BackgroundWork({ emit: () => undefined })
    new Hardening(aClock(), background).offer(forms, first)
    await background.settled()

    const better = forms.peek('zstd') as Form
    assert.ok(better.hard && better.body.length < first.body.length)
    assert.equal(keeper.taken(), before - (first.body.length - better.body.length))
    assert.deepEqual(zlib.zstdDecompressSync(better.body), CONTENT)
  })

  test('one job at a time, and a rest after each', async () => {
    const clock = aClock()
    const background = new BackgroundWork({ emit: () => undefined })
    const monotonic = () => {
      clock.advance(10)
      return clock.monotonic()
    }
    const hardening = new Hardening({ now: () => clock.now(), monotonic }, background)
    const all = Array.from({ length: 3 }, () => new EncodedForms(CONTENT, paid().charge))
    for (const forms of all) hardening.offer(forms, made(forms, 'gzip'))
    await background.settled()
    const hard = () => all.map(forms => (forms.peek('gzip') as Form).hard)
    assert.deepEqual(hard(), [true, false, false])

    hardening.offer(all[1] as EncodedForms, (all[1] as EncodedForms).peek('gzip') as Form)
    await background.settled()
    assert.deepEqual(hard(), [true, false, false], 'it rests')

    clock.advance(1000)
    hardening.offer(all[1] as EncodedForms, (all[1] as EncodedForms).peek('gzip') as Form)
    await background.settled()
    assert.deepEqual(hard(), [true, true, false])
  })
})
