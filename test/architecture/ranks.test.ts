// Does the tree keep to the table of ranks in docs/design.md?

import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, test } from 'node:test'

const root = join(import.meta.dirname, '..', '..', 'src')

/** Folder (or file of src/ itself) → rank. A file imports from lower ranks and its own folder. */
const RANKS: Readonly<Record<string, number>> = {
  base: 0,
  http: 1,
  observability: 1,
  config: 2,
  routing: 3,
  store: 3,
  encoding: 3,
  upstream: 3,
  cache: 4,
  server: 5,
  admin: 5,
  insight: 5,
  'app.ts': 6,
  workers: 7,
  cli: 8,
}

/** Only these may import from observability: everything else emits events. */
const MAY_OBSERVE = new Set(['admin', 'app.ts', 'observability', 'workers'])

interface Import {
  readonly from: string
  readonly to: string
}

function houseOf(path: string): string {
  return path.split('/')[0] as string
}

const files = globSync('**/*.ts', { cwd: root }).sort()
const sourceOf = (file: string) => readFileSync(join(root, file), 'utf8')

function importsOf(file: string): Import[] {
  const found: Import[] = []
  const pattern = /(?:from\s+|import\s*\(\s*|import\s+)['"](\.[^'"]+)['"]/g
  for (const [, specifier] of sourceOf(file).matchAll(pattern)) {
    found.push({ from: file, to: relative(root, join(root, dirname(file), specifier as string)) })
  }
  return found
}

const imports = files.flatMap(importsOf)

describe('the house (design.md §1)', () => {
  test('every file lives in a room of the table', () => {
    const strangers = files.filter(file => !(houseOf(file) in RANKS))
    assert.deepEqual(strangers, [])
  })

  test('a file imports from lower ranks and from its own folder, never sideways, never up', () => {
    const offences = imports.filter(({ from, to }) => {
      const [own, other] = [houseOf(from), houseOf(to)]
      return own !== other && !((RANKS[other] ?? Infinity) < (RANKS[own] ?? -1))
    })
    assert.deepEqual(offences, [])
  })

  test('only admin and who puts the parts together know observability', () => {
    const offences = imports.filter(
      ({ from, to }) => houseOf(to) === 'observability' && !MAY_OBSERVE.has(houseOf(from)),
    )
    assert.deepEqual(offences, [])
  })

  test('http is pure: no node: module and no clock', () => {
    const offences = files.filter(
      file => houseOf(file) === 'http' && /['"]node:|Date\.now\(|performance\.now\(|new Date\(\)/.test(sourceOf(file)),
    )
    assert.deepEqual(offences, [])
  })

  test('one file reads the clock', () => {
    const readers = files.filter(file =>
      /Date\.now\(|performance\.now\(|new Date\(\)/.test(withoutComments(sourceOf(file))),
    )
    assert.deepEqual(readers, ['base/clock.ts'])
  })
})

describe('how files read (style.md)', () => {
  test('every file opens with a header comment of at least three lines', () => {
    const bare = files.filter(file => !/^(#!.*\n)?(\/\/.*\n){3,}/.test(sourceOf(file)))
    assert.deepEqual(bare, [])
  })

  test('no file has a name that says nothing', () => {
    const vague = files.filter(file => /(^|\/)(utils?|helpers?|common|misc|manager|types|index)(\/|\.ts$)/.test(file))
    assert.deepEqual(vague, [])
  })

  test('there are no default exports', () => {
    const offences = files.filter(file => /^export default/m.test(sourceOf(file)))
    assert.deepEqual(offences, [])
  })
})

function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
}
