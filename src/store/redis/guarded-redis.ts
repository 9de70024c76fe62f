// What does it take to ask Redis without being hurt?
//
// Every command of the stores goes through here: not sent while Redis is down, measured,
// counted, its failure swallowed and told as an event (invariant 2: a request never fails
// or waits for it). What comes out is the reply or `undefined`; undefined is a miss.

import type { Clock } from '../../base/clock.ts'
import type { StoreEvent, Telemetry } from '../../base/events.ts'
import { milliseconds } from '../../base/units.ts'
import type { Availability } from './availability.ts'
import { type RedisClient, reasonOf, refusalOf, wasTimeout } from './redis-client.ts'

export interface GuardedRedisOptions {
  readonly clock: Clock
  readonly telemetry: Telemetry
  readonly availability: Availability
}

type Operation = StoreEvent['op']
type Result = StoreEvent['result']

/** Words by which Redis refuses to write while it may still be read. */
const WRITE_REFUSALS: ReadonlySet<string> = new Set(['OOM', 'READONLY', 'MISCONF', 'NOREPLICAS', 'NOPERM'])

export class GuardedRedis {
  readonly #client: RedisClient
  readonly #options: GuardedRedisOptions

  constructor(client: RedisClient, options: GuardedRedisOptions) {
    this.#client = client
    this.#options = options
  }

  /** Runs `ask` unless Redis is down; `judge` names the result of a reply for the metrics. Never rejects. */
  async read<T>(ask: (client: RedisClient) => Promise<T>, judge: (reply: T) => Result): Promise<T | undefined> {
    if (!this.#options.availability.usable) return undefined
    return this.#measured('get', ask, judge)
  }

  /** Like `read` for commands that write; not tried for a moment after Redis refused to. */
  async write<T>(op: Exclude<Operation, 'get'>, ask: (client: RedisClient) => Promise<T>): Promise<T | undefined> {
    if (!this.#options.availability.writable) return undefined
    return this.#measured(op, ask, () => 'ok')
  }

  tell(op: Operation, result: Result, duration = milliseconds(0)): void {
    this.#options.telemetry.emit({ kind: 'store', tier: 'redis', op, result, duration })
  }

  async #measured<T>(op: Operation, ask: (client: RedisClient) => Promise<T>, judge: (reply: T) => Result) {
    const { clock, availability } = this.#options
    const started = clock.monotonic()
    const took = () => milliseconds(clock.monotonic() - started)
    try {
      const reply = await ask(this.#client)
      availability.answered(took())
      if (op !== 'get') availability.wrote()
      this.tell(op, judge(reply), took())
      return reply
    } catch (error) {
      this.#failed(error)
      this.tell(op, wasTimeout(error) ? 'timeout' : 'error', took())
      return undefined
    }
  }

  #failed(error: unknown): void {
    const { availability } = this.#options
    const refusal = refusalOf(error)
    if (wasTimeout(error)) availability.timedOut(reasonOf(error))
    else if (refusal !== undefined && WRITE_REFUSALS.has(refusal)) availability.refused(refusal)
  }
}
