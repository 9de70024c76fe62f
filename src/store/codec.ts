// How does a stored response become bytes, and bytes a stored response?
//
// One frame, head and content in one buffer: mark, version, checksum, length, then the
// parts, each prefixed by its length. Decoding is total: whatever is not exactly what
// encoding wrote (cut off, flipped, of another version, too long) is `undefined` and so
// a miss, never a wrong response and never an exception. A reader knows VERSION only:
// when the layout changes, it learns to read both or the old frames count as misses.

import { crc32 } from 'node:zlib'
import { bytes, epochMs, milliseconds } from '../base/units.ts'
import type { NominatedField } from '../http/vary.ts'
import { FrameReader, FrameWriter } from './frame.ts'
import type { Scope } from './scopes.ts'
import type { StoredResponse } from './stored-response.ts'

const MARK = 0x504c
const VERSION = 1
/** Mark 2, version 1, flags 1, checksum 4, length of all that follows 4. */
const HEADER = 12
const ETAG_MADE = 1

/** One buffer of its own memory. */
export function encodeStoredResponse(response: StoredResponse): Buffer {
  const writer = new FrameWriter(HEADER + estimate(response))
  writer.skip(HEADER)
  writeHead(writer, response)
  writer.content(response.body)
  const frame = writer.finish()
  frame.writeUInt16BE(MARK, 0)
  frame[2] = VERSION
  frame[3] = response.etagMade ? ETAG_MADE : 0
  frame.writeUInt32BE(frame.length - HEADER, 8)
  frame.writeUInt32BE(checksumOf(frame), 4)
  return frame
}

/** Undefined for anything that `encodeStoredResponse` of this version did not write. The body is a copy. */
export function decodeStoredResponse(frame: Buffer): StoredResponse | undefined {
  if (frame.length < HEADER || frame.readUInt16BE(0) !== MARK || frame[2] !== VERSION) return undefined
  if (frame.readUInt32BE(8) !== frame.length - HEADER || frame.readUInt32BE(4) !== checksumOf(frame)) return undefined
  const reader = new FrameReader(frame, HEADER)
  const response = readHead(reader, ((frame[3] as number) & ETAG_MADE) !== 0)
  return reader.sound && reader.atEnd ? response : undefined
}

/** Covers everything but itself. */
function checksumOf(frame: Buffer): number {
  return crc32(frame.subarray(8), crc32(frame.subarray(0, 4)))
}

function estimate({ fields, scopes, nominated, body }: StoredResponse): number {
  let size = 96 + body.length
  for (const text of fields) size += text.length + 8
  for (const scope of scopes) size += scope.length + 8
  for (const field of nominated)
    size += field.name.length + (field.value?.length ?? 0) + (field.language?.length ?? 0) + 24
  return size
}

function writeHead(writer: FrameWriter, response: StoredResponse): void {
  writer.number(response.status)
  writer.number(response.requestTime)
  writer.number(response.responseTime)
  writer.number(response.date)
  writer.number(response.sequence)
  writer.number(response.originTime)
  writer.number(response.jitterAt)
  writer.number(response.usefulUntil)
  writer.number(response.headBytes)
  writer.list(response.fields, text => writer.text(text))
  writer.list(response.scopes, text => writer.text(text))
  writer.list(response.nominated, ({ name, value, language }) => {
    writer.text(name)
    writer.optionalText(value)
    writer.optionalText(language)
  })
}

function readHead(reader: FrameReader, etagMade: boolean): StoredResponse {
  return {
    status: reader.number(),
    requestTime: epochMs(reader.number()),
    responseTime: epochMs(reader.number()),
    date: epochMs(reader.number()),
    sequence: reader.number(),
    originTime: milliseconds(reader.number()),
    jitterAt: reader.number(),
    usefulUntil: epochMs(reader.number()),
    headBytes: bytes(reader.number()),
    fields: reader.list(() => reader.text()),
    scopes: reader.list(() => reader.text() as Scope),
    nominated: reader.list(() => readNominated(reader)),
    body: reader.content(),
    etagMade,
  }
}

function readNominated(reader: FrameReader): NominatedField {
  const name = reader.text()
  const value = reader.optionalText()
  const language = reader.optionalText()
  return language === undefined ? { name, value } : { name, value, language }
}
