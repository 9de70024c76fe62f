// Can somebody on either side follow a request through Pillion?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fieldValue } from '../../src/http/fields.ts'
import { ALL_FOR_A_MINUTE, replyWith, startScene } from './start-pillion.ts'

const DURATION = /dur=\d+(\.\d)?/g

describe('serverTiming', () => {
  test('on: a miss says how long it waited and how long the origin took, a hit what it was', async () => {
    await using scene = await startScene(`serverTiming: on\n${ALL_FOR_A_MINUTE}`, replyWith('hello'))

    const answers = [await scene.get('/a'), await scene.get('/a')]

    assert.deepEqual(
      answers.map(answer => (answer.field('server-timing') ?? '').replaceAll(DURATION, 'dur=')),
      ['pillion;desc=miss;dur=, queue;dur=, origin;dur=', 'pillion;desc=hit;dur='],
    )
  })

  test("on: the origin's own value stays, and ours, which is never stored, comes after it", async () => {
    const handler = replyWith('hello', ['Server-Timing', 'db;dur=5'])
    await using scene = await startScene(`serverTiming: on\n${ALL_FOR_A_MINUTE}`, handler)

    await scene.get('/a')
    const hit = await scene.get('/a')

    assert.match(hit.all('server-timing').join(', '), /^db;dur=5, pillion;desc=hit;dur=[\d.]+$/)
  })

  test('off, as it is unless set: nobody learns of it', async () => {
    await using scene = await startScene(ALL_FOR_A_MINUTE, replyWith('hello'))
    assert.equal((await scene.get('/a')).field('server-timing'), undefined)
  })
})

test('trace context goes to the origin as it came (W3C Trace Context)', async () => {
  await using scene = await startScene(ALL_FOR_A_MINUTE, replyWith('hello'))
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

  await scene.get('/a', ['traceparent', traceparent, 'tracestate', 'a=1,b=2'])

  const fields = scene.origin.requests[0]?.fields ?? []
  assert.equal(fieldValue(fields, 'traceparent'), traceparent)
  assert.equal(fieldValue(fields, 'tracestate'), 'a=1,b=2')
})
