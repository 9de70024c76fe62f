// Which verified token does the origin no longer accept?
//
// Under `accepted: token` no record says that the origin accepted, so what it refused has
// to be remembered until the token would have ended anyway. Bounded: what is given up for
// room makes every token count as refused until it would have ended. Only answers that
// the origin gave (401, 403, a logout) get here, one entry a credential and route.

import { type EpochMs, epochMs } from '../base/units.ts'
import type { Withdrawal } from '../store/acceptance-records.ts'

const MOST = 100_000
/** A token whose end nobody knows is remembered for as long as any is likely to last. */
const LONGEST_MS = 30 * 86_400_000

export class TokenWithdrawals {
  readonly #until = new Map<string, EpochMs>()
  /** Until then every token counts as withdrawn. */
  #all = epochMs(0)

  add({ credentials, route }: Withdrawal, ends: EpochMs, now: EpochMs): void {
    if (ends <= now) return
    for (const credential of credentials) this.#set(entry(credential, route), epochMs(Math.min(ends, now + LONGEST_MS)))
    while (this.#until.size > MOST) {
      const [oldest] = this.#until
      if (oldest === undefined) return
      this.#until.delete(oldest[0])
      if (oldest[1] > now) this.#all = epochMs(Math.max(this.#all, oldest[1]))
    }
  }

  /** The token was a forgery: there is nothing to remember. */
  remove({ credentials, route }: Withdrawal): void {
    for (const credential of credentials) this.#until.delete(entry(credential, route))
  }

  #set(key: string, until: EpochMs): void {
    const before = this.#until.get(key) ?? 0
    this.#until.delete(key)
    this.#until.set(key, epochMs(Math.max(before, until)))
  }

  /** Withdrawn elsewhere (`tokenNews`). */
  learn(news: string, now: EpochMs): void {
    const at = news.indexOf(':')
    const [credential = '', ...route] = news.slice(at + 1).split(' ')
    const ends = Number(news.slice(0, at))
    if (at < 0 || Number.isNaN(ends)) return
    this.add({ credentials: [credential], route: route.length === 0 ? undefined : route.join(' ') }, epochMs(ends), now)
  }

  /** What somebody who starts anew has to learn. */
  standing(now: EpochMs): string[] {
    return [...this.#until].flatMap(([key, until]) => (until > now ? [`${until}:${key}`] : []))
  }

  /** Whether any of the caller's credentials was withdrawn, everywhere or on this route. */
  concerns(credentials: () => readonly string[], route: string, now: EpochMs): boolean {
    if (now < this.#all) return true
    if (this.#until.size === 0) return false
    return credentials().some(each => this.#holds(entry(each, undefined), now) || this.#holds(entry(each, route), now))
  }

  #holds(key: string, now: EpochMs): boolean {
    return (this.#until.get(key) ?? 0) > now
  }
}

/** As others learn it. */
export function tokenNews({ credentials, route }: Withdrawal, ends: EpochMs): string[] {
  return credentials.map(credential => `${ends}:${entry(credential, route)}`)
}

function entry(credential: string, route: string | undefined): string {
  return route === undefined ? credential : `${credential} ${route}`
}
