// How do the representations of a route's resources change, with time and with the caller?
//
// For a fair sample of URLs remembers what each of a few callers was last given, by
// digest and instant. Two looks for the same caller say whether it changed in between;
// looks for different callers say whether one representation is for all of them.

import { type EpochMs, type Milliseconds, milliseconds } from '../../base/units.ts'
import { OwedHistory } from '../../cache/owed-history.ts'
import type { CallerVariance, ChangeObservations } from '../traffic-profile.ts'

const MOST_URLS = 64
const MOST_CALLERS = 8
/** By powers of two, from 1/64 s to 2^17 s (a day and a half). */
const BUCKETS = 24

type Digest = Parameters<OwedHistory['note']>[1]

interface Resource {
  readonly last: Map<string, { digest: Digest; at: EpochMs }>
  readonly history: OwedHistory
  latest: { readonly caller: string; readonly digest: Digest } | undefined
  agreements: number
  disagreements: number
  personal: boolean
}

export class RepresentationLooks {
  readonly #resources = new Map<number, Resource>()
  readonly #intervals = Array.from({ length: BUCKETS }, () => ({ apart: 0, looks: 0, changed: 0 }))
  #share = 1

  /** `hash` of the URL in [0, 1). */
  add(hash: number, caller: string, digest: string, at: EpochMs): void {
    if (hash >= this.#share) return
    const resource = this.#resourceOf(hash)
    const look = { caller, digest: digest as Digest }
    this.#compareWithOthers(resource, look)
    this.#compareWithBefore(resource, look, at)
    while (this.#resources.size > MOST_URLS) this.#halve()
  }

  /** A stored response of this age was held against a fresh one. */
  addAged(age: Milliseconds, changed: boolean): void {
    if (age > 0) this.#count(age, changed)
  }

  changes(): ChangeObservations | undefined {
    const intervals = this.#intervals
      .filter(({ looks }) => looks > 0)
      .map(({ apart, looks, changed }) => ({ apart: milliseconds(apart / looks), looks, changed }))
    return intervals.length === 0 ? undefined : { intervals }
  }

  variance(): CallerVariance | undefined {
    const compared = [...this.#resources.values()].filter(each => each.agreements + each.disagreements > 0)
    if (compared.length === 0) return undefined
    const personal = compared.filter(each => each.personal)
    const alike = compared.filter(each => !each.personal && each.agreements >= 2 * each.disagreements)
    return { compared: compared.length, personal: personal.length, alike: alike.length }
  }

  #resourceOf(hash: number): Resource {
    const known = this.#resources.get(hash)
    if (known !== undefined) return known
    const fresh = { last: new Map(), history: new OwedHistory(), latest: undefined }
    const resource: Resource = { ...fresh, agreements: 0, disagreements: 0, personal: false }
    this.#resources.set(hash, resource)
    return resource
  }

  #compareWithOthers(resource: Resource, look: { readonly caller: string; readonly digest: Digest }): void {
    const { latest } = resource
    if (latest !== undefined && latest.caller !== look.caller) {
      if (latest.digest === look.digest) resource.agreements += 1
      else resource.disagreements += 1
    }
    if (resource.history.note(look.caller, look.digest)) resource.personal = true
    resource.latest = look
  }

  #compareWithBefore({ last }: Resource, { caller, digest }: { caller: string; digest: Digest }, at: EpochMs): void {
    const before = last.get(caller)
    last.delete(caller)
    last.set(caller, { digest, at })
    if (last.size > MOST_CALLERS) {
      const [oldest] = last.keys()
      if (oldest !== undefined) last.delete(oldest)
    }
    if (before === undefined || at <= before.at) return
    this.#count(at - before.at, before.digest !== digest)
  }

  #count(apart: number, changed: boolean): void {
    const bucket = Math.min(BUCKETS - 1, Math.max(0, Math.floor(Math.log2((apart / 1000) * 64))))
    const interval = this.#intervals[bucket] as { apart: number; looks: number; changed: number }
    interval.apart += apart
    interval.looks += 1
    interval.changed += Number(changed)
  }

  #halve(): void {
    this.#share /= 2
    for (const hash of this.#resources.keys()) if (hash >= this.#share) this.#resources.delete(hash)
  }
}
