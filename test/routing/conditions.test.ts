// Does a condition hold exactly where contract §2 `when` says?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { PresentedRequest } from '../../src/http/message.ts'
import { conditionsHold, failedCondition } from '../../src/routing/conditions.ts'
import { aRequest, aRoute } from './builders.ts'

describe('when', () => {
  const table: [when: string, line: string, rest: Partial<PresentedRequest>, holds: boolean][] = [
    ['header: { X-A: 1 }', 'GET /', { fields: ['x-a', '1'] }, true],
    ['header: { X-A: 1 }', 'GET /', { fields: ['x-a', '1', 'X-A', '1'] }, true],
    ['header: { X-A: 1 }', 'GET /', { fields: ['x-a', '1', 'X-A', '2'] }, false],
    ['header: { X-A: 1 }', 'GET /', {}, false],
    ['header: { X-A: true }', 'GET /', { fields: ['x-a', ''] }, true],
    ['header: { X-A: false }', 'GET /', { fields: ['x-a', ''] }, false],
    ['header: { X-A: false }', 'GET /', {}, true],
    ['query: { mode: public }', 'GET /?mode=public', {}, true],
    ['query: { mode: public }', 'GET /?mode=public&mode=private', {}, false],
    ['query: { mode: public }', 'GET /?Mode=public', {}, false],
    ['query: { mode: "" }', 'GET /?mode', {}, true],
    ['query: { mode: true }', 'GET /?mode', {}, true],
    ['query: { mode: true }', 'GET /?modes=1', {}, false],
    ['query: { mode: false }', 'GET /', {}, true],
    ['host: api.test', 'GET /', { host: 'api.test' }, true],
    ['host: API.test', 'GET /', { host: 'api.test:8080' }, true],
    ['host: "api.test:81"', 'GET /', { host: 'api.test' }, false],
    ['host: "*.test"', 'GET /', { host: 'a.b.test:8080' }, true],
    ['host: "*.test"', 'GET /', { host: 'test' }, false],
    ['host: "[::1]"', 'GET /', { host: '[::1]:80' }, true],
  ]
  for (const [when, line, rest, holds] of table) {
    test(`{ ${when} } ${holds ? 'holds' : 'fails'} for ${line} ${JSON.stringify(rest)}`, () => {
      const { when: conditions } = aRoute(`when: { ${when} }`)
      assert.equal(conditionsHold(conditions, aRequest(line, rest)), holds)
      assert.equal(failedCondition(conditions, aRequest(line, rest)) === undefined, holds)
    })
  }
})
