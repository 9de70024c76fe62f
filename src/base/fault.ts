// What can break, and what does a client see when it does?
//
// One class and one catalogue. Decisions ("stale", "not storable") are values, never
// faults; a fault is breakage. `status` is what a client is told when nothing better
// (stale, fallback) is at hand; a fault without one makes the cache step aside: the
// request is forwarded as if there were no cache. `proxyError` is the RFC 9209 §2.3
// error type. `retry` says whether the same request may be sent once more.
// docs/faults.md lists this catalogue; a test keeps the two in step.

export type FaultSide = 'client' | 'upstream' | 'store' | 'pillion'

export interface FaultKind {
  readonly side: FaultSide
  readonly status?: number
  /** `never`, or `unsent`: only while no byte of an answer was seen and the request can be repeated (contract: retries). */
  readonly retry: 'never' | 'unsent'
  readonly proxyError?: string
  /** One plain sentence for the problem document's title. */
  readonly title: string
}

export const FAULTS = {
  // The presented request
  REQUEST_MALFORMED: { side: 'client', status: 400, retry: 'never', title: 'The request is malformed.' },
  REQUEST_HOST: {
    side: 'client',
    status: 400,
    retry: 'never',
    title: 'The Host field is missing, repeated or invalid.',
  },
  REQUEST_PATH: {
    side: 'client',
    status: 400,
    retry: 'never',
    title: 'The path holds a dot segment, a backslash or a control byte.',
  },
  REQUEST_CONNECTION_OPTION: {
    side: 'client',
    status: 400,
    retry: 'never',
    title: 'Connection names a field that decides who is asking.',
  },
  REQUEST_HEAD_TIMEOUT: { side: 'client', status: 408, retry: 'never', title: 'The request head took too long.' },
  REQUEST_BODY_TIMEOUT: { side: 'client', status: 408, retry: 'never', title: 'The request body took too long.' },
  REQUEST_URI_LENGTH: { side: 'client', status: 414, retry: 'never', title: 'The request target is too long.' },
  REQUEST_HEAD_SIZE: { side: 'client', status: 431, retry: 'never', title: 'The request head is too large.' },
  REQUEST_METHOD: { side: 'client', status: 501, retry: 'never', title: 'The method is not supported.' },
  REQUEST_EXPECTATION: { side: 'client', status: 417, retry: 'never', title: 'The expectation can not be met.' },
  CLIENT_GONE: { side: 'client', retry: 'never', title: 'The client went away.' },
  // The upstream
  UPSTREAM_REFUSED: {
    side: 'upstream',
    status: 502,
    retry: 'unsent',
    proxyError: 'connection_refused',
    title: 'The upstream refused the connection.',
  },
  UPSTREAM_UNREACHABLE: {
    side: 'upstream',
    status: 502,
    retry: 'unsent',
    proxyError: 'destination_ip_unroutable',
    title: 'The upstream could not be reached.',
  },
  UPSTREAM_DNS: {
    side: 'upstream',
    status: 502,
    retry: 'unsent',
    proxyError: 'dns_error',
    title: "The upstream's name could not be resolved.",
  },
  UPSTREAM_TLS: {
    side: 'upstream',
    status: 502,
    retry: 'never',
    proxyError: 'tls_protocol_error',
    title: 'The TLS handshake with the upstream failed.',
  },
  UPSTREAM_CONNECT_TIMEOUT: {
    side: 'upstream',
    status: 504,
    retry: 'never',
    proxyError: 'connection_timeout',
    title: 'Connecting to the upstream took too long.',
  },
  UPSTREAM_RESET: {
    side: 'upstream',
    status: 502,
    retry: 'never',
    proxyError: 'connection_terminated',
    title: 'The upstream closed the connection before it answered.',
  },
  UPSTREAM_REUSED_CLOSED: {
    side: 'upstream',
    status: 502,
    retry: 'unsent',
    proxyError: 'connection_terminated',
    title: 'A reused upstream connection was closed before any byte of an answer.',
  },
  UPSTREAM_HEAD_TIMEOUT: {
    side: 'upstream',
    status: 504,
    retry: 'never',
    proxyError: 'http_response_timeout',
    title: 'The upstream took too long to answer.',
  },
  UPSTREAM_MALFORMED: {
    side: 'upstream',
    status: 502,
    retry: 'never',
    proxyError: 'http_protocol_error',
    title: 'The upstream sent a malformed response.',
  },
  UPSTREAM_HEAD_SIZE: {
    side: 'upstream',
    status: 502,
    retry: 'never',
    proxyError: 'http_response_header_section_size',
    title: "The upstream's response head is too large.",
  },
  UPSTREAM_TRANSFER_ENCODING: {
    side: 'upstream',
    status: 502,
    retry: 'never',
    proxyError: 'http_response_transfer_coding',
    title: 'The upstream used an unknown transfer coding.',
  },
  UPSTREAM_BODY_INCOMPLETE: {
    side: 'upstream',
    status: 502,
    retry: 'never',
    proxyError: 'http_response_incomplete',
    title: "The upstream's response ended early.",
  },
  UPSTREAM_BODY_TIMEOUT: {
    side: 'upstream',
    status: 504,
    retry: 'never',
    proxyError: 'http_response_timeout',
    title: 'The upstream stopped in the middle of its response.',
  },
  UPSTREAM_QUEUE_FULL: {
    side: 'upstream',
    status: 503,
    retry: 'never',
    proxyError: 'connection_limit_reached',
    title: 'Too many requests are waiting for the upstream.',
  },
  UPSTREAM_QUEUE_TIMEOUT: {
    side: 'upstream',
    status: 503,
    retry: 'never',
    proxyError: 'connection_limit_reached',
    title: 'No upstream connection became free in time.',
  },
  UPSTREAM_BREAKER_OPEN: {
    side: 'upstream',
    status: 503,
    retry: 'never',
    proxyError: 'destination_unavailable',
    title: 'The upstream failed repeatedly and is being left alone for a moment.',
  },
  UPSTREAM_ABORTED: {
    side: 'upstream',
    status: 502,
    retry: 'never',
    proxyError: 'connection_terminated',
    title: 'The forward request was abandoned.',
  },
  // The cache
  ONLY_IF_CACHED: {
    side: 'client',
    status: 504,
    retry: 'never',
    title: 'Nothing suitable is stored, and the request forbids asking the upstream.',
  },
  STORE_UNAVAILABLE: { side: 'store', retry: 'never', title: 'The store did not answer.' },
  STORE_CORRUPT: { side: 'store', retry: 'never', title: 'A stored value did not pass its checks.' },
  // Ourselves
  SHUTTING_DOWN: { side: 'pillion', status: 503, retry: 'never', title: 'Pillion is shutting down.' },
  INTERNAL: {
    side: 'pillion',
    status: 500,
    retry: 'never',
    proxyError: 'proxy_internal_error',
    title: 'Pillion failed.',
  },
} as const satisfies Record<string, FaultKind>

export type FaultCode = keyof typeof FAULTS

/** Breakage with a place in the catalogue. The message says what was attempted, on what, with values and units. */
export class Fault extends Error {
  override readonly name = 'Fault'
  readonly code: FaultCode

  constructor(code: FaultCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }

  get kind(): FaultKind {
    return FAULTS[this.code]
  }
}

/** The fault itself, or INTERNAL around whatever else was thrown. */
export function asFault(thrown: unknown, attempted: string): Fault {
  return thrown instanceof Fault ? thrown : new Fault('INTERNAL', `${attempted} failed`, { cause: thrown })
}
