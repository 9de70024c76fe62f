// Does `replay` send each caller to the origin once before it may share what is stored?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createJsonReader } from '../../../src/insight/log/json-line.ts'
import type { LogRecord } from '../../../src/insight/log/log-record.ts'
import { prepare } from '../../../src/insight/prepare.ts'
import { Replay } from '../../../src/insight/replay/replay.ts'
import { createIdentitySecret } from '../../../src/routing/identity.ts'

/** Second, path, user, bytes. */
type Line = readonly [number, string, string, number?]

function hitsOf(route: string, lines: readonly Line[]): number {
  const text = `routes: { it: { match: "GET /**", ttl: 1m, share: signed-in, ${route} } }`
  const { configuration } = prepare({ text, environment: { UPSTREAM: 'http://127.0.0.1:1' } }, createIdentitySecret())
  assert.ok(configuration)
  const replay = new Replay({ compiled: configuration.compiled, memory: 1e6, maxBody: 1e6, sweep: false })
  const read = createJsonReader({ user: 'user', tenant: undefined })
  for (const [second, path, user, bytes = 500] of lines) {
    const time = new Date(Date.UTC(2026, 4, 17, 12, 0, second)).toISOString()
    replay.take(read(JSON.stringify({ time, method: 'GET', path, status: 200, bytes, user })) as LogRecord)
  }
  return replay.report({ lines: lines.length, malformed: 0 }).hits
}

describe('accepted callers in a replay (contract §2 `accepted`, `trust`)', () => {
  test('each caller’s first request is a miss, the next ones are hits until trust ends', () => {
    const lines: Line[] = [
      [0, '/a', 'u'],
      [1, '/a', 'v'],
      [2, '/a', 'u'],
      [3, '/a', 'v'],
      [20, '/a', 'u'],
    ]
    assert.equal(hitsOf('trust: 20s', lines), 2)
    assert.equal(hitsOf('trust: 30s', lines), 3)
  })

  test('for one response, or for the whole route', () => {
    const lines: Line[] = [
      [0, '/a', 'u'],
      [1, '/b', 'v'],
      [2, '/b', 'u'],
    ]
    assert.equal(hitsOf('accepted: response', lines), 0)
    assert.equal(hitsOf('accepted: route', lines), 1)
  })

  test('another representation has to be accepted anew', () => {
    const lines: Line[] = [
      [0, '/a', 'u', 500],
      [1, '/a', 'v', 600],
      [2, '/a', 'u', 600],
    ]
    assert.equal(hitsOf('trust: 1m', lines), 0)
  })
})
