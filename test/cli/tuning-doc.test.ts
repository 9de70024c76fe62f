// Are the commands of docs/tuning.md ones that Pillion understands?

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { advise } from '../../src/cli/advise.ts'
import { type Command, readArguments } from '../../src/cli/arguments.ts'
import { check } from '../../src/cli/check.ts'
import { explain } from '../../src/cli/explain.ts'
import { init } from '../../src/cli/init.ts'
import { replay } from '../../src/cli/replay.ts'
import { serve } from '../../src/cli/serve.ts'

const COMMANDS: readonly Command[] = [serve, check, explain, advise, replay, init]
const page = readFileSync(new URL('../../docs/tuning.md', import.meta.url), 'utf8')

describe('docs/tuning.md', () => {
  const lines = page.split('\n').flatMap(line => /^npm run pillion -- (.+)$/.exec(line)?.[1] ?? [])

  test('has commands', () => assert.ok(lines.length >= 8))

  for (const line of lines) {
    test(`understands: ${line}`, () => {
      const [name, ...words] = line.replace(/ > \S+$/, '').split(' ')
      const command = COMMANDS.find(each => each.name === name)
      assert.ok(command)
      assert.deepEqual(readArguments(command, words).misuses, [])
    })
  }
})
