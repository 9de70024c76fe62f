// Would the origin refuse whom the operator says it refuses?
//
// Under `accepted: route` the live GET is repeated without credentials, and once for each
// part that a caller only claims with that part replaced by one that nobody has (contract
// §2): before the first hit by that word after a load, and for a sample of later ones. A 200 to
// either proves the word wrong. A failure of the origin proves nothing; the hit is a
// forward then. What replaces a part looks like it, so that a check of form alone, made
// before any check of rights, can't pass for a refusal. Only heads are waited for.

import { randomInt } from 'node:crypto'
import { Fault } from '../base/fault.ts'
import { epochMs, milliseconds } from '../base/units.ts'
import type { PartSource } from '../config/identity-schema.ts'
import type { Fields } from '../http/fields.ts'
import { forwardRequest } from './forward-request.ts'
import { type Allowance, RequestAllowance } from './request-allowance.ts'
import type { RouteWords, WordState } from './route-words.ts'
import type { RoutedRequest } from './routed-request.ts'
import type { EngineRules, EngineServices } from './services.ts'

const ALLOWANCE: Allowance = { perSecond: 20, atOnce: 8 }
/** Share of hits by a route's word that are tested besides those that are due. */
const SAMPLE = 0.01
const PAUSE_MS = 1_000

type Outcome = 'refused' | 'given' | 'unknown'

type ControlServices = Pick<EngineServices, 'clock' | 'telemetry' | 'background' | 'upstream' | 'random'>

export class ControlRequests {
  readonly #services: ControlServices
  readonly #words: RouteWords
  readonly #allowance: RequestAllowance
  readonly #running = new Map<string, Promise<void>>()
  readonly #notBefore = new Map<string, number>()
  #rules: EngineRules

  constructor(services: ControlServices, words: RouteWords, rules: EngineRules) {
    this.#services = services
    this.#words = words
    this.#rules = rules
    this.#allowance = new RequestAllowance(ALLOWANCE, services.clock, services.upstream)
  }

  reconfigure(rules: EngineRules): void {
    this.#rules = rules
    this.#running.clear()
    this.#notBefore.clear()
  }

  /** Tests the route's word by this request; whoever comes meanwhile waits for the same test. Never rejects. */
  test(routed: RoutedRequest): Promise<void> {
    const { route, request } = routed
    const running = this.#running.get(route.name)
    if (running !== undefined) return running
    const early = this.#services.clock.monotonic() < (this.#notBefore.get(route.name) ?? 0)
    if (early || (request.method !== 'GET' && request.method !== 'HEAD')) return Promise.resolve()
    this.#notBefore.set(route.name, this.#services.clock.monotonic() + PAUSE_MS)
    const test = this.#test(routed).finally(() => {
      if (this.#running.get(route.name) === test) this.#running.delete(route.name)
    })
    this.#running.set(route.name, test)
    return test
  }

  /** For hits by the route's word: now and then one is tested in the background. */
  consider(routed: RoutedRequest): void {
    const { route } = routed
    if (route.accepted !== 'route' || routed.sharing.acceptance === undefined) return
    const due = this.#words.isDue(route, this.#services.clock.now())
    if (!due && this.#services.random() >= SAMPLE) return
    this.#services.background.start(`control ${route.name}`, () => this.test(routed))
  }

  async #test(routed: RoutedRequest): Promise<void> {
    const { route } = routed
    const rules = this.#rules
    const outcomes = await Promise.all(variantsOf(routed, rules).map(fields => this.#ask(routed, fields)))
    if (rules !== this.#rules) return
    const state: WordState | undefined = outcomes.includes('given')
      ? 'broken'
      : outcomes.every(outcome => outcome === 'refused')
        ? 'holds'
        : undefined
    if (state === undefined) return
    const before = this.#words.stateOf(route)
    this.#words.tested(route, state, epochMs(this.#services.clock.now()))
    if (state === 'broken' && before !== 'broken') this.#tell(routed)
  }

  #tell({ route: { name: route }, request: { method, path } }: RoutedRequest): void {
    const about = { route, method, path, age: milliseconds(0), asIf: false }
    this.#services.telemetry.emit({ kind: 'verified', result: 'unenforced', ...about })
    this.#services.telemetry.emit({
      kind: 'notice',
      level: 'error',
      message: `the origin answered 200 without credentials or to another's part: \`accepted: route\` does not hold on ${route}, which falls back to \`response\` until the next load`,
      fields: { route },
    })
  }

  /** The status alone: the content is of no interest. */
  #ask(routed: RoutedRequest, fields: Fields): Promise<Outcome> {
    if (!this.#allowance.take()) return Promise.resolve('unknown')
    const request = { ...routed.request, method: 'GET', fields }
    const form = { shared: true, validate: undefined, host: this.#rules.upstreamHost, purpose: 'control' } as const
    return new Promise<Outcome>(resolve => {
      let control: { abort(fault: Fault): void } | undefined
      const settle = (outcome: Outcome) => {
        resolve(outcome)
        control?.abort(new Fault('CLIENT_GONE', 'the head of the answer to a control request is enough'))
      }
      control = this.#services.upstream.forward(forwardRequest({ ...routed, request }, form, null), {
        onHead: status => settle(outcomeOf(status)),
        onBody: () => true,
        onComplete: () => resolve('unknown'),
        onFault: () => resolve('unknown'),
      })
    }).finally(() => this.#allowance.give())
  }
}

function outcomeOf(status: number): Outcome {
  if (status === 200) return 'given'
  return status >= 500 || status === 429 || status === 408 ? 'unknown' : 'refused'
}

/** The request's fields without credentials, and with each claimed part replaced. */
function variantsOf({ route, request }: RoutedRequest, { identification }: EngineRules): Fields[] {
  const replaced = identification.claimedParts(route).map(source => withOther(request.fields, source))
  return [identification.anonymous(request.fields), ...replaced]
}

function withOther(fields: Fields, { kind, name }: PartSource): Fields {
  const changed: string[] = []
  for (let at = 0; at < fields.length; at += 2) {
    const [field, value] = [fields[at] as string, fields[at + 1] as string]
    const lower = field.toLowerCase()
    if (kind === 'header' && lower === name) changed.push(field, lookalike(value))
    else if (kind === 'cookie' && lower === 'cookie') changed.push(field, withOtherCookie(value, name))
    else changed.push(field, value)
  }
  return changed
}

function withOtherCookie(value: string, name: string): string {
  const pairs = value.split(';').map(pair => {
    const equals = pair.indexOf('=')
    const own = equals >= 0 && pair.slice(0, equals).trim() === name
    return own ? `${pair.slice(0, equals)}=${lookalike(pair.slice(equals + 1).trim())}` : pair
  })
  return pairs.join(';')
}

const SHORTEST = 6
const DIGITS = '0123456789'
const HEX = '0123456789abcdef'
const LETTERS = 'abcdefghijklmnopqrstuvwxyz'

/** Text of the same shape that is nobody's, as good as certainly. */
function lookalike(value: string): string {
  const letters = /^[\da-f-]+$/.test(value) ? HEX.slice(10) : LETTERS
  const last = value.at(-1) ?? 'x'
  const padded = value.padEnd(SHORTEST, /\d/.test(last) ? '0' : 'x')
  const other = padded.replace(/[\da-z]/gi, letter => {
    if (/\d/.test(letter)) return pick(letter === padded[0] ? DIGITS.slice(1) : DIGITS)
    return letter === letter.toLowerCase() ? pick(letters) : pick(letters).toUpperCase()
  })
  return other === value ? `${other}0` : other
}

function pick(from: string): string {
  return from[randomInt(from.length)] as string
}
