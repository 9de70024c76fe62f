// Who works, and what becomes of one that ends?
//
// One worker a seat, forked by node:cluster, which hands connections out in turn: that
// costs something per connection and nothing per request. A worker that ends unasked is
// replaced at once, and again and again after growing pauses while its successors don't
// last. The others are told that they may have missed what it knew. News goes to every
// worker that has begun, in the order in which it came; one that doesn't say in time that
// it has heard is ended, since it must not go on with what is true no more.

import cluster, { type Worker } from 'node:cluster'
import type { Clock } from '../base/clock.ts'
import type { Telemetry } from '../base/events.ts'
import { type Milliseconds, milliseconds } from '../base/units.ts'
import type { News } from '../server/news.ts'
import type { BeginFailure, Beginning, PrimaryCalls, WorkerCalls } from './calls.ts'
import { type Envelope, Line } from './line.ts'
import { RememberedNews } from './remembered-news.ts'

export interface Member {
  readonly seat: number
  readonly pid: number
  readonly line: Line<WorkerCalls>
}

export interface CrewOptions {
  readonly size: number
  readonly clock: Clock
  readonly telemetry: Telemetry
  /** What a worker needs to begin, as of now, but for its place and the news. */
  beginning(): Omit<Beginning, 'place' | 'news'>
  /** One ended unasked. */
  onLost(member: Member): void
}

/** How long a worker may take to hear; nobody is answered before that, or its end. */
const PATIENCE: Milliseconds = milliseconds(10_000)
/** Who lived shorter than this is replaced after a pause. */
const SHORT_LIFE: Milliseconds = milliseconds(5_000)
const FIRST_PAUSE: Milliseconds = milliseconds(200)
const LONGEST_PAUSE: Milliseconds = milliseconds(10_000)

type Standing = 'starting' | 'beginning' | 'serving'

class CrewMember implements Member {
  readonly seat: number
  readonly worker: Worker
  readonly line: Line<WorkerCalls>
  readonly since: Milliseconds
  standing: Standing = 'starting'

  constructor(seat: number, worker: Worker, since: Milliseconds, mine: PrimaryCalls) {
    this.seat = seat
    this.worker = worker
    this.since = since
    const send = (envelope: Envelope) => void worker.process.send(envelope, undefined, undefined, () => undefined)
    this.line = new Line<WorkerCalls>(envelope => worker.isConnected() && send(envelope), mine)
    worker.on('message', (envelope: Envelope) => this.line.receive(envelope))
  }

  get pid(): number {
    return this.worker.process.pid ?? 0
  }

  kill(): void {
    this.worker.process.kill('SIGKILL')
  }
}

export class Crew {
  readonly #options: CrewOptions
  readonly #members = new Set<CrewMember>()
  readonly #remembered = new RememberedNews()
  readonly #timers = new Set<NodeJS.Timeout>()
  readonly #killAll = () => {
    for (const member of this.#members) member.kill()
  }
  /** In a row, of each seat. */
  readonly #shortLives = new Map<number, number>()
  #ending = false
  #allInTime = true
  #gone: (() => void) | undefined

  constructor(options: CrewOptions) {
    this.#options = options
    cluster.schedulingPolicy = cluster.SCHED_RR
    cluster.setupPrimary({ serialization: 'advanced' })
    // However this process ends in an orderly way, none stays behind.
    process.on('exit', this.#killAll)
  }

  /** Resolves to the address that all listen on; rejects when one can't begin, and none is left then. */
  async start(): Promise<string> {
    const seats = Array.from({ length: this.#options.size }, (_, seat) => seat)
    try {
      const addresses = await Promise.all(seats.map(seat => this.#fork(seat)))
      return addresses[0] ?? ''
    } catch (error) {
      this.#ending = true
      this.#killAll()
      await this.#allGone()
      throw error
    }
  }

  /** Those that serve. */
  get serving(): readonly Member[] {
    return [...this.#members].filter(member => member.standing === 'serving').sort((a, b) => a.seat - b.seat)
  }

  /** What every worker that can do so answers; one that is lost meanwhile is left out. */
  async askAll<T>(ask: (line: Line<WorkerCalls>, member: Member) => Promise<T>): Promise<T[]> {
    const answers = await Promise.allSettled(this.serving.map(member => ask(member.line, member)))
    return answers.flatMap(answer => (answer.status === 'fulfilled' ? [answer.value] : []))
  }

  /** Ends one that can't be brought in line with the others; another takes its seat. */
  replace(member: Member): void {
    for (const each of this.#members) if (each === member) each.kill()
  }

  /** Resolves once all have drained and ended; false when something was cut short, after `deadline` at the latest. */
  async drain(deadline: Milliseconds): Promise<boolean> {
    this.#ending = true
    for (const timer of this.#timers) clearTimeout(timer)
    for (const member of this.#members) {
      if (member.standing === 'starting') member.kill()
      else void member.line.ask('drain', null).catch(() => undefined)
    }
    const timer = setTimeout(() => {
      this.#allInTime = false
      this.#killAll()
    }, deadline)
    await this.#allGone()
    clearTimeout(timer)
    process.off('exit', this.#killAll)
    return this.#allInTime
  }

  /** Resolves to where it listens, once it serves. */
  #fork(seat: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const mine: PrimaryCalls = {
        ready: () => {
          this.#begin(member).then(resolve, reject)
        },
        tell: news => this.#pass(member, news),
      }
      const worker = cluster.fork()
      const member = new CrewMember(seat, worker, this.#options.clock.monotonic(), mine)
      this.#members.add(member)
      worker.on('error', () => undefined)
      worker.once('exit', (code: number | null, signal: string | null) => {
        this.#ended(member, code, signal)
        reject(new Error(`a worker ended with ${signal ?? code} before it served`))
      })
    })
  }

  async #begin(member: CrewMember): Promise<string> {
    member.standing = 'beginning'
    const place = { at: member.seat, of: this.#options.size }
    const begun = await member.line.ask('begin', { ...this.#options.beginning(), place, news: this.#remembered.all() })
    if ('failure' in begun) {
      member.kill()
      throw failed(begun.failure)
    }
    member.standing = 'serving'
    return begun.listen
  }

  /** Once all that have begun are in line with the news. */
  async #pass(from: CrewMember | undefined, news: News): Promise<void> {
    this.#remembered.note(news)
    const others = [...this.#members].filter(member => member !== from && member.standing !== 'starting')
    await Promise.all(others.map(member => this.#makeHear(member, news)))
  }

  async #makeHear(member: CrewMember, news: News): Promise<void> {
    const timer = setTimeout(() => {
      const message = `a worker did not answer for ${PATIENCE / 1000} s and is replaced`
      this.#notice(message, { pid: member.pid })
      member.kill()
    }, PATIENCE)
    // Rejected: it is gone, and does nothing any more.
    await member.line.ask('hear', news).catch(() => undefined)
    clearTimeout(timer)
  }

  #ended(member: CrewMember, code: number | null, signal: string | null): void {
    this.#members.delete(member)
    member.line.close()
    if (code !== 0) this.#allInTime = false
    if (this.#members.size === 0) this.#gone?.()
    if (this.#ending) return
    this.#notice('a worker ended and is replaced', { pid: member.pid, code, signal })
    this.#options.onLost(member)
    // Drained by itself it has told all; else something may have been under way.
    if (code !== 0) void this.#pass(undefined, { kind: 'missed' })
    this.#replaceIn(this.#pauseAfter(member), member.seat)
  }

  #pauseAfter({ seat, since }: CrewMember): Milliseconds {
    const short = this.#options.clock.monotonic() - since < SHORT_LIFE
    const lives = short ? (this.#shortLives.get(seat) ?? 0) + 1 : 0
    this.#shortLives.set(seat, lives)
    return milliseconds(lives === 0 ? 0 : Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (lives - 1)))
  }

  #replaceIn(pause: Milliseconds, seat: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      if (this.#ending) return
      this.#fork(seat).catch((error: unknown) => {
        if (!this.#ending) this.#notice('a new worker could not begin', {}, error)
      })
    }, pause)
    this.#timers.add(timer)
  }

  async #allGone(): Promise<void> {
    if (this.#members.size === 0) return
    await new Promise<void>(resolve => {
      this.#gone = resolve
    })
  }

  #notice(message: string, fields: Readonly<Record<string, unknown>>, error?: unknown): void {
    this.#options.telemetry.emit({ kind: 'notice', level: 'error', message, fields, error })
  }
}

/** As the system's own error, so that it is explained in the same words. */
function failed({ message, ...rest }: BeginFailure): Error {
  return Object.assign(new Error(message), rest)
}
