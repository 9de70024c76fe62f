// Are these bytes exactly one request head in plain form?
//
// A strict recogniser for the hit path: one chunk, a request line with a path, fields of
// ASCII without folding, each ended by CRLF, the blank line, one Host. What needs more
// thought is not plain and goes to node's parser: another version, a control byte, a
// second request behind the first, Transfer-Encoding, Expect, Upgrade, a Connection other
// than keep-alive. It accepts less than node does, never more (a fuzz test says so), and
// never repairs. Only names that could mean something are looked at as text; all other
// fields stay bytes until somebody asks for them. A head with Content-Length is plain as
// far as its framing goes: `content` says how many bytes follow it.

import type { QuickRequest } from '../cache/ruling.ts'
import type { Fields } from '../http/fields.ts'
import { FieldNames } from '../routing/field-names.ts'

/** What a name means to the recogniser. */
type Meaning = 'host' | 'connection' | 'length' | 'tag' | 'since' | 'encoding' | 'forwarding' | 'request' | 'stop'

/** `request`: plain, but only the ordinary way knows what to do. `stop`: not plain. */
const MEANINGS: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  ['host', 'host'],
  ['connection', 'connection'],
  ['content-length', 'length'],
  ['if-none-match', 'tag'],
  ['if-modified-since', 'since'],
  ['accept-encoding', 'encoding'],
  ['forwarded', 'forwarding'],
  ['x-forwarded-for', 'forwarding'],
  ['x-forwarded-proto', 'forwarding'],
  ['x-forwarded-host', 'forwarding'],
  ...[
    'cache-control',
    'pragma',
    'range',
    'if-range',
    'if-match',
    'if-unmodified-since',
    'keep-alive',
    'max-forwards',
    'x-http-method-override',
    'x-http-method',
    'x-method-override',
    'x-original-url',
    'x-rewrite-url',
  ].map((name): [string, Meaning] => [name, 'request']),
  ...[
    'transfer-encoding',
    'expect',
    'upgrade',
    'te',
    'trailer',
    'http2-settings',
    'proxy-connection',
    'proxy-authorization',
  ].map((name): [string, Meaning] => [name, 'stop']),
])

/** Longest name that means anything; longer ones are held against the telling names alone. */
const LONGEST = 32
/** By first character (folded to 32) and length: 1 where a name of MEANINGS could be meant. */
const PLAUSIBLE = new Uint8Array(32 * LONGEST)
for (const name of MEANINGS.keys()) PLAUSIBLE[(name.charCodeAt(0) & 31) * LONGEST + name.length] = 1

const TOKEN = new Uint8Array(256)
for (const character of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
  TOKEN[character.charCodeAt(0)] = 1
}
/** A name with an underscore may be another name to an origin: received-fields.ts knows. */
TOKEN[0x5f] = 2
/** Names besides that are not passed on as they came (received-fields.ts). */
const ODD = new FieldNames(['pillion-*', 'proxy', 'surrogate-capability'])
/** Visible ASCII and space; a tab goes to node. */
const TEXT = new Uint8Array(256).fill(1, 0x20, 0x7f)
/** What may stand in a path that needs no second look, and in a query. */
const TARGET = new Uint8Array(256).fill(1, 0x21, 0x7f)
for (const character of '#\\"<>^`{|}') TARGET[character.charCodeAt(0)] = 0

const CR = 13
const LF = 10
const SPACE = 32
const SLASH = 47
const COLON = 58
const QUESTION = 63
const PERCENT = 37
const DOT = 46
const MOST_FIELDS = 200

export class PlainHead implements QuickRequest {
  readonly method: string
  readonly path: string
  readonly query: string | undefined
  /** The one Host as it came; whoever asks for an answer sets `scheme` and `host` by it. */
  readonly statedHost: string
  scheme: 'http' | 'https' = 'http'
  host = ''
  readonly hasBody = false
  /** Bytes of content announced. */
  readonly content: number
  /** A request whose fields decide more than who is asking and which form is wanted. */
  readonly quick: boolean
  /** It says which way it came. */
  readonly forwarded: boolean
  readonly tellingFields: Fields
  readonly conditional: boolean
  readonly soleTag: string | undefined
  readonly acceptEncoding: string | undefined
  readonly #chunk: Buffer
  readonly #linesAt: number
  readonly #length: number
  #fields: Fields | undefined

  constructor(chunk: Buffer, line: RequestLine, found: Found) {
    this.acceptEncoding = found.encoding
    this.#chunk = chunk
    this.#linesAt = line.end
    this.#length = found.end
    this.method = line.method
    this.path = line.path
    this.query = line.query
    this.statedHost = found.host
    this.content = found.content < 0 ? 0 : found.content
    this.quick = found.quick && found.content < 0 && (line.method === 'GET' || line.method === 'HEAD')
    this.forwarded = found.forwarded
    this.tellingFields = found.telling
    this.conditional = found.conditions > 0
    this.soleTag = found.conditions === 1 ? found.tag : undefined
  }

  /** Bytes of the head, blank line included. */
  get headLength(): number {
    return this.#length
  }

  /** All fields, as node's parser lists them. */
  get fields(): Fields {
    this.#fields ??= splitLines(latin1(this.#chunk, this.#linesAt, this.#length - 4))
    return this.#fields
  }
}

function latin1(chunk: Buffer, start: number, end: number): string {
  return chunk.toString('latin1', start, end)
}

function splitLines(text: string): Fields {
  const fields: string[] = []
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':')
    fields.push(line.slice(0, colon), trimSpaces(line.slice(colon + 1)))
  }
  return fields
}

function trimSpaces(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && text.charCodeAt(start) === SPACE) start += 1
  while (end > start && text.charCodeAt(end - 1) === SPACE) end -= 1
  return text.slice(start, end)
}

interface RequestLine {
  readonly method: string
  readonly path: string
  readonly query: string | undefined
  /** The path could be refused: it has an escape, or a segment that begins with a dot. */
  readonly doubtful: boolean
  readonly end: number
}

interface Found {
  host: string
  content: number
  quick: boolean
  forwarded: boolean
  conditions: number
  tag: string | undefined
  encoding: string | undefined
  telling: string[]
  end: number
}

const NO_FIELDS: string[] = []

/** The head at the start of the chunk; undefined: not plain. Content may follow it, and nothing but that. */
export function readPlainHead(chunk: Buffer, telling: FieldNames): PlainHead | undefined {
  const line = readLine(chunk)
  if (line === undefined) return undefined
  const found: Found = {
    host: '',
    content: -1,
    quick: !line.doubtful,
    forwarded: false,
    conditions: 0,
    tag: undefined,
    encoding: undefined,
    telling: NO_FIELDS,
    end: 0,
  }
  if (!readFields(chunk, line.end, telling, found) || found.host === '') return undefined
  if (found.content < 0 && found.end !== chunk.length) return undefined
  return new PlainHead(chunk, line, found)
}

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])

function readLine(chunk: Buffer): RequestLine | undefined {
  let at = 0
  while (at < 7 && (TOKEN[chunk[at] as number] as number) > 0) at += 1
  const isGet = at === 3 && chunk[0] === 71 && chunk[1] === 69 && chunk[2] === 84
  const method = isGet ? 'GET' : latin1(chunk, 0, at)
  if (chunk[at] !== SPACE || chunk[at + 1] !== SLASH || !(isGet || METHODS.has(method))) return undefined
  const start = at + 1
  let mark = 0
  let doubtful = false
  let byte = 0
  for (at = start; TARGET[(byte = chunk[at] as number)] === 1; at += 1) {
    if (mark !== 0) continue
    if (byte === QUESTION) mark = at
    else if (byte === PERCENT || (byte === DOT && chunk[at - 1] === SLASH)) doubtful = true
  }
  if (!endsWithVersion(chunk, at)) return undefined
  const path = latin1(chunk, start, mark === 0 ? at : mark)
  const query = mark === 0 ? undefined : latin1(chunk, mark + 1, at)
  return { method, path, query, doubtful, end: at + 11 }
}

const VERSION = Buffer.from(' HTTP/1.1\r\n')

function endsWithVersion(chunk: Buffer, at: number): boolean {
  for (let index = 0; index < 11; index += 1) if (chunk[at + index] !== VERSION[index]) return false
  return true
}

/** Goes through the field lines; false: not plain. */
function readFields(chunk: Buffer, start: number, telling: FieldNames, found: Found): boolean {
  let at = start
  for (let count = 0; count < MOST_FIELDS; count += 1) {
    const name = at
    let kinds = 0
    for (let kind = 0; (kind = TOKEN[chunk[at] as number] as number) > 0; at += 1) kinds |= kind
    if (kinds > 1) found.quick = false
    const colon = at
    if (colon === name || chunk[colon] !== COLON) return false
    at += 1
    while (TEXT[chunk[at] as number] === 1) at += 1
    if (chunk[at] !== CR || chunk[at + 1] !== LF) return false
    const first = (chunk[name] as number) & 31
    const length = colon - name
    const meant = (length < LONGEST && PLAUSIBLE[first * LONGEST + length] === 1) || ODD.mayHave(first, length)
    if ((meant || telling.mayHave(first, length)) && !consider(chunk, { name, colon, end: at }, telling, found))
      return false
    at += 2
    if (chunk[at] !== CR) continue
    found.end = at + 2
    return chunk[at + 1] === LF
  }
  return false
}

interface Line {
  readonly name: number
  readonly colon: number
  readonly end: number
}

/** Looks at a field that may mean something; false: not plain. */
function consider(chunk: Buffer, { name, colon, end }: Line, telling: FieldNames, found: Found): boolean {
  const text = latin1(chunk, name, colon)
  const lower = text.toLowerCase()
  const meaning = MEANINGS.get(lower) ?? (ODD.has(lower) ? 'request' : undefined)
  const tells = telling.has(lower)
  if (meaning === undefined && !tells) return true
  const value = trimSpaces(latin1(chunk, colon + 1, end))
  if (tells) found.telling = [...found.telling, text, value]
  return meaning === undefined || note(meaning, value, found)
}

function note(meaning: Meaning, value: string, found: Found): boolean {
  switch (meaning) {
    case 'host':
      if (found.host !== '' || value === '') return false
      found.host = value
      return true
    case 'connection':
      return value.toLowerCase() === 'keep-alive'
    case 'length':
      if (found.content >= 0 || !/^\d{1,15}$/.test(value)) return false
      found.content = Number(value)
      return true
    case 'tag':
      found.conditions += 1
      found.tag = value
      return true
    case 'since':
      found.conditions += 1
      return true
    case 'encoding':
      if (found.encoding !== undefined) found.quick = false
      found.encoding = value
      return true
    case 'forwarding':
      found.forwarded = true
      return true
    case 'request':
      found.quick = false
      return true
    case 'stop':
      return false
  }
}
