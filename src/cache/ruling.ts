// May this request be answered at once from memory, and with which octets?
//
// The short way of a hit, for server/hit-path.ts. It has no opinion of its own: the
// router, identification, the key and the store say what the stored response is, `decide`
// rules whether it is reusable, and reuse-response makes the answer. A ruling stands
// until an instant still ahead, at which freshness ends, and for what it was made from:
// the route (a reload makes new ones), the kind of credentials, the standing towards
// purges. What was answered is given again until one of its numbers (Age, what is left of
// freshness) changes. In every case of doubt there is no answer, and the request takes
// the ordinary way: refreshes, verification and acceptance are only known there.

import { bytes, type EpochMs, epochMs, type Milliseconds, milliseconds } from '../base/units.ts'
import { currentAge } from '../http/age.ts'
import { requestDirectives } from '../http/cache-control.ts'
import type { Fields } from '../http/fields.ts'
import type { PresentedRequest } from '../http/message.ts'
import { heededDirectives } from '../http/staleness.ts'
import { cacheKey } from '../routing/cache-key.ts'
import type { Identification, Sharing } from '../routing/identity.ts'
import type { Route } from '../routing/route.ts'
import type { MemoryStore } from '../store/memory-store.ts'
import type { PurgeEpochs } from '../store/purge-epochs.ts'
import { attachmentKind, type Slot } from '../store/slot.ts'
import { decide } from './decide.ts'
import type { Quarantine } from './quarantine.ts'
import { type QuickAnswer, renderAnswer } from './quick-answer.ts'
import type { Rules } from './routed-request.ts'
import type { SearchKeys } from './search-keys.ts'
import type { StoredForms } from './stored-forms.ts'

/** A presented request as far as a hit needs it; `fields` may cost more than the rest together. */
export interface QuickRequest extends PresentedRequest {
  readonly hasBody: false
  /** Those of the fields that can say who is asking (Identification.telling). */
  readonly tellingFields: Fields
  /** Whether it has If-None-Match or If-Modified-Since. */
  readonly conditional: boolean
  /** The value of If-None-Match, where that is its only condition and on one line. */
  readonly soleTag: string | undefined
  /** The value of Accept-Encoding, on one line or absent. */
  readonly acceptEncoding: string | undefined
}

export interface QuickServices {
  readonly memory: Pick<MemoryStore, 'select' | 'operations'>
  readonly epochs: Pick<PurgeEpochs, 'isTrusted'>
  readonly quarantine: Pick<Quarantine, 'holds'>
  readonly searches: Pick<SearchKeys, 'keyOf'>
  readonly forms: StoredForms
}

/** An answer that may be given again. */
interface Kept {
  readonly acceptEncoding: string | undefined
  readonly tag: string | undefined
  /** The head's numbers are those of this instant … */
  from: EpochMs
  age: Milliseconds
  /** … and others from this one on. */
  until: EpochMs
  readonly answer: QuickAnswer
  readonly size: number
}

interface Ruling {
  readonly route: Route
  readonly credentials: Sharing['credentials']
  readonly from: EpochMs
  /** Fresh before this instant. */
  readonly until: EpochMs
  readonly kept: Kept[]
}

const RULING = attachmentKind<Ruling>('ruling', 'with-head')
const RULING_SIZE = bytes(160)
/** Beside the octets of a head that is kept. */
const KEPT_SIZE = 640
/** Answers kept per stored response: they differ by Accept-Encoding and by the tag that a client has. */
const MOST_KEPT = 4

export class Rulings {
  readonly #services: QuickServices
  #rules: Rules

  constructor(services: QuickServices, rules: Rules) {
    this.#services = services
    this.#rules = rules
  }

  reconfigure(rules: Rules): void {
    this.#rules = rules
  }

  get identification(): Identification {
    return this.#rules.identification
  }

  /** The answer to a GET or HEAD without directives of its own; undefined: not now, `never`: not on this route. */
  answer(request: QuickRequest, now: EpochMs): QuickAnswer | undefined | 'never' {
    const route = this.#rules.router.match(request)
    if (!mayAnswerQuickly(route) || this.#services.quarantine.holds(route)) return 'never'
    const asking = route.share.kind === 'everyone' ? request : { ...asked(request), fields: request.tellingFields }
    const sharing = this.#rules.identification.sharing(route, asking)
    if (sharing.refusal !== undefined || sharing.acceptance !== undefined) return undefined
    const key = cacheKey(route, request, sharing.caller)
    const searched = this.#services.searches.keyOf({ route, request, sharing, key })
    const { slot } = this.#services.memory.select(searched, request)
    if (slot === undefined || slot.standing !== 'kept' || slot.response.status !== 200) return undefined
    if (!this.#services.epochs.isTrusted(slot.response, now)) return undefined
    const ruling = rulingFor(slot, route, sharing, { request, now })
    const answer = ruling === undefined ? undefined : this.#answerUnder(ruling, slot, request, now)
    if (answer !== undefined) this.#services.memory.operations.hits += 1
    return answer
  }

  #answerUnder(ruling: Ruling, slot: Slot, request: QuickRequest, now: EpochMs): QuickAnswer | undefined {
    const { acceptEncoding, soleTag } = request
    const { kept } = ruling
    let place = 0
    for (; place < kept.length; place += 1) {
      const one = kept[place] as Kept
      if (one.acceptEncoding === acceptEncoding && one.tag === soleTag) break
    }
    const known = kept[place]
    const alike = !request.conditional || soleTag !== undefined
    if (known !== undefined && alike && now >= known.from && (now < known.until || movedOn(known, ruling, now))) {
      return known.answer
    }
    const age = currentAge(slot.response, now)
    const remaining = milliseconds(ruling.until - now)
    const reuse = { stored: slot.response, age, remaining, status: { forwarded: undefined, ttl: remaining } }
    const answer = renderAnswer(request, reuse, { rules: this.#rules, forms: this.#services.forms, now })
    if (answer === undefined || !alike) return answer
    const body = answer.body === null || answer.body === slot.response.body ? 0 : answer.body.length
    const size = KEPT_SIZE + answer.head.octets.length + body
    const until = nextTurn(now, age, remaining)
    keep(ruling, slot, place, { acceptEncoding, tag: soleTag, from: now, age, until, answer, size })
    return answer
  }
}

/** Age turns at whole seconds of age, what is left a millisecond after whole seconds of it. */
function nextTurn(now: EpochMs, age: Milliseconds, remaining: Milliseconds): EpochMs {
  return epochMs(now + Math.min(1000 - (age % 1000), (remaining % 1000) + 1))
}

/** Makes the kept head say what is so now; false: it has to be made anew. Ages go with the clock. */
function movedOn(known: Kept, ruling: Ruling, now: EpochMs): boolean {
  const age = milliseconds(known.age + (now - known.from))
  const remaining = milliseconds(ruling.until - now)
  if (!known.answer.head.moveTo({ age, remaining })) return false
  known.from = now
  known.age = age
  known.until = nextTurn(now, age, remaining)
  return true
}

interface Asked {
  readonly request: QuickRequest
  readonly now: EpochMs
}

/** Without the getters of a request whose fields are costly. */
function asked({ method, scheme, host, path, query }: QuickRequest) {
  return { method, scheme, host, path, query, hasBody: false } as const
}

/**
 * Kinds of routes whose hits concern nobody but their client. Listed by what is known to
 * be so, not by what is known not to be: another kind of sharing takes the ordinary way.
 */
function mayAnswerQuickly({ cache, share, verify, refreshAhead, body, audit, usesToken }: Route): boolean {
  if (cache !== 'on' || body || verify > 0 || refreshAhead || audit || usesToken) return false
  return share.kind === 'everyone' || share.kind === 'auto' || share.kind === 'user'
}

function rulingFor(slot: Slot, route: Route, sharing: Sharing, { request, now }: Asked): Ruling | undefined {
  const known = slot.attached(RULING)
  const stands = known !== undefined && known.route === route && known.credentials === sharing.credentials
  if (stands && now >= known.from && now < known.until) return known
  if (known !== undefined) slot.detach(RULING)
  const made = ruleOn(slot, route, sharing, { request, now })
  if (made !== undefined) slot.attach(RULING, made, RULING_SIZE)
  return made
}

function ruleOn(slot: Slot, route: Route, sharing: Sharing, { request, now }: Asked): Ruling | undefined {
  const stored = slot.response
  const decision = decide({
    request,
    directives: heededDirectives(requestDirectives(request.fields), route.requestDirectives),
    route,
    sharing,
    stored,
    standing: slot.standing,
    otherVariants: false,
    now,
  })
  if (decision.kind !== 'reuse' || decision.reason !== 'fresh' || decision.refresh) return undefined
  const from = epochMs(Math.max(now, stored.responseTime))
  return { route, credentials: sharing.credentials, from, until: epochMs(now + decision.remaining), kept: [] }
}

function keep(ruling: Ruling, slot: Slot, place: number, made: Kept): void {
  const at = place < MOST_KEPT ? place : Math.floor(made.until % MOST_KEPT)
  const former = ruling.kept[at]?.size ?? 0
  if (slot.attached(RULING) === ruling && slot.charge(RULING, made.size - former)) ruling.kept[at] = made
}
