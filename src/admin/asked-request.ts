// Which request is somebody asking about?
//
// `{method, url, headers?}` of /api/explain and `{url, headers?}` of /api/entry, turned
// into the field list that the rest of Pillion takes. Names must be tokens and values
// free of control characters, as if the request had come over the wire.

import type { JsonObject } from './json-content.ts'
import type { AskedRequest } from './services.ts'

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const KEYS = ['method', 'url', 'headers']

/** The request, or one sentence that says what is wrong. Without `method` it is a GET, where `mayOmitMethod`. */
export function parseAskedRequest(content: JsonObject, mayOmitMethod: boolean): AskedRequest | string {
  const unknown = Object.keys(content).find(key => !KEYS.includes(key))
  if (unknown !== undefined) return `${JSON.stringify(unknown)} is no key here; there are ${KEYS.join(', ')}.`
  const { method = mayOmitMethod ? 'GET' : undefined, url, headers = {} } = content
  if (typeof method !== 'string' || !TOKEN.test(method)) return 'method is a method name such as "GET".'
  if (typeof url !== 'string' || !/^(https?:\/\/[^/]|\/)/i.test(url)) {
    return 'url is a path that begins with "/", or a whole URL (http://host/path).'
  }
  const fields = parseFields(headers)
  return typeof fields === 'string' ? fields : { method: method.toUpperCase(), url, fields }
}

function parseFields(headers: unknown): string[] | string {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) {
    return 'headers is an object of names and values.'
  }
  const fields: string[] = []
  for (const [name, given] of Object.entries(headers)) {
    if (!TOKEN.test(name)) return `${JSON.stringify(name)} is no field name.`
    for (const value of Array.isArray(given) ? given : [given]) {
      if (typeof value !== 'string' || hasControls(value))
        return `The value of ${name} is a string (or a list) without control characters.`
      fields.push(name, value)
    }
  }
  return fields
}

function hasControls(value: string): boolean {
  return /\p{Cc}/u.test(value.replaceAll('\t', ' '))
}
