// A private redis-server for one test file: a free port on loopback, nothing on disk.
//
// It can be killed, frozen, thawed and started again on the same port, and spoken to
// behind Pillion's back. Sentinel and cluster are put together from several. Whatever was
// started is ended by `close`, by its own process id.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RedisOptions as AllOptions, Redis } from 'ioredis'
import { obtainRedis } from './obtain.ts'

const UP_WITHIN_MS = 10_000

export class RedisServer {
  readonly port: number
  readonly #arguments: readonly string[]
  readonly #binary: string
  readonly #folder: string
  readonly #clientOptions: RedisOptions
  #process: ChildProcess | undefined
  #client: Redis | undefined

  private constructor(port: number, place: Place, clientOptions: RedisOptions) {
    this.port = port
    this.#binary = place.binary
    this.#folder = place.folder
    this.#arguments = place.arguments
    this.#clientOptions = clientOptions
  }

  /** A started server that answers. */
  static async start(given: RedisServerOptions = {}): Promise<RedisServer> {
    const binary = await obtainRedis()
    const folder = await mkdtemp(join(tmpdir(), 'pillion-redis-'))
    const port = given.port ?? (await freePort())
    const own = given.configuration === undefined ? plainArguments(port, folder) : await given.configuration(folder)
    const place = { binary, folder, arguments: [...own, ...(given.arguments ?? [])] }
    const server = new RedisServer(port, place, given.client ?? {})
    await server.restart().catch(async (error: unknown) => {
      await server.close()
      throw error
    })
    return server
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** A client of the tests' own, behind Pillion's back. */
  get client(): Redis {
    this.#client ??= new Redis({
      port: this.port,
      host: '127.0.0.1',
      maxRetriesPerRequest: null,
      protocol: 2,
      disableClientInfo: true,
      retryStrategy: () => 20,
      ...this.#clientOptions,
    }).on('error', () => undefined)
    return this.#client
  }

  /** Starts it (again), empty, and waits until it answers. */
  async restart(): Promise<void> {
    this.#process = spawn(this.#binary, this.#arguments, { stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    this.#process.stdout?.on('data', (text: Buffer) => void (said += text.toString()))
    this.#process.stderr?.on('data', (text: Buffer) => void (said += text.toString()))
    const ended = once(this.#process, 'exit').then(() => Promise.reject(new Error(`redis-server ended:\n${said}`)))
    ended.catch(() => undefined)
    await Promise.race([this.#answers(), ended])
  }

  async #answers(): Promise<void> {
    const signal = AbortSignal.timeout(UP_WITHIN_MS)
    const refused = once(signal, 'abort').then(() => Promise.reject(new Error('redis-server did not answer in time')))
    await Promise.race([this.client.ping(), refused])
  }

  /** Ends it at once, as a crash would. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** It keeps its connections and answers nothing. */
  freeze(): void {
    this.#process?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#process?.kill('SIGCONT')
  }

  async close(): Promise<void> {
    this.#client?.disconnect()
    await this.#end('SIGKILL')
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const running = this.#process
    this.#process = undefined
    if (running === undefined || running.exitCode !== null) return
    const gone = once(running, 'exit')
    running.kill(signal)
    await gone
  }
}

type RedisOptions = Omit<AllOptions, 'replyMapping'>

export interface RedisServerOptions {
  readonly port?: number
  /** Everything to start it with, instead of the usual: gets the server's folder. */
  readonly configuration?: (folder: string) => Promise<readonly string[]>
  /** More of redis-server's own options. */
  readonly arguments?: readonly string[]
  /** What the tests' own client needs (password, TLS). */
  readonly client?: RedisOptions
}

interface Place {
  readonly binary: string
  readonly folder: string
  readonly arguments: readonly string[]
}

function plainArguments(port: number, folder: string): string[] {
  const nothingOnDisk = ['--dir', folder, '--save', '', '--appendonly', 'no', '--repl-diskless-sync-delay', '0']
  return ['--bind', '127.0.0.1', '--port', `${port}`, '--daemonize', 'no', ...nothingOnDisk]
}

/** Below the ephemeral range, and with the cluster's bus (port + 10000) free as well. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 12_000)
    if ((await isFree(port)) && (await isFree(port + 10_000))) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}
