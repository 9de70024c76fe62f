// Which URI does an operator mean?
//
// A whole URL, or a path alone, which means that path under every scheme and host. Split
// by hand, byte for byte, as the proxy splits a request target, so that what is purged is
// what was stored. What the proxy refuses can't be stored, and is refused here too.

import type { PresentedRequest } from '../http/message.ts'
import { hasForbiddenPath, parseAuthority } from '../http/uri.ts'

/** Scheme and host are both empty where every one is meant. */
export type AskedUri = Pick<PresentedRequest, 'path' | 'query' | 'host'> & { readonly scheme: 'http' | 'https' | '' }

/** The URI, or one sentence that says what is wrong with it. */
export function parseAskedUri(url: string): AskedUri | string {
  const parts = /^(?:(https?):\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#.*)?$/is.exec(url)
  if (parts === null) return `${JSON.stringify(url)} is no URL.`
  const [, written, authority, given = '', query] = parts
  const path = given === '' ? '/' : given
  if (hasForbiddenPath(path))
    return `The path ${JSON.stringify(path)} is refused by the proxy: nothing is stored for it.`
  if (written === undefined || authority === undefined) return { scheme: '', host: '', path, query }
  const scheme = written.toLowerCase() === 'https' ? 'https' : 'http'
  const host = parseAuthority(authority, scheme)
  return host === undefined
    ? `${JSON.stringify(authority)} is no host with an optional port.`
    : { scheme, host, path, query }
}
