// One origin, one upstream to it, one act: the frame of every test of the upstream contract.

import assert from 'node:assert/strict'
import type { UpstreamSettings } from '../../src/upstream/settings.ts'
import type { ForwardRequest, Upstream } from '../../src/upstream/upstream.ts'
import { type Origin, type OriginHandler, startOrigin } from '../origin/origin.ts'
import { aForwardRequest, Recorder } from '../upstream/setting-up.ts'

/** Makes an upstream to `url` with the settings of test/upstream/setting-up.ts and these changes. */
export type UpstreamMaker = (url: string, changes?: Partial<UpstreamSettings>) => Upstream

interface Scene {
  readonly origin: Origin
  readonly upstream: Upstream
  readonly send: (target?: string, changes?: Partial<ForwardRequest>) => Recorder
}

type Play = (scene: Scene) => Promise<void>

export function scenes(make: UpstreamMaker) {
  return (handler: OriginHandler, changes: Partial<UpstreamSettings>, play: Play) => async (): Promise<void> => {
    const origin = await startOrigin(handler)
    const upstream = make(origin.url, changes)
    const send: Scene['send'] = (target = '/', request = {}) =>
      new Recorder(upstream, aForwardRequest({ target, ...request }))
    try {
      await play({ origin, upstream, send })
    } finally {
      origin.hangUp()
      await upstream.close()
      await origin.close()
    }
    assert.deepEqual(origin.errors, [])
  }
}

export type SceneMaker = ReturnType<typeof scenes>
