// Who is given the fields that a qualified no-cache or private names?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Barrier } from '../origin/barrier.ts'
import { ALL_FOR_A_MINUTE, startScene } from './start-pillion.ts'

/** One answer that Pillion holds until it is whole, and one that is too large for that. */
const SIZES = { small: 10, large: 200_000 }

describe('fields named by no-cache="…" and private="…" (RFC 9111 §5.2.2.4, §5.2.2.7)', () => {
  for (const [size, length] of Object.entries(SIZES)) {
    test(`a ${size} response: the client that fills receives them, followers and hits do not`, async () => {
      const barrier = new Barrier()
      const fields = ['Cache-Control', 'max-age=60, no-cache="x-a", private="x-b"', 'X-A', '1', 'X-B', '2', 'X-C', '3']
      await using scene = await startScene(ALL_FOR_A_MINUTE, async exchange => {
        await barrier.passed
        exchange.respond({ fields, body: 'a'.repeat(length) })
      })
      const clients = [await scene.connect(), await scene.connect()]
      for (const client of clients) client.get('/a')
      await scene.origin.received(1)
      // Answered without the origin, so what was sent before has been taken.
      assert.equal((await scene.get('/../')).status, 400)
      barrier.open()
      const answers = [...(await Promise.all(clients.map(client => client.response()))), await scene.get('/a')]

      assert.equal(scene.origin.requests.length, 1)
      assert.deepEqual(
        answers.map(answer => ['x-a', 'x-b', 'x-c'].map(name => answer.field(name) ?? null)),
        [
          ['1', '2', '3'],
          [null, null, '3'],
          [null, null, '3'],
        ],
      )
    })
  }
})
