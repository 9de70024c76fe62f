// How do the tests of the clinic API ask it?
//
// A client that has signed in, over real sockets; answers come back whole, with the
// JSON already read.

import type { ClinicApi } from '../../examples/clinic-api/server.ts'

interface ClinicReply {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: answers are read field by field in assertions
  readonly json: any
}

export interface ClinicClient {
  readonly headers: Readonly<Record<string, string>>
  /** `route` is `METHOD /path?query`; `headers` replace those of the person signed in. */
  ask(route: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<ClinicReply>
}

/** Nobody: without a token. */
export function anonymous(api: ClinicApi): ClinicClient {
  return clientWith(api, {})
}

export async function signedIn(api: ClinicApi, login: string): Promise<ClinicClient> {
  const { json } = await anonymous(api).ask('POST /api/v1/auth/sign-in', { login, password: `${login}-demo` })
  return clientWith(api, { Authorization: `Bearer ${json.token}`, 'X-Clinic': json.clinic })
}

function clientWith(api: ClinicApi, own: Readonly<Record<string, string>>): ClinicClient {
  return {
    headers: own,
    ask: async (route, body, headers = own) => {
      const [method = 'GET', target = '/'] = route.split(' ')
      const content = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }
      const answer = await fetch(api.url + target, { method, headers, ...content })
      const text = await answer.text()
      const isJson = answer.headers.get('content-type') === 'application/json' && text !== ''
      return { status: answer.status, headers: answer.headers, json: isJson ? JSON.parse(text) : text }
    },
  }
}
