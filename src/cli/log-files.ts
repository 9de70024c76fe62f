// How does a command read access logs, and tell how far it has got?
//
// Files by name, `-` for standard input, gzip recognised by its first bytes, whatever the
// name. Progress is a line on a terminal's standard error that is drawn over and wiped at
// the end; in a pipe nothing is written. It goes by the bytes of the files as they lie on
// disk, so that the time left is known for compressed logs too.

import { createReadStream, statSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { systemClock } from '../base/clock.ts'
import type { LogStream } from '../insight/log/read-logs.ts'
import type { CommandOption, Io } from './arguments.ts'

export const IDENTITY_OPTIONS: readonly CommandOption[] = [
  { name: 'user-field', value: 'FIELD', help: 'Where JSON lines name the user; dots lead into objects.' },
  { name: 'tenant-field', value: 'FIELD', help: 'Where JSON lines name the tenant.' },
]

/** Nothing useful can be read; the message says what and why. */
export class UnreadableLog extends Error {
  override readonly name = 'UnreadableLog'
}

export interface OpenLogs {
  readonly streams: readonly LogStream[]
  readonly progress: Progress
}

/** Opens all at once, so that a wrong name is told before an hour of work. Throws UnreadableLog. */
export function openLogs(names: readonly string[], io: Io): OpenLogs {
  const sizes = names.map(sizeOf)
  const total = sizes.every(size => size !== undefined) ? sizes.reduce((sum, size) => sum + size, 0) : undefined
  const progress = new Progress(io.stderr, total)
  const streams = names.map(name => unpacked(name === '-' ? io.stdin : createReadStream(name), { name, progress }))
  return { streams, progress }
}

function sizeOf(name: string): number | undefined {
  if (name === '-') return undefined
  try {
    const found = statSync(name)
    if (found.isDirectory()) throw new UnreadableLog(`${name} is a folder; name the logs in it`)
    return found.isFile() ? found.size : undefined
  } catch (error) {
    if (error instanceof UnreadableLog) throw error
    throw new UnreadableLog(`${name} can't be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`)
  }
}

interface Around {
  readonly name: string
  readonly progress: Progress
}

const GZIP = [0x1f, 0x8b]

async function* unpacked(source: NodeJS.ReadableStream, { name, progress }: Around): LogStream {
  try {
    const chunks = counted(source, progress)
    const { value: first, done } = await chunks.next()
    if (done === true) return
    const rest = joined(first, chunks)
    yield* GZIP.every((octet, at) => first[at] === octet) ? gunzipped(rest) : rest
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new UnreadableLog(`${name} can't be read: ${code ?? message}`, { cause: error })
  }
}

async function* counted(source: NodeJS.ReadableStream, progress: Progress): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    const octets = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    progress.read(octets.length)
    if (octets.length > 0) yield octets
  }
}

async function* joined(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield first
  yield* rest
}

async function* gunzipped(packed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const { Readable: readable } = await import('node:stream')
  const gunzip = createGunzip()
  const source: Readable = readable.from(packed)
  source.on('error', error => gunzip.destroy(error))
  for await (const chunk of source.pipe(gunzip)) yield chunk as Buffer
}

const DRAW_EVERY_MS = 200
const WIDTH = 24

/** A bar with the share read and the time left; without a known total, what has been read. */
class Progress {
  readonly #output: Io['stderr']
  readonly #total: number | undefined
  readonly #startedAt = systemClock.monotonic()
  #done = 0
  #drawnAt = 0

  constructor(output: Io['stderr'], total: number | undefined) {
    this.#output = output
    this.#total = total
  }

  read(octets: number): void {
    this.#done += octets
    const now = systemClock.monotonic()
    if (this.#output.isTTY !== true || now - this.#drawnAt < DRAW_EVERY_MS) return
    this.#drawnAt = now
    this.#output.write(`\r\u001b[K${progressLine(this.#done, this.#total, now - this.#startedAt)}`)
  }

  /** Wipes the bar. */
  end(): void {
    if (this.#output.isTTY === true && this.#drawnAt > 0) this.#output.write('\r\u001b[K')
  }
}

/** `[######........] 42 %  12 MB of 30 MB, 7 s left` */
export function progressLine(done: number, total: number | undefined, elapsed: number): string {
  const megabytes = (octets: number) => `${(octets / 1e6).toFixed(octets < 1e7 ? 1 : 0)} MB`
  if (total === undefined || total === 0) return `${megabytes(done)} read`
  const share = Math.min(1, done / total)
  const filled = Math.round(share * WIDTH)
  const left = share === 0 ? undefined : Math.ceil((elapsed / 1000) * (1 / share - 1))
  const bar = `${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}`
  const percent = `${Math.floor(share * 100)} %`.padStart(5)
  return `[${bar}] ${percent}  ${megabytes(done)} of ${megabytes(total)}${left === undefined ? '' : `, ${left} s left`}`
}
