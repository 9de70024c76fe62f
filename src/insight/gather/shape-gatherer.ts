// What is gathered of the requests of one shape?
//
// Everything that a RouteProfile tells, in bounded memory (some 50 KB at worst): samples
// of keys instead of keys, buckets instead of values, counts of closed lists.

import type { OriginHeadEvent, RepresentationEvent } from '../../base/events.ts'
import { type Bytes, bytes, type EpochMs, type Milliseconds, ratio } from '../../base/units.ts'
import { keyedQuery } from '../../routing/query.ts'
import type { HeadFacts, QueryFacts, RouteProfile, TrafficRecord } from '../traffic-profile.ts'
import { Growth } from './growth.ts'
import { KeySample, unitHash } from './key-sample.ts'
import { isAsset, isFingerprinted } from './path-shape.ts'
import { QueryHabits } from './query-habits.ts'
import { RepresentationLooks } from './representation-looks.ts'
import { Spread } from './spread.ts'

/** Kinds of reasons are a closed list; this only guards against its growing. */
const MOST_REASONS = 64
/** Smaller bodies aren't worth a coding. */
const WORTH_CODING = 1024

export interface Shaped {
  readonly route: string
  readonly shape: string
  readonly method: string
}

/** A URL seen, and by whom; of real requests and of looks at representations alike. */
interface Seen {
  readonly path: string
  readonly query: string
}

type Look = Pick<RepresentationEvent, 'who' | 'digest' | 'at' | 'size'>

export class ShapeGatherer {
  readonly #about: Shaped
  readonly #keys = new KeySample()
  readonly #callerKeys = new KeySample()
  readonly #callers = new KeySample()
  readonly #originTime = new Spread<Milliseconds>()
  readonly #size = new Spread<Bytes>()
  /** As the origin sent it; what is sent to clients may be coded here. */
  readonly #originSize = new Spread<Bytes>()
  readonly #growth = new Growth()
  readonly #looks = new RepresentationLooks()
  readonly #habits = new QueryHabits()
  readonly #uncacheable = new Map<string, number>()
  readonly #heads = { looked: 0, withEtag: 0, withLastModified: 0, silent: 0, forbidding: 0, settingCookies: 0 }
  readonly #plain = { responses: 0, bytes: 0 }
  #requests = 0
  #successes = 0
  #withCaller = 0
  #anonymous = 0
  #assets = 0
  #fingerprinted = 0

  constructor(about: Shaped) {
    this.#about = about
  }

  get route(): string {
    return this.#about.route
  }

  get shape(): string {
    return this.#about.shape
  }

  get requests(): number {
    return this.#requests
  }

  record(record: TrafficRecord): void {
    const { weight, caller, query, path } = record
    this.#requests += weight
    if (record.status === 200) this.#successes += weight
    const key = keyOf(record)
    const hash = unitHash(key)
    this.#keys.add(hash, weight)
    if (caller !== undefined) this.#recordCaller(caller, key, weight)
    if (query !== '') this.#habits.add(hash, query, weight)
    if (record.originTime !== undefined) this.#originTime.add(record.originTime, weight)
    if (record.size !== undefined && record.status === 200) this.#recordSize(record.at, record.size, weight)
    if (!isAsset(path)) return
    this.#assets += weight
    if (isFingerprinted(path)) this.#fingerprinted += weight
  }

  look(seen: Seen, { who, digest, at, size }: Look): void {
    this.#looks.add(unitHash(keyOf(seen)), who, digest, at)
    this.#originSize.add(size, 1)
  }

  aged(age: Milliseconds, changed: boolean): void {
    this.#looks.addAged(age, changed)
  }

  head(head: OriginHeadEvent): void {
    const heads = this.#heads
    heads.looked += 1
    heads.withEtag += Number(head.etag)
    heads.withLastModified += Number(head.lastModified)
    heads.silent += Number(head.silent)
    heads.forbidding += Number(head.forbidding)
    heads.settingCookies += Number(head.setsCookie)
    if (head.uncompressed === undefined || head.uncompressed <= WORTH_CODING) return
    this.#plain.responses += 1
    this.#plain.bytes += head.uncompressed
  }

  uncacheable(reason: string): void {
    if (!this.#uncacheable.has(reason) && this.#uncacheable.size >= MOST_REASONS) return
    this.#uncacheable.set(reason, (this.#uncacheable.get(reason) ?? 0) + 1)
  }

  profile(): RouteProfile {
    const callersKnown = this.#withCaller > 0
    return {
      ...this.#about,
      requests: this.#requests,
      successes: this.#successes,
      keys: this.#keys.popularity(),
      callerKeys: callersKnown ? this.#callerKeys.popularity() : undefined,
      callers: callersKnown ? this.#callers.distinct : undefined,
      anonymous: callersKnown ? ratio(this.#anonymous / this.#withCaller) : undefined,
      originTime: this.#originTime.distribution(),
      size: this.#originSize.distribution() ?? this.#size.distribution(),
      growth: this.#growth.ends(),
      changes: this.#looks.changes(),
      variance: this.#looks.variance(),
      heads: this.#headFacts(),
      uncacheable: new Map(this.#uncacheable),
      query: this.#queryFacts(),
      assets: { requests: this.#assets, fingerprinted: this.#fingerprinted },
    }
  }

  #recordCaller(caller: string, key: string, weight: number): void {
    this.#withCaller += weight
    if (caller === '') this.#anonymous += weight
    else this.#callers.add(unitHash(caller), weight)
    this.#callerKeys.add(unitHash(`${caller.length}:${caller}${key}`), weight)
  }

  #recordSize(at: EpochMs, size: Bytes, weight: number): void {
    this.#size.add(size, weight)
    this.#growth.add(at, size)
  }

  #headFacts(): HeadFacts | undefined {
    if (this.#heads.looked === 0) return undefined
    return { ...this.#heads, uncompressed: this.#plain.responses, uncompressedBytes: bytes(this.#plain.bytes) }
  }

  #queryFacts(): QueryFacts {
    return this.#habits.facts()
  }
}

function keyOf({ path, query }: Seen): string {
  return query === '' ? path : `${path}?${keyedQuery({ kind: 'all' }, query) ?? ''}`
}
