// What hit rate would this configuration have had on this traffic?
//
// Takes log records in order and plays them through a scene in which who asked is as the
// log names it, or as is likely. What the log leaves open is played through a second
// scene in which all are one caller (the upper bound), and counted as a miss for the
// lower one: then everybody is a caller of their own. Requests that the log leaves
// nothing open about count alike for all three. Sweeps see the first scene's requests.

import { isSafeMethod } from '../../http/invalidation.ts'
import type { PresentedRequest } from '../../http/message.ts'
import { hasForbiddenPath } from '../../http/uri.ts'
import type { CompiledRoutes } from '../../routing/compiled-routes.ts'
import type { Route } from '../../routing/route.ts'
import type { LogRecord } from '../log/log-record.ts'
import {
  figuresOf,
  figuresOfAll,
  type OutcomeTally,
  type ReplayFigures,
  OutcomeTally as Tally,
} from './outcome-tally.ts'
import { type Assumption, bareRequest, CredentialMaker, isUncertain } from './presented-record.ts'
import { type Answer, ResponseMaker } from './response-maker.ts'
import { Scene } from './scene.ts'
import { Sweep, type SweepPoint } from './sweep.ts'
import { type Served, World } from './world.ts'

export interface ReplaySettings {
  readonly compiled: CompiledRoutes
  /** Bytes. */
  readonly memory: number
  readonly maxBody: number
  readonly sweep: boolean
}

export interface ReplayReport extends ReplayFigures {
  readonly routes: Readonly<Record<string, ReplayFigures>>
  readonly sweep?: readonly SweepPoint[]
}

/** Stored responses simulated at a time; with more alive a sample of the keys stands for all. */
const MOST_SLOTS = 100_000

export class Replay {
  readonly #settings: ReplaySettings
  readonly #credentials: CredentialMaker
  readonly #responses = new ResponseMaker()
  readonly #tallies = new Map<string, OutcomeTally>()
  readonly #likely: Stage
  readonly #high: Stage
  readonly #sweep: Sweep | undefined

  constructor(settings: ReplaySettings) {
    this.#settings = settings
    this.#credentials = new CredentialMaker(settings.compiled)
    this.#likely = stageFor(settings)
    this.#high = stageFor(settings)
    this.#sweep = settings.sweep ? new Sweep(settings, this.#likely.scene.epochs) : undefined
    this.#likely.scene.use([this.#likely.world, ...(this.#sweep?.worlds ?? [])])
    this.#high.scene.use([this.#high.world])
  }

  /** The next request of the log. */
  take(record: LogRecord): void {
    const bare = bareRequest(record)
    const route = this.#settings.compiled.router.match(bare)
    const tally = this.#tallyOf(route)
    tally.requests += 1
    // Answered 400 before anything is looked up.
    if (hasForbiddenPath(bare.path)) return
    const counted = route.cache !== 'off' && (isSafeMethod(bare.method) || route.body)
    if (counted) tally.counted += 1
    const play: Play = { record, bare, route, tally, counted, answer: this.#responses.answerTo(record, route.name) }
    const likely = this.#serve(this.#likely, play, 'likely')
    const uncertain = counted && isUncertain(route, record)
    const writes = !isSafeMethod(bare.method) || route.purge.length > 0 || route.purgeUser
    const high = uncertain || writes ? this.#serve(this.#high, play, 'high') : likely
    if (uncertain) this.#countBounds(play, likely, high)
    else this.#countSurely(play, likely)
  }

  report({ lines, malformed }: { readonly lines: number; readonly malformed: number }): ReplayReport {
    const routes = Object.fromEntries([...this.#tallies].map(([name, tally]) => [name, figuresOf(tally)]))
    const whole = { ...figuresOfAll([...this.#tallies.values()], { lines, malformed }), routes }
    return this.#sweep === undefined ? whole : { ...whole, sweep: this.#sweep.points(this.#tallies) }
  }

  /** Share of the keys that was simulated at the end. */
  get sampled(): number {
    return this.#likely.world.store.rate
  }

  /** Bytes that memory held at the end. */
  get bytes(): number {
    return this.#likely.world.store.bytes
  }

  #countSurely({ tally, counted, answer }: Play, served: Served): void {
    if (!counted) return
    const weight = 1 / this.#likely.world.store.rate
    for (const outcomes of [tally.low, tally.likely, tally.high]) outcomes.add(served, answer.size, weight)
  }

  #countBounds({ tally, answer: { size } }: Play, likely: Served, high: Served): void {
    tally.likely.add(likely, size, 1 / this.#likely.world.store.rate)
    tally.high.add(high, size, 1 / this.#high.world.store.rate)
    tally.low.add('forwarded', size, 1)
  }

  #serve({ scene, world }: Stage, play: Play, assuming: Assumption): Served {
    const { record, bare, route, answer, counted } = play
    const request = this.#credentials.present(bare, record, { route, assuming })
    const ask = scene.ask(request, answer, record.at)
    const served = world.serve(ask)
    if (assuming === 'likely' && counted) this.#sweep?.serve(ask)
    if (served === 'forwarded' || served === 'unsampled') scene.invalidate(ask.routed, answer, record.at)
    return served
  }

  #tallyOf({ name }: Route): OutcomeTally {
    let tally = this.#tallies.get(name)
    if (tally === undefined) {
      tally = new Tally()
      this.#tallies.set(name, tally)
    }
    return tally
  }
}

interface Stage {
  readonly scene: Scene
  readonly world: World
}

interface Play {
  readonly record: LogRecord
  readonly bare: PresentedRequest
  readonly route: Route
  readonly tally: OutcomeTally
  readonly counted: boolean
  readonly answer: Answer
}

function stageFor({ compiled, memory, maxBody }: ReplaySettings): Stage {
  const scene = new Scene(compiled)
  const world = new World({ limit: memory, mostSlots: MOST_SLOTS, epochs: scene.epochs, maxBody })
  return { scene, world }
}
