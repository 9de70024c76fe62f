// Is anybody ever given what the origin would not give them?
//
// Plays a generated story against a real Pillion over real sockets, and judges each
// answer by every mark in its bytes: it must be one that the origin owes this very caller,
// in the language asked for, and no older than the last write that was answered before
// the request began. What the origin withdrew counts from the moment that an answer told
// Pillion so. Returns what leaked, in words, and counts the hits of each kind of route,
// because a cache that never answers leaks nothing either.

import type { RawClient, RawResponse } from '../clients/raw-client.ts'
import type { Ask, Asks, Step, Withdrawing } from './leak-story.ts'
import type { Credential, Kind, World } from './leak-world.ts'
import { cacheStatusOf, type Scene } from './start-pillion.ts'

/** What may come of one request, fixed when it begins. */
interface Expectation {
  readonly ask: Ask
  readonly path: string
  /** Undefined: nothing at all. */
  readonly group: string | undefined
  readonly oldest: number
  readonly tags: readonly string[]
}

interface Target {
  readonly kind: Kind
  readonly object: string
  readonly path: string
}

export class Hunt {
  readonly hits = new Map<Kind, number>()
  requests = 0
  readonly #scene: Scene
  readonly #world: World
  readonly #idle: RawClient[] = []
  readonly #cookies = new Set<string>()

  constructor(scene: Scene, world: World) {
    this.#scene = scene
    this.#world = world
  }

  /** Plays one story; what leaked, in words. */
  async play(steps: readonly Step[]): Promise<string[]> {
    const run = this.#world.newRun()
    const people = new Map<string, Credential>()
    const make = async (name: string, making: Parameters<World['credential']>[2]) =>
      people.set(name, await this.#world.credential(run, name, making))
    await make('alice', { clinic: 'a' })
    await make('anna', { clinic: 'a' })
    await make('bob', { clinic: 'b' })
    await make('forged', { clinic: 'a', forged: true })
    await make('expired', { clinic: 'a', expired: true })
    const telling = new Telling(this, this.#world, { run, people })
    const leaks: string[] = []
    for (const step of steps) leaks.push(...(await telling.tell(step)))
    return leaks
  }

  async send(method: string, path: string, fields: readonly string[]): Promise<RawResponse> {
    const client = this.#idle.pop() ?? (await this.#scene.connect())
    client.request(method, path, fields)
    const response = await client.response()
    this.requests += 1
    if (response.field('connection') !== 'close') this.#idle.push(client)
    return response
  }

  purge(order: object): Promise<unknown> {
    return this.#scene.admin('/api/purge', order)
  }

  noteHit(kind: Kind): void {
    this.hits.set(kind, (this.hits.get(kind) ?? 0) + 1)
  }

  /** False: another client has had this cookie. */
  isNewCookie(cookie: string): boolean {
    const isNew = !this.#cookies.has(cookie)
    this.#cookies.add(cookie)
    return isNew
  }
}

class Telling {
  readonly #hunt: Hunt
  readonly #world: World
  readonly #run: string
  readonly #people: ReadonlyMap<string, Credential>
  /** By path, the tags that anybody was given, and what they stand for. */
  readonly #seen = new Map<string, { readonly tag: string; readonly mark: string }[]>()

  constructor(hunt: Hunt, world: World, { run, people }: { run: string; people: ReadonlyMap<string, Credential> }) {
    this.#hunt = hunt
    this.#world = world
    this.#run = run
    this.#people = people
  }

  async tell(step: Step): Promise<string[]> {
    if (step.does === 'ask') return this.#ask(step)
    if (step.does === 'write') await this.#hunt.send('POST', `/write/${this.#run}/${step.object}`, [])
    else if (step.does === 'purge') await this.#hunt.purge({ route: step.kind, soft: step.soft })
    else await this.#withdraw(step, this.#people.get(step.caller) as Credential)
    return []
  }

  async #withdraw(step: Withdrawing, credential: Credential): Promise<void> {
    if (step.does === 'revoke') credential.revoked = true
    else if (step.does === 'forbid') credential.forbidden.add(step.kind)
    else if (step.does === 'purge-user') {
      await this.#hunt.purge({ user: `Bearer ${credential.token}` })
      if (credential.revoked) credential.revocationKnown = true
    } else {
      await this.#hunt.send('POST', '/logout', ['Authorization', `Bearer ${credential.token}`])
      credential.revocationKnown = true
    }
  }

  async #ask({ kind, object, failing, asks }: Asks): Promise<string[]> {
    this.#world.setFailing(this.#run, failing)
    const path = `/${kind}/${this.#run}/${object}`
    const found = await Promise.all(asks.map(each => this.#one(each, { kind, object, path })))
    this.#world.setFailing(this.#run, false)
    return found.flat()
  }

  async #one(asked: Ask, { kind, object, path }: Target): Promise<string[]> {
    const credential = this.#people.get(asked.caller === 'alice and bob' ? 'alice' : asked.caller)
    const clinics = clinicLines(asked, credential)
    const tags = this.#tags(asked, path)
    const withdrawn = credential?.revocationKnown === true || credential?.forbiddenKnown.has(kind) === true
    const group = this.#world.groupOf({ kind, object, credential, clinic: clinics[0] })
    const owed = (withdrawn && kind !== 'open') || typeof group === 'number' ? undefined : group
    const oldest = this.#world.versionOf(this.#run, object)
    const expected = { ask: asked, path, group: owed, oldest, tags }
    const fields = [...clinics.flatMap(clinic => ['X-Clinic', clinic]), ...this.#fields(asked, credential, tags)]
    const response = await this.#hunt.send(asked.method, path, fields)
    if (asked.caller !== 'alice and bob') this.#learn(kind, credential, response)
    this.#remember(path, response)
    if (cacheStatusOf(response).startsWith('pillion; hit')) this.#hunt.noteHit(kind)
    return this.#judge(expected, response)
  }

  #fields(asked: Ask, credential: Credential | undefined, tags: readonly string[]): string[] {
    const fields: string[] = []
    if (credential !== undefined) fields.push('Authorization', `Bearer ${credential.token}`)
    if (asked.caller === 'alice and bob') fields.push('Authorization', `Bearer ${this.#people.get('bob')?.token}`)
    if (asked.language !== 'none') fields.push('Accept-Language', asked.language)
    if (asked.control !== 'none') fields.push('Cache-Control', asked.control)
    if (asked.range) fields.push('Range', 'bytes=0-30')
    if (tags.length > 0) fields.push('If-None-Match', tags.join(', '))
    return fields
  }

  #tags({ tag }: Ask, path: string): string[] {
    const seen = this.#seen.get(path) ?? []
    if (tag === '*') return ['*']
    const one = tag === 'latest' ? seen.at(-1) : tag === 'first' ? seen[0] : undefined
    return one === undefined ? [] : [one.tag]
  }

  #remember(path: string, response: RawResponse): void {
    const [tag, mark] = [response.field('etag'), response.field('x-for')]
    if (tag !== undefined && mark !== undefined) this.#seen.set(path, [...(this.#seen.get(path) ?? []), { tag, mark }])
  }

  /** What this answer told Pillion; where two credentials were sent it can't know which was refused. */
  #learn(kind: Kind, credential: Credential | undefined, { status }: RawResponse): void {
    if (credential === undefined || kind === 'open') return
    if (status === 401 && credential.revoked) credential.revocationKnown = true
    if (status === 403 && credential.forbidden.has(kind)) credential.forbiddenKnown.add(kind)
  }

  #judge(expected: Expectation, response: RawResponse): string[] {
    const { ask: asked, path, group, tags } = expected
    const shown = `${response.raw}${response.body}`.matchAll(/<<[^<>]*>>/g)
    const marks = new Set([...shown].map(([mark]) => mark.replaceAll('_', ' ')))
    const wrong = [...marks].filter(mark => !isOwed(mark, expected))
    const what = `${asked.caller} (${JSON.stringify(asked)}) on ${path}, owed ${group ?? 'nothing'}: ${response.status}`
    const leaks = wrong.map(mark => `${what} shows ${mark}`)
    if (response.status === 304 && !this.#mayBeCurrent(tags, expected)) leaks.push(`${what} confirms ${tags.join()}`)
    const refused = response.status === 401 || response.status === 403
    if (refused && response.field('age') !== undefined) leaks.push(`${what} has an Age`)
    const cookie = response.field('set-cookie')
    if (cookie !== undefined && !this.#hunt.isNewCookie(cookie)) leaks.push(`${what} sets the cookie of another`)
    return leaks
  }

  #mayBeCurrent(tags: readonly string[], expected: Expectation): boolean {
    if (tags[0] === '*') return expected.group !== undefined
    const seen = this.#seen.get(expected.path) ?? []
    return seen.some(({ tag, mark }) => tags.includes(tag) && isOwed(mark, expected))
  }
}

function isOwed(mark: string, { ask: asked, path, group, oldest }: Expectation): boolean {
  const [shown, where, language, version] = mark.slice(2, -2).split('|')
  return shown === group && where === path && language === asked.language && Number(version) >= oldest
}

/** X-Clinic as this caller sends it. */
function clinicLines({ clinic, caller }: Ask, credential: Credential | undefined): string[] {
  if (clinic === 'none') return []
  if (clinic === 'empty') return ['']
  if (clinic === 'twice') return caller === 'bob' ? ['b', 'a'] : ['a', 'b']
  if (clinic !== 'own') return [clinic]
  return credential === undefined ? [] : [credential.clinic]
}
