// Do the tests run on the Node that Pillion is shipped with?

import assert from 'node:assert/strict'
import { test } from 'node:test'

test('npm test runs on Node 26 or later', () => {
  assert.ok(Number(process.versions.node.split('.')[0]) >= 26, `this is Node ${process.versions.node}`)
})
