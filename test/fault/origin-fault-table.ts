// What may an origin do wrong, and what does a client get then?
//
// One row a failure, one outcome for each situation a client can be in. The test plays
// every row over real sockets; docs/origin-faults.md shows the same rows, and the test
// compares the two.

import type { OriginExchange } from '../origin/exchange.ts'

/** What a client sees: `502 error` with problem JSON, a status passed on, a stored or stand-in response, or half of one. */
export type Outcome = string

export interface FaultRow {
  readonly what: string
  /** What the origin does; `closed`: it doesn't listen. */
  readonly act: ((exchange: OriginExchange) => void | Promise<void>) | 'closed'
  /** Nothing is stored. Everybody who waits for the same gets the same. */
  readonly cold: Outcome
  /** A stale response is stored, within staleIfError. */
  readonly stale: Outcome
  /** Nothing is stored, and the route has a fallback. */
  readonly fallback: Outcome
}

const LARGE = 200_000
const head = (fields: string): string => `HTTP/1.1 200 OK\r\n${fields}\r\n`

function writing(bytes: string, then: 'end' | 'reset' | 'hang'): FaultRow['act'] {
  return async exchange => {
    await exchange.send(bytes)
    if (then === 'end') exchange.end()
    else if (then === 'reset') setImmediate(() => exchange.reset())
    else await exchange.closed
  }
}

/** A failure that a stale response, else the fallback, covers whole. */
const covered = (cold: Outcome) => ({ cold, stale: 'stale', fallback: 'fallback' })
/** The head was sent on before it failed. */
const CUT = { cold: 'cut off', stale: 'cut off', fallback: 'cut off' }
const status = (code: number): FaultRow => ({
  what: `answers ${code}`,
  act: exchange => exchange.respond({ status: code, fields: ['Cache-Control', 'no-store'], body: 'broken' }),
  cold: String(code),
  stale: 'stale',
  fallback: 'fallback',
})

export const FAULT_ROWS: readonly FaultRow[] = [
  { what: 'refuses connections', act: 'closed', ...covered('502 connection_refused') },
  { what: 'closes before the head', act: writing('', 'end'), ...covered('502 connection_terminated') },
  { what: 'resets before the head', act: writing('', 'reset'), ...covered('502 connection_terminated') },
  { what: 'is silent before the head', act: writing('', 'hang'), ...covered('504 http_response_timeout') },
  {
    what: 'closes in the head',
    act: writing('HTTP/1.1 200 OK\r\nX-A', 'end'),
    ...covered('502 connection_terminated'),
  },
  {
    what: 'is silent in the head',
    act: writing('HTTP/1.1 200 OK\r\nX-A', 'hang'),
    ...covered('504 http_response_timeout'),
  },
  { what: 'sends garbage', act: writing('nonsense\r\n\r\n', 'end'), ...covered('502 http_protocol_error') },
  {
    what: 'sends a head that is too large',
    act: writing(head(`X-Large: ${'a'.repeat(100_000)}\r\n`), 'end'),
    ...covered('502 http_response_header_section_size'),
  },
  {
    what: 'uses an unknown transfer coding',
    act: writing(head('Transfer-Encoding: gzip\r\n'), 'end'),
    ...covered('502 http_response_transfer_coding'),
  },
  {
    what: 'sends two different lengths',
    act: writing(`${head('Content-Length: 1\r\nContent-Length: 2\r\n')}ab`, 'end'),
    ...covered('502 http_protocol_error'),
  },
  {
    what: 'closes before its announced length, up to 64 KiB',
    act: writing(`${head('Content-Length: 100\r\nCache-Control: max-age=60\r\n')}half`, 'end'),
    ...covered('502 http_response_incomplete'),
  },
  {
    what: 'is silent in content of up to 64 KiB',
    act: writing(`${head('Content-Length: 100\r\nCache-Control: max-age=60\r\n')}half`, 'hang'),
    ...covered('504 http_response_timeout'),
  },
  {
    what: 'closes before its announced length, over 64 KiB',
    act: writing(`${head(`Content-Length: ${LARGE}\r\n`)}half`, 'end'),
    ...CUT,
  },
  {
    what: 'resets in content over 64 KiB',
    act: writing(`${head(`Content-Length: ${LARGE}\r\n`)}half`, 'reset'),
    ...CUT,
  },
  {
    what: 'is silent in content over 64 KiB',
    act: writing(`${head(`Content-Length: ${LARGE}\r\n`)}half`, 'hang'),
    ...CUT,
  },
  {
    what: 'ends chunks without the last',
    act: writing(`${head('Transfer-Encoding: chunked\r\n')}4\r\nhalf\r\n`, 'end'),
    ...CUT,
  },
  {
    what: 'sends a chunk that is none',
    act: writing(`${head('Transfer-Encoding: chunked\r\n')}4\r\nhalf\r\nzz\r\n`, 'hang'),
    ...CUT,
  },
  {
    what: 'sends more than its announced length',
    act: writing(`${head('Content-Length: 5\r\n')}wholemore than that`, 'end'),
    cold: 'whole',
    stale: 'whole',
    fallback: 'whole',
  },
  {
    what: 'drips, but never stops',
    act: async exchange => {
      exchange.write(head('Content-Length: 5\r\n'))
      await exchange.drip('whole')
    },
    cold: 'whole',
    stale: 'whole',
    fallback: 'whole',
  },
  ...[500, 502, 503, 504].map(status),
  {
    what: 'answers 501, or any other status',
    act: exchange => exchange.respond({ status: 501, body: 'broken' }),
    cold: '501',
    stale: '501',
    fallback: '501',
  },
]

/** The rows as docs/origin-faults.md shows them. */
export function faultTable(): string {
  const cell = (outcome: Outcome): string => outcome.replace(/^(50[24]) (\w+)$/, '$1 `$2`')
  const lines = FAULT_ROWS.map(row => [row.what, cell(row.cold), cell(row.stale), cell(row.fallback)])
  const all = [['the origin …', 'nothing stored', 'stale stored', 'nothing stored, `fallback`'], ...lines]
  const widths = [0, 1, 2, 3].map(at => Math.max(...all.map(each => (each[at] as string).length)))
  const shown = all.map(each => `| ${each.map((text, at) => text.padEnd(widths[at] as number)).join(' | ')} |`)
  const rule = `| ${widths.map(width => '-'.repeat(width)).join(' | ')} |`
  return [shown[0], rule, ...shown.slice(1)].join('\n')
}
