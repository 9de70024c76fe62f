// Half a minute of everything at once: nothing wrong, nothing piled up.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { soak } from './soak.ts'

const MIB = 1024 * 1024

describe('mixed traffic with purges, reloads, upgrades and a Redis that dies', () => {
  test('every answer is right, and memory, files and handles stay flat', async () => {
    const { answers, hits, wrong, samples, afterwards, exitCode } = await soak({
      seconds: 24,
      every: 2,
      onSample: () => undefined,
    })

    assert.deepEqual(wrong, [])
    assert.equal(exitCode, 0)
    assert.ok(hits > answers / 4, `${hits} of ${answers} were hits`)
    const half = samples.length / 2
    const least = (of: typeof samples) => Math.min(...of.map(({ heap }) => heap))
    const [early, late] = [least(samples.slice(0, half)), least(samples.slice(half))]
    assert.ok(late < early * 1.5 + 16 * MIB, `the heap grew from ${early} to ${late}`)
    const first = samples[0]
    assert.ok(first !== undefined)
    assert.ok(afterwards.files <= first.files, `${afterwards.files} files are open, ${first.files} were at first`)
    assert.ok(afterwards.handles <= first.handles, `${afterwards.handles} handles, ${first.handles} at first`)
  })
})
