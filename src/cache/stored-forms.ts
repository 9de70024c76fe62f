// In which form does a stored response go out, and where is that form kept?
//
// Forms hang on the slot of the stored response, at its store's expense, and move along
// when a 304 freshens it. Small content is coded in the turn that first wants it; larger
// content by a job that streams to everybody who waits for it and leaves the form behind.
// A hit on a form that is there does no compression work. `encodedForm` is the same for
// the hit path: in this turn, or not at all.

import type { BackgroundWork } from '../base/background.ts'
import type { Clock } from '../base/clock.ts'
import { type Bytes, bytes } from '../base/units.ts'
import { type Choice, chooseCoding, type Wishes } from '../encoding/choice.ts'
import { EncodedForms, type Form } from '../encoding/encoded-forms.ts'
import { Hardening } from '../encoding/hardening.ts'
import type { TaggedCoding } from '../http/content-coding.ts'
import { attachmentKind, type Slot } from '../store/slot.ts'
import type { Store } from '../store/store.ts'
import type { StoredResponse } from '../store/stored-response.ts'
import type { BufferBudget } from './buffer-budget.ts'
import { CodedStream } from './coded-stream.ts'
import type { Searched, SearchKeys } from './search-keys.ts'

/** What is sent: the choice as it turned out, and the octets. */
export interface Represented {
  readonly choice: Choice
  readonly body: Buffer
}

export interface StoredFormsServices {
  readonly clock: Clock
  readonly background: BackgroundWork
  readonly store: Pick<Store, 'slotOf'>
  readonly searches: SearchKeys
  readonly budget: BufferBudget
}

const ENCODED = attachmentKind<EncodedForms>('encoded', 'with-content')
/** The forms' own maps. */
const ATTACHED: Bytes = bytes(400)
/** Content that decodes to more is decoded for each client anew. */
const LARGEST_DECODED = 32 * 1024 * 1024
const MOST_JOBS = 8
const UNPAID = (): boolean => false

export class StoredForms {
  readonly #services: StoredFormsServices
  readonly #hardening: Hardening
  /** Forms being made as they stream. */
  readonly #jobs = new Map<EncodedForms, Map<TaggedCoding, CodedStream>>()

  constructor(services: StoredFormsServices) {
    this.#services = services
    this.#hardening = new Hardening(services.clock, services.background)
  }

  /** The forms of a stored response; forms of their own, soon gone, for one that no store keeps. */
  formsOf(routed: Searched, stored: StoredResponse): EncodedForms {
    const slot = this.#services.store.slotOf(this.#services.searches.keyOf(routed), stored)
    return slot === undefined ? new EncodedForms(stored.body, UNPAID) : formsOn(slot)
  }

  /** What the hit path may send in this turn; undefined: the ordinary way has to see to it. */
  encodedForm(slot: Slot, wishes: Wishes): Represented | undefined {
    const { response } = slot
    const choice = chooseCoding(wishes, response, response.body.length)
    if (choice.target === 'as-is') return { choice, body: response.body }
    return this.represent(formsOn(slot), choice)
  }

  /** The octets to send; undefined where they can only be had as a stream (`job`). */
  represent(forms: EncodedForms, choice: Choice): Represented | undefined {
    const { target } = choice
    if (target === 'as-is') return { choice, body: forms.content }
    const always = choice.preference?.identity === false
    const known = forms.use(target)
    const form = known === undefined || (known === 'useless' && always) ? makeNow(forms, choice, always) : known
    // Who refuses identity is not given it because others are being served; jobs are one for each content and coding.
    if (form === undefined) return always || this.#mayStream(forms, target) ? undefined : asIs(forms, choice)
    if (form === 'useless') return asIs(forms, choice)
    if (forms.isDue(form)) this.#hardening.offer(forms, form)
    return { choice, body: form.body }
  }

  /** The job that makes this form as it streams: one for all who want it. */
  job(forms: EncodedForms, choice: Choice): CodedStream {
    const target = choice.target as TaggedCoding
    const running = this.#jobs.get(forms)?.get(target)
    if (running?.joinable === true) return running
    const over = () => this.#end(forms, target, job)
    const job: CodedStream = new CodedStream(choice, {
      limits: { budget: this.#services.budget, maxBacklog: bytes(Number.MAX_SAFE_INTEGER) },
      keeps: () => target !== 'identity' || job.coded <= LARGEST_DECODED,
      onWhole: body => {
        forms.adopt({ coding: target, body, hard: target === 'identity' } satisfies Form)
        over()
      },
      onBroken: () => {
        forms.giveUp(target)
        over()
      },
      onUnwanted: over,
    })
    const jobs = this.#jobs.get(forms) ?? new Map<TaggedCoding, CodedStream>()
    this.#jobs.set(forms, jobs.set(target, job))
    job.write(forms.content)
    job.end([])
    return job
  }

  #mayStream(forms: EncodedForms, target: TaggedCoding): boolean {
    return this.#jobs.size < MOST_JOBS || this.#jobs.get(forms)?.has(target) === true || target === 'identity'
  }

  #end(forms: EncodedForms, target: TaggedCoding, job: CodedStream): void {
    const jobs = this.#jobs.get(forms)
    if (jobs?.get(target) !== job) return
    jobs.delete(target)
    if (jobs.size === 0) this.#jobs.delete(forms)
  }
}

function asIs(forms: EncodedForms, choice: Choice): Represented {
  return { choice: { ...choice, target: 'as-is' }, body: forms.content }
}

function makeNow(forms: EncodedForms, { target, from }: Choice, always: boolean): Form | 'useless' | undefined {
  if (target === 'identity') return from === undefined ? undefined : forms.decodeNow(from)
  return target === 'as-is' ? undefined : forms.encodeNow(target, always)
}

/** The forms that hang on a slot, hung there if need be. */
function formsOn(slot: Slot): EncodedForms {
  const attached = slot.attached(ENCODED)
  if (attached?.payer === slot) return attached
  const charge = (delta: number) => slot.charge(ENCODED, delta)
  if (attached !== undefined) {
    attached.payableBy(slot, charge)
    return attached
  }
  const made = new EncodedForms(slot.response.body, charge, slot)
  return slot.attach(ENCODED, made, ATTACHED) ? made : new EncodedForms(slot.response.body, UNPAID)
}
