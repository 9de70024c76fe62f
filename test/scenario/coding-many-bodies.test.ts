// Does everybody get a coding that they take while many large bodies are being coded at once?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { ALL_FOR_A_MINUTE, startScene } from './start-pillion.ts'

const LARGE = JSON.stringify(Array.from({ length: 4000 }, (_, id) => ({ id, name: `patient ${id}`, ward: id % 7 })))

describe('many large bodies at once', () => {
  test('who refuses identity is given a coding, however many large bodies are being coded', async () => {
    await using scene = await startScene(ALL_FOR_A_MINUTE, exchange =>
      exchange.respond({ fields: ['Content-Type', 'application/json'], body: LARGE }),
    )
    const paths = Array.from({ length: 20 }, (_, at) => `/large/${at}`)
    for (const path of paths) await scene.get(path)
    const hits = await Promise.all(paths.map(path => scene.get(path, ['Accept-Encoding', 'gzip, identity;q=0'])))
    for (const hit of hits) {
      assert.equal(hit.field('content-encoding'), 'gzip')
      assert.ok(gunzipSync(hit.content).toString() === LARGE)
    }
  })
})
