// What requests do these logs hold, in the order of their arrival?
//
// Streams in, batches of records out: bytes are split into lines, each line is read by
// what it looks like (a JSON object, or a combined line), and files are merged by time,
// so that rotated logs may be named in any order. Malformed lines are counted, never
// fatal. What is remembered of a log as a whole is the tally.

import type { EpochMs, Milliseconds } from '../../base/units.ts'
import { createCombinedReader } from './combined-line.ts'
import { createJsonReader } from './json-line.ts'
import type { IdentityFields, LineReader, LogRecord } from './log-record.ts'
import { TimeOrder } from './time-order.ts'

/** Bytes of a log, uncompressed. */
export type LogStream = AsyncIterable<Buffer>

/** What was seen while reading; grows as batches are taken. */
export interface LogTally {
  lines: number
  malformed: number
  /** JSON lines of other kinds, such as a proxy's own messages. */
  others: number
  records: number
  /** The first malformed line, for showing. */
  sample: string | undefined
  first: EpochMs | undefined
  last: EpochMs | undefined
  /** Records with a duration, and the shortest. */
  timed: number
  shortest: Milliseconds | undefined
  /** Records that name who asked ('' counts: nobody in particular is an answer). */
  named: number
  /** Records whose response fields are known. */
  described: number
}

export function emptyTally(): LogTally {
  return {
    lines: 0,
    malformed: 0,
    others: 0,
    records: 0,
    sample: undefined,
    first: undefined,
    last: undefined,
    timed: 0,
    shortest: undefined,
    named: 0,
    described: 0,
  }
}

const BATCH = 1024
/** A longer line is no line of an access log. */
const LONGEST_LINE = 1024 * 1024

/** All records, merged and ordered by arrival, in batches. Rejects with what a stream rejects with. */
export async function* readLogs(
  streams: readonly LogStream[],
  identity: IdentityFields,
  tally: LogTally,
): AsyncGenerator<LogRecord[]> {
  const order = new TimeOrder()
  let batch: LogRecord[] = []
  for await (const records of merged(streams.map(stream => recordsOf(stream, identity, tally)))) {
    for (const record of records) {
      const next = order.push(record)
      if (next !== undefined) batch.push(next)
    }
    if (batch.length < BATCH) continue
    yield batch
    batch = []
  }
  for (let next = order.pop(); next !== undefined; next = order.pop()) batch.push(next)
  yield batch
}

interface Head {
  readonly rest: AsyncGenerator<LogRecord[]>
  records: LogRecord[]
  at: number
}

/** Takes from the source whose next record is the earliest. */
async function* merged(sources: readonly AsyncGenerator<LogRecord[]>[]): AsyncGenerator<LogRecord[]> {
  let heads: Head[] = sources.map(rest => ({ rest, records: [], at: 0 }))
  for (;;) {
    for (const head of heads) await refill(head)
    heads = heads.filter(({ records }) => records.length > 0)
    if (heads.length === 0) return
    yield takeUntilOneIsEmpty(heads)
  }
}

async function refill(head: Head): Promise<void> {
  while (head.at === head.records.length) {
    const { done, value } = await head.rest.next()
    head.records = done === true ? [] : value
    head.at = 0
    if (done === true) return
  }
}

function takeUntilOneIsEmpty(heads: readonly Head[]): LogRecord[] {
  const taken: LogRecord[] = []
  for (;;) {
    let first = heads[0] as Head
    for (const head of heads) if (atOf(head) < atOf(first)) first = head
    taken.push(first.records[first.at] as LogRecord)
    first.at += 1
    if (first.at === first.records.length) return taken
  }
}

function atOf({ records, at }: Head): number {
  return (records[at] as LogRecord).at
}

async function* recordsOf(stream: LogStream, identity: IdentityFields, tally: LogTally): AsyncGenerator<LogRecord[]> {
  const readers = { json: createJsonReader(identity), combined: createCombinedReader() }
  for await (const text of wholeLines(stream)) {
    const records: LogRecord[] = []
    let begin = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', begin)) {
      const record = readLine(text.slice(begin, end), readers, tally)
      if (record !== undefined) records.push(record)
      begin = end + 1
    }
    if (records.length > 0) yield records
  }
}

/** Chunks cut at line ends; every line in them ends with "\n". */
async function* wholeLines(stream: LogStream): AsyncGenerator<string> {
  let kept: Buffer[] = []
  let length = 0
  for await (const chunk of stream) {
    const cut = chunk.lastIndexOf(0x0a) + 1
    if (cut > 0) {
      yield Buffer.concat([...kept, chunk.subarray(0, cut)]).toString()
      kept = []
      length = 0
    }
    if (cut === chunk.length) continue
    // Past the bound the line is given up, but its end is still awaited: it counts once.
    if (length <= LONGEST_LINE) kept.push(chunk.subarray(cut))
    length += chunk.length - cut
  }
  if (length > 0) yield `${Buffer.concat(kept).toString()}\n`
}

interface Readers {
  readonly json: LineReader
  readonly combined: LineReader
}

function readLine(written: string, readers: Readers, tally: LogTally): LogRecord | undefined {
  const line = written.endsWith('\r') ? written.slice(0, -1) : written
  if (line === '') return undefined
  tally.lines += 1
  const read = line.startsWith('{') ? readers.json(line) : readers.combined(line)
  if (read === 'other') tally.others += 1
  else if (read === 'malformed') countMalformed(line, tally)
  else return counted(read, tally)
  return undefined
}

function countMalformed(line: string, tally: LogTally): void {
  tally.malformed += 1
  tally.sample ??= line.slice(0, 200)
}

function counted(record: LogRecord, tally: LogTally): LogRecord {
  const { at, duration } = record
  tally.records += 1
  if (tally.first === undefined || at < tally.first) tally.first = at
  if (tally.last === undefined || at > tally.last) tally.last = at
  if (record.user !== undefined) tally.named += 1
  if (record.fields !== undefined) tally.described += 1
  if (duration !== undefined) {
    tally.timed += 1
    if (tally.shortest === undefined || duration < tally.shortest) tally.shortest = duration
  }
  return record
}

/** Nothing quick in a log with durations: it was written with `log.access: slow` or the like, and its rates mean nothing. */
export function holdsOnlySlow({ timed, records, shortest = 0 as Milliseconds }: LogTally): boolean {
  return timed >= 20 && timed === records && shortest >= 100
}
