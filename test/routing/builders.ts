// What do the tests of routing share? Requests and compiled routes without ceremony.

import { loadConfiguration } from '../../src/config/load.ts'
import { isError } from '../../src/config/problems.ts'
import type { PresentedRequest } from '../../src/http/message.ts'
import { type Compilation, compileRoutes } from '../../src/routing/compile.ts'
import { createIdentitySecret, type IdentitySecret } from '../../src/routing/identity.ts'
import type { Route } from '../../src/routing/route.ts'

const SECRET = createIdentitySecret()

/** `GET /path?query` of a client without any field. */
export function aRequest(line = 'GET /', rest: Partial<PresentedRequest> = {}): PresentedRequest {
  const [method = 'GET', target = '/'] = line.split(' ')
  const mark = target.indexOf('?')
  const path = mark < 0 ? target : target.slice(0, mark)
  const query = mark < 0 ? undefined : target.slice(mark + 1)
  return { method, scheme: 'http', host: 'api.test', path, query, fields: [], hasBody: false, ...rest }
}

/** Compiles a configuration's text; its own problems must not be errors. */
export function compile(text: string, secret: IdentitySecret = SECRET): Compilation {
  const loaded = loadConfiguration({ text, environment: { UPSTREAM: 'http://127.0.0.1:1' } })
  const errors = loaded.problems.filter(isError)
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'))
  return compileRoutes(loaded.routing, loaded.source, secret)
}

/** Compiled routes by `name: match` pairs. */
export function compileMatches(matches: Readonly<Record<string, string>>): Compilation {
  const lines = Object.entries(matches).map(([name, match]) => `  ${name}: { match: ${JSON.stringify(match)} }`)
  return compile(`routes:\n${lines.join('\n')}\n`)
}

/** The one route of a configuration that consists of these keys; taken by every request. */
export function aRoute(keys: string, top = '', secret: IdentitySecret = SECRET): Route {
  const { compiled, problems } = compile(`${top}\nroutes:\n  it: { match: /**, ${keys} }\n`, secret)
  const [error] = problems.filter(isError)
  if (error !== undefined) throw new Error(error.message)
  return compiled.router.routes[0] as Route
}
