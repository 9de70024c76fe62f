// Does an operator who knows one credential of a caller reach all that is stored for that caller?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { replyWith, startScene } from './start-pillion.ts'

const PERSONAL = 'routes: { mine: { match: GET /**, ttl: 1m, share: user } }'
const BOTH = ['Authorization', 'Bearer a', 'Cookie', 'session=1']

describe('purging a user (contract §4)', () => {
  for (const credential of ['Bearer a', 'session=1']) {
    test(`a caller known by a header and a cookie is found by ${credential} alone, and nobody else is`, async () => {
      await using scene = await startScene(PERSONAL, replyWith('mine'))
      const others = ['Authorization', 'Bearer b']
      for (const fields of [BOTH, others]) await scene.get('/x', fields)

      const answer = await scene.admin('/api/purge', { user: credential })

      assert.match(JSON.stringify(answer), /"purged":1/)
      await scene.get('/x', others)
      assert.equal(scene.origin.requests.length, 2)
      await scene.get('/x', BOTH)
      assert.equal(scene.origin.requests.length, 3)
    })
  }
})
