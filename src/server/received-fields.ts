// Which of a client's fields does nobody behind this line get to see?
//
// Those that only Pillion may set (`Pillion-…`), that rewrite the target behind the
// router's back, that speak for a surrogate, or that CGI would read as configuration
// (`Proxy`). And every name with an underscore: WSGI, CGI and PHP read `X_Forwarded_For`
// as X-Forwarded-For and `X_Clinic` as X-Clinic, so that such a field would undo what is
// replaced, or decide what is not in the key. nginx drops them too. Names with an
// underscore that the configuration itself uses are kept.

import type { RoutingSettings } from '../config/settings.ts'
import type { Fields } from '../http/fields.ts'
import { FieldNames } from '../routing/field-names.ts'

const NEVER = new FieldNames(['pillion-*', 'proxy'])
/** A proxy in front may set these. */
const FROM_TRUSTED_ALONE = new FieldNames(['x-original-url', 'x-rewrite-url', 'surrogate-capability'])

export interface Received {
  readonly fields: Fields
  /** A name that was left out for its underscore. */
  readonly underscored: string | undefined
}

/** The fields without those; the very list where there are none. */
export function acceptedFields(fields: Fields, trusted: boolean, known: FieldNames): Received {
  let kept: string[] | undefined
  let underscored: string | undefined
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at] as string
    const odd = name.includes('_') && !known.has(name)
    if (odd) underscored ??= name
    if (odd || NEVER.has(name) || (!trusted && FROM_TRUSTED_ALONE.has(name))) kept ??= fields.slice(0, at)
    else kept?.push(name, fields[at + 1] as string)
  }
  return { fields: kept ?? fields, underscored }
}

/** The names with an underscore that this configuration decides by. */
export function underscoredNames(settings: RoutingSettings): FieldNames {
  const { user, parts, audit } = settings.identity
  const sources = [...user, ...parts.map(part => part.source), audit]
  const identity = sources.flatMap(source => (source?.kind === 'header' ? [source.name] : []))
  const routes = [...settings.routes, settings.defaultRoute]
  const ruled = routes.flatMap(route => [...route.vary, ...(route.when?.header ?? []).map(({ name }) => name)])
  return new FieldNames([...identity, ...settings.credentials, ...ruled].filter(name => name.includes('_')))
}
