// How does a request's content become part of the key?
//
// Under `body: true` up to 64 KiB of content is read before routing decides anything
// else, digested with the fields that say how to read it (RFC 10008 §2.7: media type and
// coding), and kept to be sent, repeatably. Longer content is not keyed: the request goes
// through uncached, with what was already read put back in front.

import { createHash } from 'node:crypto'
import { PassThrough, type Readable } from 'node:stream'
import { fieldValue } from '../http/fields.ts'
import type { PresentedRequest } from '../http/message.ts'

/** Contract §2 `body`. */
const MOST_KEYED = 64 * 1024

export interface KeyedBody {
  /** Undefined: too long to be keyed. */
  readonly digest: string | undefined
  readonly content: Buffer | Readable
}

/** Reads the content up to the bound. Rejects when the client breaks off. */
export async function readKeyedBody(request: PresentedRequest, body: Readable): Promise<KeyedBody> {
  const chunks: Buffer[] = []
  let size = 0
  const source = body.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Buffer>
  for await (const chunk of source) {
    chunks.push(chunk)
    size += chunk.length
    if (size > MOST_KEYED) return { digest: undefined, content: rejoined(chunks, body) }
  }
  const content = Buffer.concat(chunks)
  return { digest: digestOf(request, content), content }
}

function digestOf(request: PresentedRequest, content: Buffer): string {
  const digest = createHash('sha256')
  for (const name of ['content-type', 'content-encoding']) {
    const value = fieldValue(request.fields, name) ?? ''
    digest.update(`${value.length}:${value}`)
  }
  return digest.update(content).digest('base64url')
}

function rejoined(chunks: readonly Buffer[], rest: Readable): Readable {
  const whole = new PassThrough()
  for (const chunk of chunks) whole.write(chunk)
  rest.on('error', error => whole.destroy(error))
  rest.on('close', () => {
    if (!rest.readableEnded) whole.destroy(new Error('the client broke off'))
  })
  return rest.pipe(whole)
}
