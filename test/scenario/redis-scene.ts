// Two whole Pillions that share one real Redis, before one scripted origin.

import type { App } from '../../src/app.ts'
import { type RawResponse, rawRequest } from '../clients/raw-client.ts'
import { type Origin, type OriginHandler, startOrigin } from '../origin/origin.ts'
import { until } from '../redis/replicas.ts'
import { RedisServer } from '../redis/server.ts'
import { QUICK_DRAIN, startPillion } from './start-pillion.ts'

export const SECRET = 'a secret of thirty-two characters'

const portOf = (address: string) => Number(address.slice(address.lastIndexOf(':') + 1))

/** What is done to one of the two. */
export class ReplicaClient {
  readonly app: App
  readonly port: number

  constructor(app: App) {
    this.app = app
    this.port = portOf(app.listen)
  }

  get(target: string, fields: readonly string[] = []): Promise<RawResponse> {
    return rawRequest({ port: this.port }, ['GET', target], fields)
  }

  request(line: readonly [string, string], fields: readonly string[] = [], body?: string): Promise<RawResponse> {
    return rawRequest({ port: this.port }, line, fields, body)
  }

  /** A GET on the admin port. */
  ask(path: string): Promise<RawResponse> {
    return rawRequest({ port: portOf(this.app.admin) }, ['GET', path], ['Host', 'localhost'])
  }

  async purge(order: object): Promise<Record<string, unknown>> {
    const fields = ['Host', 'localhost', 'Content-Type', 'application/json']
    const answer = await rawRequest(
      { port: portOf(this.app.admin) },
      ['POST', '/api/purge'],
      fields,
      JSON.stringify(order),
    )
    return JSON.parse(answer.body) as Record<string, unknown>
  }

  /** The value of one sample of /metrics; undefined where there is none. */
  async metric(sample: string): Promise<number | undefined> {
    const line = (await this.ask('/metrics')).body.split('\n').find(each => each.startsWith(`${sample} `))
    return line === undefined ? undefined : Number(line.slice(sample.length + 1))
  }

  async usesRedis(): Promise<boolean> {
    return (JSON.parse((await this.ask('/readyz')).body) as { redis: { up: boolean } | null }).redis?.up === true
  }
}

export interface PairOptions {
  /** YAML below the `store` section. */
  readonly text: string
  /** Keys of `store.redis` besides the URL, in flow form. */
  readonly redis?: string
  readonly server?: RedisServer
  /** Instead of the server's own, e.g. a proxy before it. */
  readonly url?: string
}

export class Pair implements AsyncDisposable {
  readonly one: ReplicaClient
  readonly other: ReplicaClient
  readonly origin: Origin
  readonly redis: RedisServer

  constructor(apps: readonly [App, App], origin: Origin, redis: RedisServer) {
    this.one = new ReplicaClient(apps[0])
    this.other = new ReplicaClient(apps[1])
    this.origin = origin
    this.redis = redis
  }

  get replicas(): readonly ReplicaClient[] {
    return [this.one, this.other]
  }

  async bothUseRedis(): Promise<void> {
    for (const replica of this.replicas) await until('Redis is in use', () => replica.usesRedis())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.origin.close()
    for (const { app } of this.replicas) await app.close()
    await this.redis.close()
  }
}

function configurationOf(url: string, { text, redis = '' }: Pick<PairOptions, 'text' | 'redis'>): string {
  const keys = [`url: "${url}"`, 'timeout: 500ms', ...(redis === '' ? [] : [redis])].join(', ')
  return `${QUICK_DRAIN}store: { redis: { ${keys} } }\n${text}`
}

/** Started, and both in touch with Redis. */
export async function startPair(handler: OriginHandler, options: PairOptions): Promise<Pair> {
  const redis = options.server ?? (await RedisServer.start())
  const origin = await startOrigin(handler)
  const text = configurationOf(options.url ?? redis.url, options)
  const pair = new Pair(
    [await startPillion(origin.url, { text }), await startPillion(origin.url, { text })],
    origin,
    redis,
  )
  await pair.bothUseRedis()
  return pair
}
