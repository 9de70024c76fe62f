// Which handler answers, and what if none does?
//
// A table of exact paths and methods: no parameters, no patterns. HEAD is GET without
// content (the listener leaves it out). The guard comes first, so an outsider can't
// tell a path that exists from one that doesn't.

import type { Answer } from './answer.ts'
import { problem } from './answer.ts'
import { type Access, type Caller, type Door, refuse } from './guard.ts'

export interface AdminRequest extends Caller {
  readonly method: string
  readonly path: string
  /** Raw query without '?', '' for none. */
  readonly query: string
  readonly accept: string | undefined
  readonly contentType: string | undefined
  /** The whole content, or undefined where it is larger than the limit. */
  read(): Promise<Buffer | undefined>
}

export interface AdminRoute {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly access: Access
  readonly handle: (request: AdminRequest) => Answer | Promise<Answer>
}

export type Router = (request: AdminRequest, door: Door) => Answer | Promise<Answer>

export function createRouter(routes: readonly AdminRoute[]): Router {
  return (request, door) => {
    const here = routes.filter(route => route.path === request.path)
    const refusal = refuse(request, here[0]?.access ?? 'private', door)
    if (refusal) return refusal
    if (here.length === 0)
      return problem(404, `${request.path} is no path of the admin API; docs/admin-api.md lists them.`)
    const method = request.method === 'HEAD' ? 'GET' : request.method
    return here.find(route => route.method === method)?.handle(request) ?? wrongMethod(request, here)
  }
}

function wrongMethod(request: AdminRequest, here: readonly AdminRoute[]): Answer {
  const allow = here.map(route => (route.method === 'GET' ? 'GET, HEAD' : route.method)).join(', ')
  return problem(405, `${request.path} takes ${allow}, not ${request.method}.`, { fields: { Allow: allow } })
}
