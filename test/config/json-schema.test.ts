// Can an editor rely on the JSON Schema?
//
// A small validator for the keywords that are used holds the schema to the files of the
// repository and to broken ones, so that schema and loader can't disagree.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { parse } from 'yaml'
import { type JsonSchema, jsonSchema } from '../../src/config/json-schema.ts'

const root = join(import.meta.dirname, '..', '..')
const schema = jsonSchema()

const KEYWORDS = new Set(
  (
    '$schema $defs $ref title description default examples type enum pattern anyOf properties required ' +
    'additionalProperties propertyNames items minimum maximum'
  ).split(' '),
)

function everyNode(node: unknown, visit: (node: JsonSchema, path: string) => void, path = ''): void {
  if (typeof node !== 'object' || node === null) return
  const schema = node as JsonSchema
  visit(schema, path)
  for (const [name, child] of Object.entries({ ...mapIn(schema, 'properties'), ...mapIn(schema, '$defs') })) {
    everyNode(child, visit, `${path}/${name}`)
  }
  for (const child of [
    schema['items'],
    schema['additionalProperties'],
    schema['propertyNames'],
    ...listIn(schema, 'anyOf'),
  ]) {
    everyNode(child, visit, path)
  }
}

const mapIn = (node: JsonSchema, keyword: string) => (node[keyword] ?? {}) as Record<string, JsonSchema>
const listIn = (node: JsonSchema, keyword: string) => (node[keyword] ?? []) as unknown[]

const typeOf = (value: unknown) => {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return typeof value === 'number' && Number.isInteger(value) ? 'integer' : typeof value
}

function isValid(node: JsonSchema | boolean, value: unknown): boolean {
  if (typeof node === 'boolean') return node
  if (node['$ref'] !== undefined)
    return isValid((schema['$defs'] as Record<string, JsonSchema>)['variable'] as JsonSchema, value)
  const type = typeOf(value)
  const types = [node['type'] ?? []].flat() as string[]
  if (types.length > 0 && !types.includes(type) && !(type === 'integer' && types.includes('number'))) return false
  if (node['anyOf'] !== undefined && !(node['anyOf'] as JsonSchema[]).some(branch => isValid(branch, value)))
    return false
  if (node['enum'] !== undefined && !(node['enum'] as unknown[]).includes(value)) return false
  if (type === 'string' && node['pattern'] !== undefined)
    return new RegExp(node['pattern'] as string, 'u').test(value as string)
  if (type === 'integer')
    return (
      (value as number) >= ((node['minimum'] as number) ?? value) &&
      (value as number) <= ((node['maximum'] as number) ?? value)
    )
  if (type === 'array') return (value as unknown[]).every(item => isValid((node['items'] ?? true) as JsonSchema, item))
  return type !== 'object' || isValidMap(node, value as Record<string, unknown>)
}

function isValidMap(node: JsonSchema, value: Readonly<Record<string, unknown>>): boolean {
  const properties = (node['properties'] ?? {}) as Record<string, JsonSchema>
  const required = (node['required'] ?? []) as string[]
  return (
    required.every(name => name in value) &&
    Object.entries(value).every(([name, item]) => {
      const known = properties[name] ?? ((node['additionalProperties'] ?? true) as JsonSchema)
      return isValid((node['propertyNames'] ?? true) as JsonSchema, name) && isValid(known, item)
    })
  )
}

const accepts = (text: string) => isValid(schema, parse(text))

describe('the JSON Schema (draft 2020-12)', () => {
  test('uses no keyword that editors do not know', () => {
    const strange = new Set<string>()
    everyNode(schema, node => {
      for (const keyword of Object.keys(node)) if (!KEYWORDS.has(keyword)) strange.add(keyword)
    })
    assert.deepEqual([...strange], [])
    assert.equal(schema['$schema'], 'https://json-schema.org/draft/2020-12/schema')
  })

  test('describes every key', () => {
    const bare: string[] = []
    everyNode(schema, (node, path) => {
      for (const [name, child] of Object.entries(mapIn(node, 'properties'))) {
        if (typeof child['description'] !== 'string') bare.push(`${path}/${name}`)
      }
    })
    assert.deepEqual(bare, [])
  })

  test('accepts its own defaults and examples', () => {
    const refused: string[] = []
    everyNode(schema, (node, path) => {
      const shown = [...listIn(node, 'examples'), ...('default' in node ? [node['default']] : [])]
      for (const value of shown) if (!isValid(node, value)) refused.push(`${path}: ${JSON.stringify(value)}`)
    })
    assert.deepEqual(refused, [])
  })

  test('accepts the files of this repository', () => {
    for (const file of ['reference.yaml', 'demo.yaml']) {
      assert.ok(accepts(readFileSync(join(root, 'config', file), 'utf8')), file)
    }
  })

  test('accepts variables wherever a scalar is due, booleans for on and off, and empty sections', () => {
    assert.ok(accepts(`upstream: { connections: "\${N}", timeout: "\${T:-5s}", host: "\${H}" }`))
    assert.ok(accepts('defaults: { cache: false, body: true, heuristic: off }\nroutes:\n'))
  })

  test('refuses what the loader refuses', () => {
    const broken = [
      'lisen: :1',
      'defaults: { ttl: 60 }',
      'defaults: { ttl: 5min }',
      'upstream: { connections: many }',
      'routes: { a: { ttl: 5m } }',
      'routes: { "a b": { match: / } }',
      'defaults: { share: all }',
      'store: { maxBody: 64KB }',
      'trustedProxies: public',
    ]
    assert.deepEqual(broken.filter(accepts), [])
  })
})
