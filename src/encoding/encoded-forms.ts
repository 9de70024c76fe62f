// Which coded forms of one stored content are there, and when is a better one due?
//
// The content is canonical; forms hang below it, each made once (docs/design.md,
// invariant 7). Small content gets a form within the answer that first wants it, at a
// cheap level; a form that is asked for again and again is tried harder, in the
// background. What a form takes is charged to whoever keeps the content, and a form that
// can't be paid for serves its one client and is gone. A form that saves nothing is
// remembered as such, so that nobody tries again.

import type { MadeCoding, TaggedCoding } from '../http/content-coding.ts'
import { AT_ONCE, compressNow, decompressNow } from './codings.ts'

/** One form of a content, as it goes over the wire. Never changed: a better one takes its place. */
export interface Form {
  readonly coding: TaggedCoding
  readonly body: Buffer
  readonly hard: boolean
}

/** Pays for what is kept; false: no. */
export type Charge = (delta: number) => boolean

/** What a form takes besides its octets: the object, the Buffer and its ArrayBuffer. */
const OVERHEAD = 520
/** A coded form has to save this share of the content. */
const LEAST_GAIN = 0.05
const DECODED_AT_ONCE = 1024 * 1024
/** Uses after which a form is worth more time. */
const HOT = 8

export class EncodedForms {
  readonly content: Buffer
  readonly #forms = new Map<TaggedCoding, Form | 'useless'>()
  readonly #uses = new Map<TaggedCoding, number>()
  /** Who keeps the content and pays for its forms. */
  payer: object | undefined
  #charge: Charge

  constructor(content: Buffer, charge: Charge, payer?: object) {
    this.content = content
    this.#charge = charge
    this.payer = payer
  }

  /** The content moved to a freshened response, whose keeper has taken the forms' cost over. */
  payableBy(payer: object, charge: Charge): void {
    this.payer = payer
    this.#charge = charge
  }

  /** The form if it is there, counted as a use; `useless`: the content as it is serves better, or can't be decoded. */
  use(coding: TaggedCoding): Form | 'useless' | undefined {
    const form = this.#forms.get(coding)
    if (form !== undefined) this.#uses.set(coding, (this.#uses.get(coding) ?? 0) + 1)
    return form
  }

  /** The form without any use of it. */
  peek(coding: TaggedCoding): Form | 'useless' | undefined {
    return this.#forms.get(coding)
  }

  /** True at every eighth use of a form that was not tried hard yet. */
  isDue(form: Form): boolean {
    return !form.hard && form.coding !== 'identity' && (this.#uses.get(form.coding) ?? 0) % HOT === 0
  }

  /** Compresses small content in this turn; undefined where it is too large for that. `always`: even if nothing is saved. */
  encodeNow(coding: MadeCoding, always: boolean): Form | 'useless' | undefined {
    if (this.content.length > AT_ONCE) return undefined
    const body = compressNow({ coding, content: this.content })
    if (!always && !this.#saves(body)) return this.#keep(coding, 'useless')
    return this.#keep(coding, { coding, body, hard: false })
  }

  /** Takes the origin's coding off small content in this turn; undefined where it is too large for that. */
  decodeNow(from: MadeCoding): Form | 'useless' | undefined {
    if (this.content.length > AT_ONCE) return undefined
    const body = decompressNow({ coding: from, content: this.content }, DECODED_AT_ONCE)
    return body === undefined ? undefined : this.#keep('identity', { coding: 'identity', body, hard: true })
  }

  /** Takes over a form made elsewhere: as a stream, or with more time. */
  adopt(form: Form): void {
    const known = this.#forms.get(form.coding)
    if (known !== undefined && known !== 'useless' && known.body.length < form.body.length) {
      this.#forms.set(form.coding, { ...known, hard: known.hard || form.hard })
      return
    }
    this.#keep(form.coding, form)
  }

  /** The content doesn't decode, whatever the origin said. */
  giveUp(coding: TaggedCoding): void {
    this.#keep(coding, 'useless')
  }

  #saves(body: Buffer): boolean {
    return body.length <= this.content.length * (1 - LEAST_GAIN)
  }

  #keep<F extends Form | 'useless'>(coding: TaggedCoding, form: F): F {
    const former = this.#forms.get(coding)
    if (this.#charge(sizeOf(form) - (former === undefined ? 0 : sizeOf(former)))) this.#forms.set(coding, form)
    return form
  }
}

function sizeOf(form: Form | 'useless'): number {
  return form === 'useless' ? 64 : form.body.length + OVERHEAD
}
