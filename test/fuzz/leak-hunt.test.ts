// Does a bounded hunt find nothing where nothing is wrong, and something where something is?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { HONEST, huntLeaks } from './leak-hunt.ts'

describe('generated streams of requests (contract §3)', () => {
  test('nobody is given what was made for somebody else', () => huntLeaks(HONEST, 100))

  for (const [name, wide] of [
    ['a personal route for everyone', HONEST.replace('share: user', 'share: everyone')],
    ['a lifetime of the origin taken as sharing', HONEST.replace('/auto/**" }', '/auto/**", share: everyone }')],
  ] as const) {
    test(`the hunt finds ${name}`, () => assert.rejects(huntLeaks(wide, 400), showsALeak))
  }
})

function showsALeak(found: Error): boolean {
  return /made for somebody else/.test(String(found.cause))
}
