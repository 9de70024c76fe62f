// Does every reader get every octet, or a clear end, and is nothing held for nobody?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Fault } from '../../src/base/fault.ts'
import { bytes } from '../../src/base/units.ts'
import { BufferBudget } from '../../src/cache/buffer-budget.ts'
import { SharedBody } from '../../src/cache/shared-body.ts'
import { RecordingSink } from './surroundings.ts'

const KIB = 1024

function aBody({ limit = 1024 * KIB, maxBacklog = 256 * KIB } = {}) {
  const budget = new BufferBudget(bytes(limit))
  const body = new SharedBody({ budget, maxBacklog: bytes(maxBacklog) })
  let resumed = 0
  body.onResume(() => void (resumed += 1))
  return { budget, body, resumed: () => resumed }
}

const RESET = new Fault('UPSTREAM_RESET', 'the test broke it')

describe('a shared body', () => {
  test('gives a reader that joins late everything from the first octet', () => {
    const { body } = aBody()
    const [early, late] = [new RecordingSink(), new RecordingSink()]
    body.attach(early)
    body.append(Buffer.from('ab'))
    body.attach(late)
    body.append(Buffer.from('cd'))
    body.finish(['X-Sum', '1'])
    assert.deepEqual([early.text, late.text, late.trailers], ['abcd', 'abcd', ['X-Sum', '1']])
  })

  test('a full reader is left alone until it drains, the others go on', () => {
    const { body } = aBody()
    const [slow, quick] = [new RecordingSink(), new RecordingSink()]
    slow.room = false
    body.attach(slow)
    body.attach(quick)
    for (const text of ['a', 'b', 'c']) body.append(Buffer.from(text))
    body.finish([])
    assert.deepEqual([slow.text, slow.ended, quick.text, quick.ended], ['a', false, 'abc', true])
    slow.drain()
    assert.deepEqual([slow.text, slow.ended], ['abc', true])
  })

  test('a failure aborts every reader once, gives all memory back, and a later reader is aborted too', () => {
    const { body, budget } = aBody()
    const sinks = [new RecordingSink(), new RecordingSink()]
    for (const sink of sinks) body.attach(sink)
    body.append(Buffer.from('half'))
    body.fail(RESET)
    const late = new RecordingSink()
    body.attach(late)
    assert.ok([...sinks, late].every(({ aborted, ended }) => aborted && !ended))
    assert.equal(budget.taken, 0)
    assert.equal(body.whole, false)
  })

  test('a failure reaches a reader that is full, and its drain afterwards does nothing', () => {
    const { body } = aBody()
    const sink = new RecordingSink()
    sink.room = false
    body.attach(sink)
    body.append(Buffer.from('a'))
    body.append(Buffer.from('b'))
    body.fail(RESET)
    sink.drain()
    assert.deepEqual([sink.text, sink.aborted, sink.ended], ['a', true, false])
  })

  test('chunks stay while the content is kept, and go with the slowest reader afterwards', () => {
    const { body, budget } = aBody()
    const [slow, quick] = [new RecordingSink(), new RecordingSink()]
    slow.room = false
    body.attach(slow)
    body.attach(quick)
    body.append(Buffer.alloc(10))
    body.append(Buffer.alloc(10))
    assert.equal(budget.taken, 20)
    assert.ok(body.whole)
    body.stopKeeping()
    assert.equal(budget.taken, 10)
    assert.equal(body.whole, false)
    slow.drain()
    assert.equal(budget.taken, 0)
  })

  test('a reader that leaves holds nothing back', () => {
    const { body, budget } = aBody()
    const slow = new RecordingSink()
    slow.room = false
    const reader = body.attach(slow)
    body.append(Buffer.alloc(10))
    body.append(Buffer.alloc(10))
    body.stopKeeping()
    reader.detach()
    assert.deepEqual([budget.taken, body.readers], [0, 0])
  })

  test('the origin pauses when the slowest reader is more than the backlog behind, and goes on when it drains', () => {
    const { body, resumed } = aBody({ maxBacklog: 100 * KIB })
    const slow = new RecordingSink()
    slow.room = false
    body.attach(slow)
    assert.equal(body.append(Buffer.alloc(KIB)), true)
    assert.equal(body.append(Buffer.alloc(100 * KIB)), true)
    assert.equal(body.append(Buffer.alloc(1)), false)
    slow.drain()
    assert.equal(resumed(), 1)
  })

  test('when the budget is used up a small backlog is enough to pause', () => {
    const { body, budget } = aBody({ limit: 100 * KIB, maxBacklog: 1024 * KIB })
    budget.take(100 * KIB)
    const slow = new RecordingSink()
    slow.room = false
    body.attach(slow)
    assert.equal(body.append(Buffer.alloc(1)), true)
    assert.equal(body.append(Buffer.alloc(64 * KIB)), true)
    assert.equal(body.append(Buffer.alloc(1)), false)
  })

  test('what is collected is all of it, in memory of its own', () => {
    const { body } = aBody()
    body.append(Buffer.from('ab'))
    body.append(Buffer.from('cd'))
    const collected = body.collect()
    assert.equal(collected.toString(), 'abcd')
    assert.equal(collected.buffer.byteLength, 4)
  })

  test('however readers come, fill, drain and go, each that stays gets all octets and all memory is given back', () => {
    const step = fc.record({
      reader: fc.nat(2),
      act: fc.constantFrom('join', 'fill', 'drain', 'append', 'leave', 'let-go'),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), steps => {
        const { body, budget } = aBody()
        const sinks = [new RecordingSink(), new RecordingSink(), new RecordingSink()]
        const readers = new Map<number, ReturnType<SharedBody['attach']>>()
        const gone = new Set<number>()
        let sent = ''
        for (const { reader: at, act } of steps) {
          const sink = sinks[at] as RecordingSink
          if (act === 'join' && !readers.has(at) && body.whole) readers.set(at, body.attach(sink))
          if (act === 'fill') sink.room = false
          if (act === 'drain') sink.drain()
          if (act === 'leave' && readers.has(at)) {
            readers.get(at)?.detach()
            gone.add(at)
          }
          if (act === 'let-go') body.stopKeeping()
          if (act !== 'append') continue
          const text = String.fromCharCode(97 + (sent.length % 26))
          sent += text
          body.append(Buffer.from(text))
        }
        body.finish([])
        body.stopKeeping()
        for (const sink of sinks) sink.drain()
        for (const at of readers.keys()) {
          if (!gone.has(at)) assert.deepEqual([sinks[at]?.text, sinks[at]?.ended], [sent, true])
        }
        assert.equal(budget.taken, 0)
      }),
    )
  })
})
