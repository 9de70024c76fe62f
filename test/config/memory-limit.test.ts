// Is `store.memory: auto` 40 % of what the process may use, and never over 512 MiB?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { bytes } from '../../src/base/units.ts'
import { memoryAuto } from '../../src/config/memory-limit.ts'

const MIB = 1024 ** 2

const auto = (files: Readonly<Record<string, string>>, total = 64_000 * MIB) =>
  memoryAuto({ read: path => files[path], total: bytes(total) }) / MIB

describe('store.memory: auto', () => {
  test('is 40 % of a cgroup v2 limit', () => {
    const files = { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/memory.max': `${500 * MIB}\n` }
    assert.equal(auto(files), 200)
  })

  test('follows the lowest limit on the way up', () => {
    const files = {
      '/proc/self/cgroup': '0::/pods/pod1/pillion\n',
      '/sys/fs/cgroup/pods/memory.max': `${1000 * MIB}`,
      '/sys/fs/cgroup/pods/pod1/memory.max': `${250 * MIB}`,
      '/sys/fs/cgroup/pods/pod1/pillion/memory.max': 'max',
    }
    assert.equal(auto(files), 100)
  })

  test('finds the limit of a container whose path is not visible inside it', () => {
    const files = { '/proc/self/cgroup': '0::/../../kubepods/abc\n', '/sys/fs/cgroup/memory.max': `${500 * MIB}` }
    assert.equal(auto(files), 200)
  })

  test('is 40 % of a cgroup v1 limit', () => {
    const files = {
      '/proc/self/cgroup': '5:cpu,cpuacct:/docker/a\n4:memory:/docker/a\n0::/\n',
      '/sys/fs/cgroup/memory/docker/a/memory.limit_in_bytes': `${500 * MIB}`,
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712',
    }
    assert.equal(auto(files), 200)
  })

  test('is 40 % of the machine where there is no limit, or none lower', () => {
    assert.equal(auto({}, 1000 * MIB), 400)
    assert.equal(auto({ '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/memory.max': 'max\n' }, 1000 * MIB), 400)
  })

  test('stops at 512 MiB: 1279, 1280 and 1281 MiB', () => {
    const limited = (limit: number) =>
      auto({ '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/memory.max': `${limit * MIB}` })
    assert.ok(limited(1279) < 512)
    assert.deepEqual([limited(1280), limited(1281)], [512, 512])
  })

  test('is something on this very machine', () => {
    const here = memoryAuto()
    assert.ok(here > 0 && here <= 512 * MIB)
  })
})
