// How do YAML's nodes become plain maps, lists and Written scalars, and keep their places?
//
// The nodes are walked here rather than by the package, because variables have to be
// replaced in values alone, numbers must keep their spelling, and keys that JavaScript
// gives a meaning of its own (`__proto__`) must not vanish. Aliases are followed, but
// only so deep and so often; merge keys are YAML 1.1 and refused.

import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type Scalar,
  type YAMLMap,
} from 'yaml'
import type { KeyPath } from './problems.ts'
import { type Environment, replaceVariables } from './variables.ts'
import { Written } from './written.ts'

/** A problem that still wants its line and column. */
export interface Mistake {
  readonly code: string
  readonly path: KeyPath
  /** Index in the text. */
  readonly offset: number
  readonly message: string
  readonly hint?: string
}

interface Reading {
  readonly text: string
  readonly environment: Environment
  readonly report: (mistake: Mistake) => void
}

const DEEPEST = 32
/** Aliases count as often as they are used. */
const MOST_NODES = 200_000

/** Null-prototype maps, arrays and Written scalars; undefined for an empty document. */
export function readNodes(document: Document, reading: Reading): unknown {
  return new NodeReader(document, reading).read(document.contents, [])
}

class NodeReader {
  readonly #document: Document
  readonly #reading: Reading
  #nodes = 0

  constructor(document: Document, reading: Reading) {
    this.#document = document
    this.#reading = reading
  }

  read(node: unknown, path: KeyPath): unknown {
    if (isAlias(node)) return this.#alias(node, path)
    this.#nodes += 1
    if (path.length > DEEPEST || this.#nodes > MOST_NODES) return this.#tooMuch(node, path)
    if (isMap(node)) return this.#map(node, path)
    if (isSeq(node)) return node.items.map((item, at) => this.read(item, [...path, at]))
    if (isScalar(node)) return path.length === 0 && node.value === null ? undefined : this.#scalar(node, path)
    return path.length === 0 ? undefined : new Written(null, '')
  }

  #alias(alias: Alias, path: KeyPath): unknown {
    const anchored = alias.resolve(this.#document)
    if (anchored !== undefined) return this.read(anchored, path)
    const hint = 'put text that starts with `*` in quotes'
    this.#report('syntax', path, { offset: startOf(alias), message: `no anchor \`&${alias.source}\` above`, hint })
    return new Written(null, '')
  }

  #tooMuch(node: unknown, path: KeyPath): Written {
    // One report is enough; a hundred thousand of them would be the very flood this stops.
    if (this.#nodes <= MOST_NODES || this.#nodes === MOST_NODES + 1) {
      const message = path.length > DEEPEST ? `more than ${DEEPEST} levels deep` : `more than ${MOST_NODES} values`
      this.#report('too-large', path.slice(0, 4), {
        offset: startOf(node),
        message,
        hint: 'aliases count as often as they are used',
      })
    }
    this.#nodes = Math.max(this.#nodes, MOST_NODES + 1)
    return new Written(null, '')
  }

  #map(map: YAMLMap, path: KeyPath): unknown {
    const content: Record<string, unknown> = Object.create(null)
    for (const pair of map.items) {
      const name = this.#key(pair, path)
      if (name === undefined) continue
      if (Object.hasOwn(content, name)) {
        this.#report('syntax', [...path, name], {
          offset: startOf(pair.key),
          message: 'this key is here twice',
          hint: 'keep one of them',
        })
      }
      content[name] = this.read(pair.value, [...path, name])
    }
    return content
  }

  #key(pair: Pair, path: KeyPath): string | undefined {
    const offset = startOf(pair.key)
    const name = nameOf(pair)
    if (name === undefined) {
      this.#report('syntax', path, { offset, message: 'a key has to be a word', hint: 'write `key: value`' })
    } else if (name === '<<') {
      const hint = 'YAML 1.2 has no merge keys; put what routes have in common under `defaults`'
      this.#report('syntax', [...path, name], { offset, message: '`<<` is not a key', hint })
      return undefined
    } else if (name === '__proto__') {
      this.#report('unknown-key', [...path, name], {
        offset,
        message: '`__proto__` cannot be a key',
        hint: 'choose another name',
      })
      return undefined
    }
    return name
  }

  #scalar(scalar: Scalar, path: KeyPath): Written {
    const { value } = scalar
    if (typeof value === 'number' || typeof value === 'boolean')
      return new Written(value, scalar.source ?? String(value))
    if (typeof value !== 'string') return new Written(null, '')
    if (!value.includes('${')) return new Written(value)
    const { text, replaced, mistakes } = replaceVariables(value, this.#reading.environment)
    for (const { at, refused } of mistakes) {
      const offset = this.#offsetOfVariable(scalar, value, at)
      this.#report(refused.code, path, { offset, message: refused.message, hint: refused.hint })
    }
    return new Written(text, text, replaced)
  }

  /** The same `${` in the source as the one at `at` in the value: escapes and folding may lie between. */
  #offsetOfVariable(scalar: Scalar, value: string, at: number): number {
    const before = value.slice(0, at).split('${').length - 1
    const { text } = this.#reading
    let offset = text.indexOf('${', startOf(scalar))
    for (let seen = 0; seen < before && offset >= 0; seen++) offset = text.indexOf('${', offset + 2)
    return offset < 0 ? startOf(scalar) : offset
  }

  #report(code: string, path: KeyPath, mistake: { offset: number; message: string; hint: string }): void {
    this.#reading.report({ code, path, ...mistake })
  }
}

function nameOf(pair: Pair): string | undefined {
  if (!isScalar(pair.key)) return undefined
  const { value, source } = pair.key
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? (source ?? String(value)) : undefined
}

function startOf(node: unknown): number {
  return (node as Node | null)?.range?.[0] ?? 0
}

/** Index in the text of what is at `path`, or of the nearest thing above it. */
export function offsetOf(
  document: Document,
  path: KeyPath,
  target: { readonly of?: 'key' | 'value'; readonly offset?: number },
): number {
  let node: unknown = document.contents
  let key = 0
  for (const part of path) {
    const below = step(isAlias(node) ? node.resolve(document) : node, part)
    if (below === undefined) return key
    node = below.value
    key = below.key
  }
  if (target.of === 'key' || !hasPlaceOfItsOwn(node)) return key
  return startOf(node) + (isScalar(node) && target.offset !== undefined ? quoteOf(node) + target.offset : 0)
}

function step(node: unknown, part: string | number): { key: number; value: unknown } | undefined {
  if (isMap(node)) {
    const pair = node.items.find(each => nameOf(each) === String(part))
    return pair === undefined ? undefined : { key: startOf(pair.key), value: pair.value }
  }
  if (!isSeq(node) || typeof part !== 'number') return undefined
  const item = node.items[part]
  return item === undefined ? undefined : { key: startOf(item), value: item }
}

/** Empty values and block collections are pointed at by their key: they begin on another line. */
function hasPlaceOfItsOwn(node: unknown): boolean {
  if (isScalar(node)) return node.value !== null || (node.source ?? '') !== ''
  return isAlias(node) || ((isMap(node) || isSeq(node)) && node.flow === true)
}

function quoteOf(scalar: Scalar): number {
  return scalar.type === 'QUOTE_DOUBLE' || scalar.type === 'QUOTE_SINGLE' ? 1 : 0
}
