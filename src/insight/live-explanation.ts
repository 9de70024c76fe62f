// What would happen to this request here and now, and why was it so the last few times?
//
// `explain` with what only a running Pillion knows: what is stored, and the last decisions
// for the key. Whoever runs several processes asks all of them what is stored.

import type { CompiledRoutes } from '../routing/compile.ts'
import { type AskedRequest, presentedRequest } from './asked-request.ts'
import { explain } from './explain.ts'
import type { LastDecisions } from './last-decisions.ts'

/** What is stored for it (entry-report.ts), or a sentence that says why nothing can be. */
export type AskEntry = (asked: AskedRequest) => Promise<object | string>

/** The JSON shape of `explain --json` with `live` and `decisions`, or one sentence that says why not. */
export async function liveExplanation(
  asked: AskedRequest,
  compiled: CompiledRoutes,
  live: { readonly entry: AskEntry; readonly lastDecisions: LastDecisions },
): Promise<object | string> {
  const request = presentedRequest(asked)
  if (typeof request === 'string') return request
  const entry = await live.entry(asked)
  const decisions = live.lastDecisions.of(compiled.router.match(request), request)
  return { ...explain(compiled, request), ...(typeof entry === 'string' ? {} : { live: entry }), decisions }
}
