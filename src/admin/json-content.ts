// What did the caller send?
//
// A JSON object of at most 64 KiB announced as application/json, or the answer that says
// what is wrong with it. The media type is insisted on because a browser can't send it
// across sites without asking first.

import { problem, type WholeAnswer } from './answer.ts'
import type { AdminRequest } from './router.ts'

export const CONTENT_LIMIT = 64 * 1024

export type JsonObject = Readonly<Record<string, unknown>>

export type JsonContent = { readonly value: JsonObject } | { readonly refusal: WholeAnswer }

export async function readJson(request: AdminRequest): Promise<JsonContent> {
  if (!/^application\/json[ \t]*(;|$)/i.test(request.contentType ?? '')) {
    return { refusal: problem(415, 'Send JSON with Content-Type: application/json.') }
  }
  const content = await request.read()
  if (content === undefined) return { refusal: problem(413, `The body is larger than ${CONTENT_LIMIT} bytes.`) }
  return parseObject(content.toString('utf8'))
}

function parseObject(text: string): JsonContent {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { value: value as JsonObject }
    return { refusal: problem(400, 'The body is JSON but not an object.') }
  } catch (error) {
    return { refusal: problem(400, `The body is not JSON: ${(error as Error).message}`) }
  }
}
