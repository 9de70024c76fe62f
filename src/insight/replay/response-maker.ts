// What did the origin answer, as far as a log can tell?
//
// Status and size are in the line; what the head said about caching is only in logs that
// hold response fields. Where it isn't, the origin is taken to be silent, as origins that
// need Pillion are, with an ordinary head so that sizes come out right. A logged 304 was
// a client's own cached copy: Pillion would have asked for the whole, whose size is taken
// from the last whole answer of the same URL's route.

import { milliseconds } from '../../base/units.ts'
import { type Fields, hasField } from '../../http/fields.ts'
import type { LogRecord } from '../log/log-record.ts'
import type { Ask } from './world.ts'

export type Answer = Pick<Ask, 'status' | 'fields' | 'size' | 'takes'>

const TAG = ['ETag', '"0123456789abcdef0123456789a"']
/** Only a 200 is given a tag by Pillion. */
const SILENT_OTHER: Fields = ['Content-Type', 'application/json', 'Content-Length', '2048', 'Server', 'uvicorn']
const SILENT: Fields = [...SILENT_OTHER, ...TAG]
/** Routes, and so sizes, are few; this bounds the sets of fields that are remembered. */
const MOST_HEADS = 1000

export class ResponseMaker {
  readonly #sizes = new Map<string, number>()
  readonly #heads = new Map<string, Fields>()

  answerTo(record: LogRecord, route: string): Answer {
    const { origin, duration, fields } = record
    const status = record.status === 304 || record.status === 206 ? 200 : record.status
    const takes = milliseconds(Math.max(0, origin ?? duration ?? 0))
    return { status, size: this.#sizeOf(record, route), takes, fields: this.#headOf(status, fields) }
  }

  #sizeOf(record: LogRecord, route: string): number {
    const before = this.#sizes.get(route)
    if (record.status === 304) return before ?? 0
    if (record.status !== 200) return record.bytes
    // A slowly moving mean: one huge answer doesn't stand for the rest.
    this.#sizes.set(route, before === undefined ? record.bytes : before * 0.95 + record.bytes * 0.05)
    return record.bytes
  }

  #headOf(status: number, logged: Fields | undefined): Fields {
    if (logged === undefined) return status === 200 ? SILENT : SILENT_OTHER
    const text = `${status} ${logged.join('\n')}`
    const known = this.#heads.get(text)
    if (known !== undefined) return known
    // What a response varies by isn't in the log: as if all requests said the same.
    const fields = withoutVary(logged)
    const head = status === 200 && !hasField(fields, 'etag') ? [...fields, ...TAG] : fields
    if (this.#heads.size < MOST_HEADS) this.#heads.set(text, head)
    return head
  }
}

function withoutVary(fields: Fields): string[] {
  const kept: string[] = []
  for (let at = 0; at < fields.length; at += 2) {
    const [name, value] = [fields[at] as string, fields[at + 1] as string]
    if (name !== 'vary' || value.trim() === '*') kept.push(name, value)
  }
  return kept
}
