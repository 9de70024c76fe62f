// Where do log lines go, and when?
//
// To standard output, asynchronously and in blocks: 4 KiB gathered, half a second gone
// by, or an urgent line sends what there is; what is left goes at exit, blocking.
// Bounded: when nobody reads, lines beyond 4 MiB are dropped and their number is written
// once it moves again. A closed pipe ends logging, never Pillion.
// Not pino.destination: its flush at exit spins for ever when the reader is gone.

import { write, writeSync } from 'node:fs'
import { isatty } from 'node:tty'
import { type Milliseconds, milliseconds } from '../base/units.ts'

export interface LogSink {
  /** True where lines are for a person's eyes. */
  readonly pretty: boolean
  /** One line without its end. */
  write(line: string, urgent: boolean): void
  /** Whether `write` would keep a line of this length, rather than drop it. */
  takes(length: number): boolean
  /** Writes what waits, blocking; gives up on a non-blocking descriptor that stays full for a tenth of a second. */
  flush(): void
  /** Flushes and lets go of the exit hook; later lines go nowhere. */
  close(): void
}

export interface LogSinkOptions {
  /** Default: standard output. */
  readonly fd?: number
  /** Default: true where `fd` is a terminal. */
  readonly pretty?: boolean
  /** Longest wait of a line that is not urgent. */
  readonly patience?: Milliseconds
}

const BLOCK = 4096
const LIMIT = 4 * 1024 * 1024
const EAGAIN_PAUSE = milliseconds(20)
const EXIT_ATTEMPTS = 5

/** Registers an exit hook until `close`. */
export function createLogSink(options: LogSinkOptions = {}): LogSink {
  return new DescriptorSink(options)
}

class DescriptorSink implements LogSink {
  readonly pretty: boolean
  readonly #fd: number
  readonly #patience: Milliseconds
  #waiting: string[] = []
  #waitingLength = 0
  /** The block being written; at most one, so that lines keep their order. */
  #block: Buffer | undefined
  #dropped = 0
  #timer: NodeJS.Timeout | undefined
  #open = true

  constructor(options: LogSinkOptions) {
    this.#fd = options.fd ?? 1
    this.pretty = options.pretty ?? isatty(this.#fd)
    this.#patience = options.patience ?? milliseconds(500)
    process.on('exit', this.#atExit)
  }

  write(line: string, urgent: boolean): void {
    if (!this.#open) return
    if (this.#waitingLength + line.length > LIMIT) {
      this.#dropped += 1
      return
    }
    if (this.#dropped > 0) this.#confess()
    this.#append(line)
    if (urgent || this.#waitingLength >= BLOCK) this.#send()
    else this.#timer ??= setTimeout(() => this.#send(), this.#patience).unref()
  }

  takes(length: number): boolean {
    return this.#open && this.#waitingLength + length <= LIMIT
  }

  flush(): void {
    if (!this.#open) return
    // The block under way is the thread pool's; a moment lets it land first.
    if (this.#block) pause(EAGAIN_PAUSE)
    const left = this.#take()
    if (left.length > 0) writeBlocking(this.#fd, left)
  }

  close(): void {
    this.flush()
    this.#end()
  }

  readonly #atExit = () => this.flush()

  #append(line: string): void {
    this.#waiting.push(line, '\n')
    this.#waitingLength += line.length + 1
  }

  #confess(): void {
    const count = this.#dropped
    this.#dropped = 0
    this.#append(JSON.stringify({ level: 'warn', msg: 'log lines were dropped because nobody read them', count }))
  }

  #take(): Buffer {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const taken = Buffer.from(this.#waiting.join(''))
    this.#waiting = []
    this.#waitingLength = 0
    return taken
  }

  #send(): void {
    if (this.#block || this.#waitingLength === 0 || !this.#open) return
    this.#block = this.#take()
    this.#writeBlock()
  }

  #writeBlock(): void {
    const block = this.#block
    if (!block) return
    write(this.#fd, block, (error, written) => {
      if (error && (error.code === 'EAGAIN' || error.code === 'EBUSY')) {
        setTimeout(() => this.#writeBlock(), EAGAIN_PAUSE).unref()
      } else if (error) {
        this.#end()
      } else if (written < block.length) {
        this.#block = block.subarray(written)
        this.#writeBlock()
      } else {
        this.#block = undefined
        this.#send()
      }
    })
  }

  #end(): void {
    this.#open = false
    clearTimeout(this.#timer)
    this.#waiting = []
    this.#block = undefined
    process.off('exit', this.#atExit)
  }
}

/** Gives up on a reader that is gone, or that stays full for `EXIT_ATTEMPTS` pauses: exit must not hang. */
function writeBlocking(fd: number, octets: Buffer): void {
  let from = 0
  let attempts = 0
  while (from < octets.length && attempts < EXIT_ATTEMPTS) {
    const written = writeSome(fd, octets.subarray(from))
    if (written === undefined) return
    if (written === 0) {
      attempts += 1
      pause(EAGAIN_PAUSE)
    }
    from += written
  }
}

/** Octets written, 0 where there is no room now, undefined where there never will be. */
function writeSome(fd: number, octets: Buffer): number | undefined {
  try {
    return writeSync(fd, octets)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'EAGAIN' || code === 'EBUSY' ? 0 : undefined
  }
}

function pause(time: Milliseconds): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, time)
}
