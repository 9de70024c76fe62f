// What must an upstream be told?
//
// The `upstream` section of the configuration with units, and TLS material as PEM text
// instead of file names. The shape of `url` is the one that `config/` parses URLs into;
// it is repeated here in full because nothing about connecting is left to guess.

import { readFileSync } from 'node:fs'
import type { Clock } from '../base/clock.ts'
import type { Telemetry } from '../base/events.ts'
import type { Milliseconds } from '../base/units.ts'

export interface UpstreamAddress {
  readonly protocol: 'http' | 'https'
  /** IPv6 without brackets; `localhost` behind a unix socket. */
  readonly hostname: string
  readonly port: number
  /** The unix socket to connect to, instead of hostname and port. */
  readonly socketPath: string | undefined
  /** For messages. */
  readonly href: string
}

/** PEM text. Verification can't be turned off; `ca` replaces the system's authorities. */
export interface TlsMaterial {
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
  /** Sent by SNI and expected in the certificate, instead of the hostname. */
  readonly servername?: string | undefined
}

export interface UpstreamSettings {
  readonly url: UpstreamAddress
  /** Ordinary exchanges at the same time; also the most connections they use. */
  readonly connections: number
  /** Exchanges that may wait for one of them. */
  readonly queue: number
  readonly queueTimeout: Milliseconds
  readonly connectTimeout: Milliseconds
  /** From leaving the queue to the response head; while content is being sent, from its last progress. */
  readonly timeout: Milliseconds
  /** Between two pieces of a response's content, pauses that the reader asked for not counted. */
  readonly idleTimeout: Milliseconds
  /** Event streams at the same time, apart from `connections`. */
  readonly streams: number
  /** No exchange begins on a connection older than this. */
  readonly recycle: Milliseconds
  readonly retries: number
  readonly breaker: { readonly failures: number; readonly open: Milliseconds }
  readonly tls?: TlsMaterial
}

export interface UpstreamEnvironment {
  readonly clock: Clock
  readonly telemetry: Telemetry
}

/** The files named under `section`, read; throws an Error that names key and file. */
export function readTlsFiles(files: TlsMaterial, section = 'upstream.tls'): TlsMaterial {
  const read = (key: 'ca' | 'cert' | 'key'): string | undefined => {
    const file = files[key]
    if (file === undefined) return undefined
    try {
      return readFileSync(file, 'utf8')
    } catch (error) {
      throw new Error(`${section}.${key}: ${file} could not be read`, { cause: error })
    }
  }
  return { ca: read('ca'), cert: read('cert'), key: read('key'), servername: files.servername }
}
