// Two `pillion serve` processes on one Redis, under steady load while things break.
//
// Every answer is held against what the origin must have said; how long each took is
// kept with the instant, and the origin counts how many asked it at once. Hot paths are
// asked for again and again, cold ones once, so that both tiers and the origin matter.

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { Agent, createServer, get, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { until } from '../redis/replicas.ts'

export const TIMEOUT_MS = 200
export const CONNECTIONS = 8
const ORIGIN_MS = 5
const MAIN = new URL('../../src/cli/main.ts', import.meta.url).pathname

interface Taken {
  readonly cold: boolean
  readonly ms: number
}

interface LogLine {
  readonly msg?: string
  readonly listen?: string
  readonly admin?: string
}

class ServedReplica {
  readonly lines: LogLine[] = []
  readonly #child: ChildProcess
  readonly #agent = new Agent({ keepAlive: true })
  port = 0
  adminPort = 0

  constructor(file: string) {
    const { npm_lifecycle_event: _npm, ...env } = process.env
    this.#child = spawn(process.execPath, [MAIN, 'serve', '--config', file], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    createInterface({ input: this.#child.stdout as NonNullable<ChildProcess['stdout']> }).on('line', line => {
      this.lines.push(JSON.parse(line) as LogLine)
    })
  }

  async listens(): Promise<void> {
    await until('it listens', () => this.lines.some(({ msg }) => msg === 'listening'))
    const { listen, admin } = this.lines.find(({ msg }) => msg === 'listening') as Required<LogLine>
    this.port = Number(listen.split(':').at(-1))
    this.adminPort = Number(admin.split(':').at(-1))
  }

  ask(port: number, path: string): Promise<{ body: string; status: string; code: number }> {
    return new Promise((resolve, reject) => {
      const request = get({ port, host: '127.0.0.1', path, agent: this.#agent, headers: { Host: 'localhost' } })
      request.on('error', reject).on('response', response => {
        let body = ''
        response.on('error', reject).on('data', part => (body += String(part)))
        response.on('end', () => {
          resolve({ body, code: response.statusCode ?? 0, status: String(response.headers['cache-status']) })
        })
      })
    })
  }

  async redisUp(): Promise<boolean> {
    const { body } = await this.ask(this.adminPort, '/metrics')
    const ready = JSON.parse((await this.ask(this.adminPort, '/readyz')).body) as { redis: { up: boolean } }
    return /^pillion_redis_up 1$/m.test(body) && ready.redis.up
  }

  /** What the log says of Redis' state. */
  states(): string[] {
    return this.lines.flatMap(({ msg = '' }) => (msg.startsWith('Redis') ? [msg] : []))
  }

  async end(): Promise<void> {
    this.#agent.destroy()
    if (this.#child.exitCode !== null) return
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }
}

class CountedOrigin {
  most = 0
  #here = 0
  readonly server: Server = createServer((request, response) => {
    this.#here += 1
    this.most = Math.max(this.most, this.#here)
    setTimeout(() => {
      this.#here -= 1
      response.end(`answer to ${request.url}`)
    }, ORIGIN_MS)
  })
}

/** The load and its judge. */
export class ServedReplicas {
  readonly replicas: readonly ServedReplica[]
  readonly #origin: CountedOrigin
  readonly #folder: string
  taken: Taken[] = []
  #cold = 0
  readonly #stopped = new AbortController()
  readonly #loops: Promise<void>[] = []

  private constructor(replicas: readonly ServedReplica[], origin: CountedOrigin, folder: string) {
    this.replicas = replicas
    this.#origin = origin
    this.#folder = folder
  }

  static async start(redisUrl: string): Promise<ServedReplicas> {
    const folder = await mkdtemp(join(tmpdir(), 'pillion-served-'))
    const origin = new CountedOrigin()
    origin.server.listen(0, '127.0.0.1')
    await once(origin.server, 'listening')
    const file = join(folder, 'pillion.yaml')
    const { port } = origin.server.address() as AddressInfo
    await writeFile(
      file,
      `upstream: { url: "http://127.0.0.1:${port}", connections: ${CONNECTIONS} }
store: { redis: { url: "${redisUrl}", timeout: ${TIMEOUT_MS}ms, secret: thirty-two-characters-of-secret! } }
routes: { all: { match: /**, ttl: 1h, share: everyone, tags: [all] } }
listen: 127.0.0.1:0
admin: { listen: 127.0.0.1:0 }
`,
    )
    const replicas = [new ServedReplica(file), new ServedReplica(file)]
    for (const replica of replicas) await replica.listens()
    const served = new ServedReplicas(replicas, origin, folder)
    for (const replica of replicas) for (let n = 0; n < 3; n++) served.#loops.push(served.#load(replica))
    return served
  }

  /** Requests at the origin at once, at most, since the start. */
  get mostAtOrigin(): number {
    return this.#origin.most
  }

  /** The next `count` answers for cold paths from now on, in milliseconds, slowest last. */
  async nextCold(count: number): Promise<number[]> {
    const from = this.taken.length
    const cold = () => this.taken.slice(from).filter(each => each.cold)
    await until(`${count} cold answers came`, () => cold().length >= count)
    return cold()
      .map(({ ms }) => ms)
      .toSorted((a, b) => a - b)
  }

  async all(up: boolean): Promise<void> {
    for (const replica of this.replicas) {
      await until(`Redis is ${up ? 'up' : 'down'}`, async () => (await replica.redisUp()) === up)
    }
  }

  /** What one stores the other has. */
  async hitsReturn(): Promise<void> {
    const [one, other] = this.replicas as [ServedReplica, ServedReplica]
    await until('a response of one is a hit at the other', async () => {
      const path = `/shared/${this.#cold++}`
      await one.ask(one.port, path)
      await new Promise(resolve => setTimeout(resolve, 20))
      return (await other.ask(other.port, path)).status.includes('pillion; hit')
    })
  }

  async #load(replica: ServedReplica): Promise<void> {
    for (let n = 0; !this.#stopped.signal.aborted; n++) {
      const cold = n % 2 === 0
      const path = cold ? `/cold/${this.#cold++}` : `/hot/${n % 5}`
      const started = performance.now()
      const { body, code } = await replica.ask(replica.port, path)
      this.taken.push({ cold, ms: performance.now() - started })
      assert.deepEqual([code, body], [200, `answer to ${path}`])
      await new Promise(resolve => setTimeout(resolve, 10))
    }
  }

  /** Rejects with the first answer that was wrong or missing. */
  async close(): Promise<void> {
    this.#stopped.abort()
    const outcomes = await Promise.allSettled(this.#loops)
    for (const replica of this.replicas) await replica.end()
    this.#origin.server.closeAllConnections()
    this.#origin.server.close()
    await rm(this.#folder, { recursive: true })
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }
}
