// Which route is to be let out of quarantine?
//
// `{route, lift: true}` and nothing else: putting a route into quarantine is the
// configuration's business (`cache: off`), so there is no order for it.

import type { JsonObject } from './json-content.ts'

/** The route's name, or one sentence in `wrong` that says what is. */
export function parseQuarantineOrder(content: JsonObject): { readonly route: string } | string {
  const unknown = Object.keys(content).find(key => key !== 'route' && key !== 'lift')
  if (unknown !== undefined) return `${JSON.stringify(unknown)} is no key here; there are route and lift.`
  const { route, lift } = content
  if (typeof route !== 'string' || route === '') return "route is a route's name."
  if (lift !== true)
    return 'lift takes the value true alone; `cache: off` in the configuration keeps a route out of the cache.'
  return { route }
}
