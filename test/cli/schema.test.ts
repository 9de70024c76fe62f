// Does `pillion schema` print a JSON Schema of the configuration?

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { schema } from '../../src/cli/schema.ts'
import { run } from './command-run.ts'

test('pillion schema prints the JSON Schema', async () => {
  const { exit, stdout } = await run(schema, [])
  const printed = JSON.parse(stdout)
  assert.equal(exit, 0)
  assert.equal(printed.$schema, 'https://json-schema.org/draft/2020-12/schema')
  assert.ok('routes' in printed.properties)
})
