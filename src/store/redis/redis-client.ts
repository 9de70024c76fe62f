// How are commands sent to Redis, in whichever form it runs?
//
// Two connections: one for commands, one that only listens. Nothing is queued while there
// is no connection, nothing is sent twice, and every command has a deadline that is kept
// here, whatever the library does underneath (redirections and retries of a cluster take
// their time). Reconnecting never ends and never waits longer than a second. Foreign
// errors become faults here and nowhere else; what Redis refused by name (READONLY, OOM,
// NOSCRIPT) is told by `refusalOf`, so that nobody else reads messages.

import type { ConnectionOptions } from 'node:tls'
import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { Fault } from '../../base/fault.ts'
import type { Milliseconds } from '../../base/units.ts'
import type { RedisAddress } from '../../config/redis-url.ts'

export type RedisArgument = string | Buffer | number
/** As it came: bulk strings are Buffers, and possibly views of a larger one that is used again. */
export type RedisReply = Buffer | number | null | RedisReply[]

export interface RedisClientOptions {
  readonly address: RedisAddress
  /** Longest wait for a reply. */
  readonly timeout: Milliseconds
  readonly tls: ConnectionOptions | undefined
}

export interface RedisListeners {
  /** The command connection can be used (again). */
  onReady(): void
  /** It can't; `reason` is for people. */
  onLost(reason: string): void
  onMessage(text: Buffer): void
  /** The listening connection stands and hears the channel. */
  onHearing(): void
}

const SLOWEST_RECONNECT_MS = 1000
/** A socket that owes a reply for so long is given up. */
const SOCKET_TIMEOUT_MS = 1000
const CONNECT_TIMEOUT_MS = 1000
/** How often the cluster is asked who holds what. */
const CLUSTER_LOOK_EVERY_MS = 2000

export class RedisClient {
  readonly #options: RedisClientOptions
  readonly #commands: Redis | Cluster
  readonly #listening: Redis | Cluster
  readonly #listeners: RedisListeners
  #closed = false
  #lastError = 'the connection was closed'

  constructor(options: RedisClientOptions, channel: string, listeners: RedisListeners) {
    this.#options = options
    this.#listeners = listeners
    this.#commands = connect(options)
    this.#listening = connect(options)
    this.#watchCommands()
    this.#listen(channel)
  }

  get ready(): boolean {
    return this.#commands.status === 'ready'
  }

  /** Rejects with STORE_UNAVAILABLE within the timeout, whatever happens. */
  call(command: string, ...args: RedisArgument[]): Promise<RedisReply> {
    return this.callWithin(this.#options.timeout, command, ...args)
  }

  /** The same with less time than usual, for the second of several commands that share a deadline. */
  callWithin(timeout: Milliseconds, command: string, ...args: RedisArgument[]): Promise<RedisReply> {
    if (!this.ready) return Promise.reject(unavailable(`${command} was not sent: there is no connection`))
    return withDeadline(command, this.#commands.callBuffer(command, ...args) as Promise<RedisReply>, timeout)
  }

  /** Runs a script by its digest, and by its text where the server has not met it. */
  async run(script: RedisScript, keys: readonly string[], args: readonly RedisArgument[]): Promise<RedisReply> {
    try {
      return await this.call('EVALSHA', script.sha, keys.length, ...keys, ...args)
    } catch (error) {
      if (refusalOf(error) !== 'NOSCRIPT') throw error
      return this.call('EVAL', script.text, keys.length, ...keys, ...args)
    }
  }

  /** Begins anew: whatever the connection still owes is not believed any more. */
  reconnect(): void {
    if (this.ready) this.#commands.disconnect(true)
  }

  close(): void {
    this.#closed = true
    this.#commands.disconnect()
    this.#listening.disconnect()
  }

  #watchCommands(): void {
    this.#commands.on('error', (error: unknown) => this.#note(error))
    this.#commands.on('ready', () => {
      if (this.#commands instanceof Cluster) this.#commands.nodes('master').forEach(this.#connectNode)
      this.#listeners.onReady()
    })
    this.#commands.on('close', () => {
      if (!this.#closed) this.#listeners.onLost(this.#lastError)
    })
    if (this.#commands instanceof Cluster) {
      this.#commands.on('+node', this.#connectNode)
      this.#commands.on('node error', (error: unknown) => this.#note(error))
    }
  }

  /** A cluster's nodes would be connected to by the first command for them, and that one is lost then. */
  readonly #connectNode = (node: Redis): void => {
    if (node.status === 'wait') node.connect().catch((error: unknown) => this.#note(error))
  }

  #listen(channel: string): void {
    // Its failures are the command connection's failures, and the poll of the sequence notices what it misses.
    this.#listening.on('error', (error: unknown) => this.#note(error))
    this.#listening.on('messageBuffer', (_channel: Buffer, text: Buffer) => this.#listeners.onMessage(text))
    this.#listening.on('ready', () => {
      this.#listening.subscribe(channel).then(
        () => this.#listeners.onHearing(),
        (error: unknown) => this.#note(error),
      )
    })
  }

  #note(error: unknown): void {
    this.#lastError = reasonOf(error)
  }
}

export interface RedisScript {
  readonly text: string
  readonly sha: string
}

/** Replies keep the shapes of RESP2. */
type Common = Omit<RedisOptions, 'replyMapping'>

function connect({ address, tls, timeout }: RedisClientOptions): Redis | Cluster {
  const secure = address.tls ? (tls ?? {}) : undefined
  const options: Common = {
    username: address.username,
    password: address.password,
    protocol: 2,
    disableClientInfo: true,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: Math.max(SOCKET_TIMEOUT_MS, 2 * timeout),
    reconnectOnError: error => error.message.startsWith('READONLY'),
    ...(secure === undefined ? {} : { tls: secure }),
  }
  if (address.kind === 'cluster') return connectCluster(address, options)
  const single: Common = {
    ...options,
    enableOfflineQueue: false,
    retryStrategy: reconnectDelay,
    db: address.database,
  }
  if (address.kind === 'single') return new Redis({ ...single, ...address.nodes[0] })
  return new Redis({
    ...single,
    name: address.masterName,
    sentinels: [...address.nodes],
    sentinelUsername: address.sentinelUsername,
    sentinelPassword: address.sentinelPassword,
    sentinelRetryStrategy: reconnectDelay,
    sentinelCommandTimeout: SOCKET_TIMEOUT_MS,
    failoverDetector: true,
    ...(secure === undefined ? {} : { enableTLSForSentinelMode: true, sentinelTLS: secure }),
  })
}

function connectCluster(address: RedisAddress, redisOptions: Common): Cluster {
  return new Cluster([...address.nodes], {
    redisOptions,
    enableOfflineQueue: false,
    clusterRetryStrategy: reconnectDelay,
    clusterNodeRetryStrategy: reconnectDelay,
    maxRedirections: 4,
    // A node that is gone makes its share of the keys misses; nobody waits for its successor.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
    slotsRefreshInterval: CLUSTER_LOOK_EVERY_MS,
  })
}

/** Some tens of milliseconds at first, a second at most, and never two replicas in step. */
function reconnectDelay(attempt: number): number {
  return Math.min(50 * 2 ** Math.min(attempt, 10), SLOWEST_RECONNECT_MS) * (0.5 + Math.random() / 2)
}

/** The word by which Redis refused a command, e.g. READONLY, OOM, NOPERM; undefined where it was no refusal. */
export function refusalOf(error: unknown): string | undefined {
  const { cause } = error as { cause?: unknown }
  if (!(cause instanceof Error) || cause.name !== 'ReplyError') return undefined
  return /^[A-Z]+/.exec(cause.message)?.[0]
}

/** Whether a deadline passed, rather than an error came. */
export function wasTimeout(error: unknown): boolean {
  return (error as { cause?: unknown }).cause === TIMEOUT
}

/** One short phrase for a log line. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const inner = error.cause instanceof Error ? error.cause : error
  return inner.message.split('\n', 1)[0] ?? inner.name
}

const TIMEOUT = Symbol('timeout')

function withDeadline(command: string, sent: Promise<RedisReply>, timeout: Milliseconds): Promise<RedisReply> {
  return new Promise((resolve, reject) => {
    const late = () => reject(timedOut(command, timeout))
    // A turn later, because after a stall of our own the reply may be here, only not read yet.
    const timer = setTimeout(() => setImmediate(late), timeout)
    sent.then(
      reply => {
        clearTimeout(timer)
        resolve(reply)
      },
      (error: unknown) => {
        clearTimeout(timer)
        reject(unavailable(`${command} failed`, error))
      },
    )
  })
}

function timedOut(command: string, timeout: Milliseconds): Fault {
  return new Fault('STORE_UNAVAILABLE', `${command} was not answered within ${timeout} ms`, { cause: TIMEOUT })
}

function unavailable(message: string, cause?: unknown): Fault {
  return new Fault('STORE_UNAVAILABLE', message, cause === undefined ? undefined : { cause })
}
