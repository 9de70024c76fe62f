// Whom does verification tell apart?
//
// By what `identity.user` names, as everywhere, and by any other credential of the
// request: on a route that everybody shares the mistake may be in those that identity
// leaves out. Without anything that identity names, all credentials count, cookies too.
// Digests are keyed with a secret of this process that nothing else uses, and are all
// that is kept of a caller.

import { createHash, randomBytes } from 'node:crypto'
import { fieldLines } from '../http/fields.ts'
import type { PresentedRequest } from '../http/message.ts'
import type { Identification } from '../routing/identity.ts'

const SECRET = randomBytes(32)

/** '' for a caller without credentials. */
export function owedCaller(
  identification: Pick<Identification, 'caller' | 'credentialsIn'>,
  request: PresentedRequest,
): string {
  const { digest } = identification.caller(request)
  const names = identification.credentialsIn(request.fields).map(name => name.toLowerCase())
  const others = names.filter(name => digest === undefined || (name !== 'cookie' && name !== 'authorization')).sort()
  if (digest === undefined && others.length === 0) return ''
  const text = JSON.stringify([digest ?? '', ...others.map(name => [name, fieldLines(request.fields, name)])])
  return createHash('sha256').update(SECRET).update(text).digest('base64url').slice(0, 22)
}
