// How many bytes of memory does a stored response really take?
//
// What V8 and the allocator need for each part, measured on Node 26 without pointer
// compression (bench/footprint.ts repeats the measurement and test/store/ holds the sum
// against the process's own memory). Every part is counted as if it were nobody else's,
// so the sum errs on the large side.

import { type Bytes, bytes } from '../base/units.ts'
import type { CacheKey } from './store.ts'
import type { StoredResponse } from './stored-response.ts'

/** Header, padding to words. */
const STRING = 24
const ARRAY = 32
const WORD = 8
/** Buffer, its ArrayBuffer, and what both keep outside the heap. */
const BUFFER = 420
/** The response's own fields and the numbers in boxes. */
const RESPONSE = 260
/** A slot, and its place in the Map (which may be up to twice as large as needed). */
const SLOT = 290
const NOMINATED = 40

export function footprint(key: CacheKey, response: StoredResponse): Bytes {
  const { fields, scopes, nominated, body } = response
  let size = SLOT + RESPONSE + 3 * ARRAY + BUFFER + body.length + stringFootprint(key)
  for (const text of fields) size += WORD + stringFootprint(text)
  for (const scope of scopes) size += WORD + stringFootprint(scope)
  for (const { name, value } of nominated) size += NOMINATED + stringFootprint(name) + stringFootprint(value ?? '')
  return bytes(size)
}

/** Text from the wire is Latin-1, one byte a character; what isn't is rare and counted double. */
function stringFootprint(text: string): number {
  return STRING + (isOneByte(text) ? text.length : 2 * text.length)
}

function isOneByte(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0xff) return false
  return true
}
