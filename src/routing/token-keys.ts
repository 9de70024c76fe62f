// With which key is a token verified?
//
// A shared secret, a key file, or a key set at a URL. The set is fetched in the
// background: when it is old, and when a token names a key that it lacks (rotation), at
// most once in a while whatever tokens say. Only requests that can't be told without it
// wait, and no longer than a second; if it can't be had, the keys at hand go on and no
// request waits until the next attempt is due. Redirects are refused, size is bounded.

import { createPublicKey, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import {
  type CryptoKey,
  createLocalJWKSet,
  errors,
  type FlattenedJWSInput,
  type JSONWebKeySet,
  type JWSHeaderParameters,
} from 'jose'
import type { Clock } from '../base/clock.ts'
import type { Telemetry } from '../base/events.ts'
import type { JwtRules } from '../config/identity-schema.ts'

type Key = CryptoKey | KeyObject | Uint8Array

/** As jose asks for it. */
export type FindKey = (header: JWSHeaderParameters, token: FlattenedJWSInput) => Promise<Key> | Key

export interface KeySurroundings {
  readonly clock: Clock
  readonly telemetry: Telemetry
  /** The keys are others now: what was verified with the old ones has to be verified again. */
  onChange(): void
}

/** Throws where a key file can't be read. */
export function findKeyBy(rules: JwtRules, around: KeySurroundings): FindKey {
  if (rules.secret !== undefined) {
    const secret = new TextEncoder().encode(rules.secret)
    return () => secret
  }
  if (rules.file !== undefined) return keyOfFile(rules.file)
  const remote = new RemoteKeys(rules.jwks ?? '', around)
  return (header, token) => remote.find(header, token)
}

function keyOfFile(name: string): FindKey {
  const text = readFileSync(name, 'utf8')
  if (!text.trimStart().startsWith('{')) {
    const key = createPublicKey(text)
    return () => key
  }
  const written = JSON.parse(text) as JSONWebKeySet
  return createLocalJWKSet(Array.isArray(written.keys) ? written : { keys: [written as never] })
}

const REFRESH_AFTER_MS = 600_000
/** Between two attempts, whatever tokens ask for. */
const PAUSE_MS = 30_000
const PAUSE_WITHOUT_KEYS_MS = 5_000
const FETCH_TIMEOUT_MS = 5_000
const LONGEST_WAIT_MS = 1_000
const LARGEST = 1024 * 1024

class RemoteKeys {
  readonly #url: string
  readonly #around: KeySurroundings
  #text = ''
  #find: FindKey | undefined
  #fetchedAt = Number.NEGATIVE_INFINITY
  #triedAt = Number.NEGATIVE_INFINITY
  #loading: Promise<void> | undefined

  constructor(url: string, around: KeySurroundings) {
    this.#url = url
    this.#around = around
    void this.#load()
  }

  async find(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<Key> {
    if (this.#find === undefined) await this.#atMostASecond()
    else if (this.#around.clock.now() - this.#fetchedAt > REFRESH_AFTER_MS) void this.#load()
    const before = this.#find
    if (before === undefined) throw new errors.JWKSNoMatchingKey()
    try {
      return await before(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
      await this.#atMostASecond()
      if (this.#find === before || this.#find === undefined) throw error
      return this.#find(header, token)
    }
  }

  async #atMostASecond(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const enough = new Promise<void>(resolve => {
      timer = setTimeout(resolve, LONGEST_WAIT_MS)
    })
    await Promise.race([this.#load(), enough])
    clearTimeout(timer)
  }

  /** Never rejects. Resolves at once while the next attempt is not due. */
  #load(): Promise<void> {
    const pause = this.#find === undefined ? PAUSE_WITHOUT_KEYS_MS : PAUSE_MS
    if (this.#loading !== undefined) return this.#loading
    if (this.#around.clock.now() - this.#triedAt < pause) return Promise.resolve()
    this.#triedAt = this.#around.clock.now()
    this.#loading = this.#fetch().finally(() => {
      this.#loading = undefined
    })
    return this.#loading
  }

  async #fetch(): Promise<void> {
    try {
      const text = await fetchText(this.#url)
      const find = createLocalJWKSet(JSON.parse(text) as JSONWebKeySet)
      this.#fetchedAt = this.#around.clock.now()
      if (text === this.#text) return
      this.#text = text
      this.#find = find
      this.#around.onChange()
    } catch (error) {
      const message = `the keys of identity.jwt could not be fetched from ${this.#url}; ${this.#find === undefined ? 'no token can be verified' : 'those at hand go on'}`
      this.#around.telemetry.emit({ kind: 'notice', level: 'warn', message, error })
    }
  }
}

async function fetchText(url: string): Promise<string> {
  const signal = AbortSignal.timeout(FETCH_TIMEOUT_MS)
  const response = await fetch(url, { redirect: 'error', signal, headers: { Accept: 'application/json' } })
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}`)
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk)
    size += chunk.length
    if (size > LARGEST) throw new Error(`${url} answered more than ${LARGEST} octets`)
  }
  return Buffer.concat(chunks).toString()
}
