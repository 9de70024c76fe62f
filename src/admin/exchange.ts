// How do a node request and response meet the admin's own values?
//
// Inwards: the few fields that matter, and the content up to a limit. Outwards: the
// answer with the fields that every answer carries: nothing here may be stored, guessed
// at or embedded elsewhere. An error ends the connection when content is still coming,
// so that nobody can make the admin port read without end.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from './answer.ts'
import { CONTENT_LIMIT } from './json-content.ts'
import type { AdminRequest } from './router.ts'

export function adminRequest(message: IncomingMessage): AdminRequest {
  const target = message.url ?? '/'
  const mark = target.indexOf('?')
  return {
    method: message.method ?? 'GET',
    path: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? '' : target.slice(mark + 1),
    host: message.headers.host,
    origin: message.headers.origin,
    authorization: message.headers.authorization,
    accept: message.headers.accept,
    contentType: message.headers['content-type'],
    read: () => readContent(message),
  }
}

async function readContent(message: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  // Leaving the loop early must not destroy the message: its socket still owes the caller an answer.
  for await (const chunk of message.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > CONTENT_LIMIT) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

const ALWAYS = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
}

export function writeAnswer(message: IncomingMessage, response: ServerResponse, answer: Answer): void {
  if (response.destroyed) return
  const closing = hasContentComing(message) ? { Connection: 'close' } : {}
  const isHead = message.method === 'HEAD'
  if ('stream' in answer) {
    response.writeHead(answer.status, { ...ALWAYS, ...answer.fields, ...closing })
    if (isHead) response.end()
    else answer.stream(response)
    return
  }
  const length = { 'Content-Length': String(Buffer.byteLength(answer.body)) }
  response.writeHead(answer.status, { ...ALWAYS, ...answer.fields, ...length, ...closing })
  if (isHead) response.end()
  else response.end(answer.body)
}

function hasContentComing({ complete, headers }: IncomingMessage): boolean {
  return !complete && (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0)
}
