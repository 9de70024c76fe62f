// Does the effective configuration show everything but secrets?

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { stringify } from 'yaml'
import { redacted } from '../../src/config/effective.ts'
import { loadConfiguration } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/settings.ts'

const REFERENCE = readFileSync(join(import.meta.dirname, '..', '..', 'config', 'reference.yaml'), 'utf8')
const TOKEN = 'correct-horse-battery'

const settingsOf = (text: string, environment = {}) => {
  const { settings, problems } = loadConfiguration({ text, environment })
  assert.deepEqual(problems, [])
  return settings as Settings
}

describe('the effective configuration', () => {
  test('holds no secret, from the file or the environment', () => {
    const fromFile = redacted(settingsOf(`upstream: { url: "http://b:1" }\nadmin: { token: ${TOKEN} }`))
    const fromEnvironment = redacted(settingsOf(REFERENCE, { ADMIN_TOKEN: TOKEN }))
    for (const shown of [fromFile, fromEnvironment]) {
      assert.doesNotMatch(JSON.stringify(shown), new RegExp(TOKEN))
      assert.equal((shown['admin'] as { token: string }).token, '***')
    }
  })

  test('tells a token that is not set from one that is hidden', () => {
    const shown = redacted(settingsOf('upstream: { url: "http://b:1" }'))
    assert.equal((shown['admin'] as { token: string }).token, '')
  })

  test('speaks the language of the file: written to one, it means the same', () => {
    const settings = settingsOf(REFERENCE)
    const again = settingsOf(stringify(redacted(settings)))
    const withoutPlaces = ({ routes, defaultRoute, ...rest }: Settings) => ({
      ...rest,
      routes: [...routes, defaultRoute].map(route => ({ ...route, writtenIn: undefined })),
    })
    assert.deepEqual(withoutPlaces(again), withoutPlaces(settings))
  })
})
