// Are the reference file and the reference page in step with the schema?

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { parse } from 'yaml'
import { type JsonSchema, jsonSchema } from '../../src/config/json-schema.ts'
import { loadConfiguration } from '../../src/config/load.ts'
import { configurationPage } from '../../tools/generate-docs.ts'

const root = join(import.meta.dirname, '..', '..')
const reference = readFileSync(join(root, 'config', 'reference.yaml'), 'utf8')

const propertiesOf = (schema: JsonSchema | undefined) => (schema?.['properties'] ?? {}) as Record<string, JsonSchema>

test('docs/configuration.md is what the generator makes (node tools/generate-docs.ts)', () => {
  assert.equal(readFileSync(join(root, 'docs', 'configuration.md'), 'utf8'), configurationPage())
})

describe('config/reference.yaml', () => {
  test('has no problem', () => {
    assert.deepEqual(loadConfiguration({ text: reference, environment: {} }).problems, [])
  })

  test('writes every default as it is', () => {
    const differing: string[] = []
    const compare = (schema: JsonSchema, written: Record<string, unknown>, path: string) => {
      for (const [name, child] of Object.entries(propertiesOf(schema))) {
        const value = written[name]
        const inner = typeof value === 'object' && value !== null && Object.keys(propertiesOf(child)).length > 0
        if (inner) compare(child, value as Record<string, unknown>, `${path}${name}.`)
        else if (!isFree(`${path}${name}`) && child['default'] !== undefined) {
          if (JSON.stringify(value) !== JSON.stringify(child['default'])) differing.push(`${path}${name}`)
        }
      }
    }
    compare(jsonSchema(), parse(reference) as Record<string, unknown>, '')
    assert.deepEqual(differing, [])
  })

  test('names every key, if only in a comment', () => {
    const names = new Set<string>()
    const collect = (schema: JsonSchema) => {
      for (const [name, child] of Object.entries(propertiesOf(schema))) {
        names.add(name)
        collect(child)
      }
    }
    collect(jsonSchema())
    const missing = [...names].filter(name => !new RegExp(`\\b${name}:`).test(reference))
    assert.deepEqual(missing, [])
  })
})

/** Examples take the place of these defaults there. */
const isFree = (path: string) => ['expect', 'routes', 'admin.token'].includes(path)
