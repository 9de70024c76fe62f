// What may be kept of an answer that was asked for as one client wanted it?
//
// Most such answers are passed on and forgotten. Two may be of use to others: the answer
// to a POST that stands for a later GET (post-answer.ts), and what answers a Range
// (part-fill.ts). Whoever keeps one hears the head, says whether it wants the content,
// and gets it whole; what the request invalidates is invalidated in between.

import type { ResponseHead, ResponseTimes } from '../http/message.ts'
import type { StoredResponse } from '../store/stored-response.ts'
import type { Whole } from './store-response.ts'

export interface Aside {
  /** Whether the content is to be kept until it is whole. */
  takes(head: ResponseHead, times: ResponseTimes): boolean
  onWhole(whole: Whole): { readonly response: StoredResponse; readonly kept: boolean }
  /** Right before what the request invalidates is invalidated. Not called where nothing came of the request. */
  beforeInvalidation?(): void
  /** Right after, in the same turn. */
  afterInvalidation?(): void
  /** Those purges bear the numbers that other replicas know, as far as these could be told; `count` of them. */
  afterAgreement?(count: number): void
  /** The exchange with the origin is over. */
  end?(): void
}
