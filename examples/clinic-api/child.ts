// How is another program of the demo started, heard and ended?
//
// Each is a real process of its own, in a process group of its own: Ctrl-C reaches the
// demo alone, which ends its children in the right order. A child is ready when it has
// written its "listening" line; one that dies before says why. Whatever happens to the
// demo, short of SIGKILL, no child outlives it.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

const KEPT_LINES = 20

/** The line with which a child says that it is ready: the API gives its `url`, Pillion `listen` and `admin`. */
export type Listening = Readonly<Partial<Record<'msg' | 'url' | 'listen' | 'admin', string>>>

export interface Child {
  readonly listening: Listening
  /** Resolves when the process is gone, however that came. */
  readonly gone: Promise<void>
  /** The last lines it wrote. */
  lastLines(): string
  /** Asks it to end by SIGTERM and waits; after `patienceMilliseconds` it is killed. */
  end(patienceMilliseconds: number): Promise<void>
  kill(): void
}

export interface ChildCommand {
  readonly name: string
  /** Arguments for node. */
  readonly script: readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
}

const START_MILLISECONDS = 30_000

/** Resolves once the child listens; rejects with its last words when it ends before, takes too long or `signal` aborts. */
export async function startChild(command: ChildCommand, signal: AbortSignal): Promise<Child> {
  const child = spawn(process.execPath, [...command.script], {
    env: command.environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const kill = () => void child.kill('SIGKILL')
  process.once('exit', kill)
  const gone = once(child, 'close').then(() => void process.off('exit', kill))
  const lines: string[] = []
  const tooLate = AbortSignal.any([signal, AbortSignal.timeout(START_MILLISECONDS)])
  const given = once(tooLate, 'abort')
  const listening = await Promise.race([
    firstListening(child, lines),
    given.then(() => undefined),
    gone.then(() => undefined),
  ])
  if (listening === undefined) {
    kill()
    throw new Error(`${command.name} did not start:\n${lines.join('\n')}`)
  }
  return {
    listening,
    gone,
    lastLines: () => lines.join('\n'),
    end: async patienceMilliseconds => {
      child.kill('SIGTERM')
      const timer = setTimeout(kill, patienceMilliseconds)
      await gone
      clearTimeout(timer)
    },
    kill,
  }
}

/** Keeps reading for as long as the child writes, so that it never stands still before a full pipe. */
function firstListening(child: ChildProcess, lines: string[]): Promise<Listening | undefined> {
  return new Promise(resolve => {
    const hear = (line: string) => {
      lines.push(line)
      if (lines.length > KEPT_LINES) lines.shift()
      const said = parseLine(line)
      if (said?.['msg'] === 'listening') resolve(said)
    }
    for (const stream of [child.stdout, child.stderr]) if (stream) createInterface({ input: stream }).on('line', hear)
    child.on('error', error => {
      lines.push(error.message)
      resolve(undefined)
    })
  })
}

function parseLine(line: string): Listening | null {
  try {
    return JSON.parse(line) as Listening | null
  } catch {
    // Not every line a program writes is a log line.
    return null
  }
}
