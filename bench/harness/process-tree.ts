// How much CPU time, and how much memory, has a process with all its children taken?
//
// Read from /proc: utime and stime of every process below a root, in clock ticks of
// 10 ms. Time of children that have ended and were waited for counts too. On a machine
// that others use as well this holds where requests per second do not.

import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

const TICKS_PER_SECOND = 100

interface Entry {
  readonly pid: number
  readonly parent: number
  readonly ticks: number
}

function readEntry(pid: number): Entry | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const values = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + (values[at] as number), 0)
    return { pid, parent: values[1] as number, ticks }
  } catch {
    return undefined // It has ended meanwhile.
  }
}

function tree(root: number): Entry[] {
  const pids = readdirSync('/proc').filter(name => /^\d+$/.test(name))
  const all = pids.map(pid => readEntry(Number(pid))).filter(entry => entry !== undefined)
  const found = all.filter(({ pid }) => pid === root)
  for (const above of found) found.push(...all.filter(({ parent }) => parent === above.pid))
  return found
}

/** CPU seconds of `root` and everything below it, so far. */
export function cpuSeconds(root: number): number {
  return tree(root).reduce((sum, { ticks }) => sum + ticks, 0) / TICKS_PER_SECOND
}

/** Starts a command on one core, in a process group of its own, so that it can be ended as a whole. */
export function spawnPinned(core: number, words: readonly string[], options: SpawnOptions = {}): ChildProcess {
  const pinned = ['-c', String(core), ...words]
  return spawn('taskset', pinned, { stdio: ['ignore', 'ignore', 'inherit'], detached: true, ...options })
}

/** Ends what `spawnPinned` started. */
export async function endPinned(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const ended = new Promise(resolve => child.once('exit', resolve))
  process.kill(-child.pid, 'SIGKILL')
  await ended
}
