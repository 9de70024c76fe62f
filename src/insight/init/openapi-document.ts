// Which operations does an OpenAPI document describe, and what protects each?
//
// Versions 2 and 3, JSON or YAML, read tolerantly: what is missing or odd is left out and
// said, never fatal. Local `$ref`s are followed, a ring of them ends; foreign ones are
// not fetched. Paths are prefixed with the path of the first server (or `basePath`).

import { parse } from 'yaml'

export interface Operation {
  /** Upper case. */
  readonly method: string
  /** With the server's path in front, parameters as `{name}`. */
  readonly path: string
  readonly id: string | undefined
  readonly tags: readonly string[]
  /** Whether a credential is asked for. */
  readonly secured: boolean
  /** Names of query parameters. */
  readonly query: readonly string[]
}

export interface ApiDocument {
  readonly title: string
  readonly operations: readonly Operation[]
  /** Header fields and cookies that carry credentials, from the security schemes. */
  readonly credentials: readonly { readonly kind: 'header' | 'cookie'; readonly name: string }[]
}

type Node = Readonly<Record<string, unknown>>

const METHODS = ['get', 'head', 'options', 'post', 'put', 'patch', 'delete']

/** One sentence instead of a document says what is wrong with the text. */
export function parseApiDocument(text: string): ApiDocument | string {
  let root: unknown
  try {
    root = parse(text, { maxAliasCount: 1000 })
  } catch (error) {
    return `is neither JSON nor YAML: ${(error as Error).message.split('\n')[0]}`
  }
  if (!isNode(root)) return 'is no OpenAPI document: it holds no object'
  const paths = nodeAt(root, root['paths'])
  if (paths === undefined) return 'is no OpenAPI document: it has no `paths`'
  const base = basePath(root)
  const operations = Object.entries(paths).flatMap(([path, item]) => operationsOf(root as Node, base + path, item))
  return {
    title: textOf(nodeAt(root, root['info'])?.['title']) ?? 'the API',
    operations,
    credentials: credentialsOf(root),
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const MOST_REFERENCES = 32

/** The object itself, or what its chain of local references leads to. */
function nodeAt(root: Node, value: unknown): Node | undefined {
  let node = value
  for (let step = 0; step < MOST_REFERENCES; step += 1) {
    if (!isNode(node)) return undefined
    const reference = node['$ref']
    if (typeof reference !== 'string') return node
    node = reference.startsWith('#/') ? resolve(root, reference.slice(2)) : undefined
  }
  return undefined
}

function resolve(root: Node, pointer: string): unknown {
  let node: unknown = root
  for (const part of pointer.split('/')) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~')
    if (!isNode(node) || !Object.hasOwn(node, name)) return undefined
    node = node[name]
  }
  return node
}

function basePath(root: Node): string {
  const [server] = listOf(root['servers'])
  const url = textOf(nodeAt(root, server)?.['url']) ?? textOf(root['basePath']) ?? ''
  // Variables in a server's URL stand for hosts; one in the path can't be known here.
  const path = /^(?:[a-z]+:\/\/[^/]*)?(\/[^?#]*)?/i.exec(url)?.[1] ?? ''
  return path.includes('{') ? '' : path.replace(/\/+$/, '')
}

function operationsOf(root: Node, path: string, value: unknown): Operation[] {
  const item = nodeAt(root, value)
  if (item === undefined) return []
  return METHODS.flatMap(method => {
    const operation = nodeAt(root, item[method])
    if (operation === undefined) return []
    const parameters = [...listOf(item['parameters']), ...listOf(operation['parameters'])]
    const described = parameters.map(parameter => nodeAt(root, parameter))
    const query = described.flatMap(each => (each?.['in'] === 'query' ? (textOf(each['name']) ?? []) : []))
    return [
      {
        method: method.toUpperCase(),
        path,
        id: textOf(operation['operationId']),
        tags: listOf(operation['tags']).flatMap(tag => textOf(tag) ?? []),
        secured: isSecured(operation['security'] ?? item['security'] ?? root['security']) || takesCredential(described),
        query: [...new Set(query)],
      },
    ]
  })
}

/** An empty requirement among them makes credentials optional, which still makes the answer personal. */
function isSecured(security: unknown): boolean {
  return listOf(security).some(requirement => isNode(requirement) && Object.keys(requirement).length > 0)
}

const CREDENTIAL = /^(authorization|cookie|x-api-key|x-auth-token|x-access-token)$/i

/** FastAPI describes a credential read by hand as an ordinary header or cookie parameter. */
function takesCredential(parameters: readonly (Node | undefined)[]): boolean {
  return parameters.some(
    each => each?.['in'] === 'cookie' || (each?.['in'] === 'header' && CREDENTIAL.test(textOf(each['name']) ?? '')),
  )
}

function credentialsOf(root: Node): ApiDocument['credentials'] {
  const schemes = nodeAt(root, nodeAt(root, root['components'])?.['securitySchemes'] ?? root['securityDefinitions'])
  const found = Object.values(schemes ?? {}).flatMap(value => {
    const scheme = nodeAt(root, value)
    const name = textOf(scheme?.['name'])
    if (scheme?.['type'] !== 'apiKey')
      return scheme === undefined ? [] : [{ kind: 'header' as const, name: 'Authorization' }]
    if (name === undefined || !/^[A-Za-z0-9_.-]+$/.test(name)) return []
    const place = scheme['in']
    return place === 'header' || place === 'cookie' ? [{ kind: place, name } as const] : []
  })
  return found.filter((one, at) => found.findIndex(each => each.kind === one.kind && each.name === one.name) === at)
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)
