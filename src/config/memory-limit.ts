// How much memory is `store.memory: auto`?
//
// 40 % of what the process may use, at most 512 MiB: the limit of its cgroup (v2
// memory.max or v1 memory.limit_in_bytes, the lowest on the way from the process's own
// group to the root, since every ancestor's limit holds too), or else the machine's
// memory. Inside a container the path may name groups that aren't visible; the root of
// the mount then has the container's own limit.

import { readFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { type Bytes, bytes } from '../base/units.ts'

export interface MemorySources {
  /** The file's content, or undefined where it can't be read. */
  readonly read: (path: string) => string | undefined
  readonly total: Bytes
}

const SHARE = 0.4
const MOST = bytes(512 * 1024 ** 2)

const system = (): MemorySources => ({ read: readIfThere, total: bytes(totalmem()) })

/** The size that `store.memory: auto` stands for on this machine. */
export function memoryAuto(sources: MemorySources = system()): Bytes {
  const limits = [...limitsOfGroups(sources.read), sources.total].filter(limit => limit > 0)
  return bytes(Math.min(MOST, Math.floor(Math.min(...limits) * SHARE)))
}

function limitsOfGroups(read: MemorySources['read']): number[] {
  return (read('/proc/self/cgroup') ?? '')
    .split('\n')
    .map(line => /^([0-9]+):([^:]*):(\/.*)$/.exec(line))
    .filter(parts => parts !== null)
    .flatMap(([, , controllers, path]) => {
      if (controllers === '') return limitsUpwards('/sys/fs/cgroup', path as string, 'memory.max')
      const isMemory = (controllers as string).split(',').includes('memory')
      return isMemory ? limitsUpwards('/sys/fs/cgroup/memory', path as string, 'memory.limit_in_bytes') : []
    })
    .map(file => Number.parseInt(read(file) ?? '', 10))
    .filter(limit => Number.isFinite(limit))
}

/** The limit's file in the group, in each above it, and in the mount's root. */
function limitsUpwards(mount: string, path: string, name: string): string[] {
  const segments = path.split('/').filter(segment => segment !== '' && segment !== '..')
  const groups = segments.map((_, at) => `/${segments.slice(0, at + 1).join('/')}`)
  return ['', ...groups].map(group => `${mount}${group}/${name}`)
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // Not there, or not ours to read: then it sets no limit.
    return undefined
  }
}
