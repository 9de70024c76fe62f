// Do Pillion's rules for the demo hold what they say?

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, test } from 'node:test'

const root = join(import.meta.dirname, '..', '..')

describe('config/demo.yaml', () => {
  test('passes `pillion check`, its own expectations included, without a warning', () => {
    const environment = { ...process.env }
    for (const name of ['UPSTREAM', 'LISTEN', 'ADMIN', 'REDIS_URL', 'ADMIN_TOKEN']) delete environment[name]
    const checked = spawnSync(process.execPath, ['src/cli/main.ts', 'check', 'config/demo.yaml'], {
      cwd: root,
      env: environment,
      encoding: 'utf8',
    })
    assert.equal(checked.stderr, '')
    assert.equal(checked.status, 0)
  })
})
