// How are peers compared on a machine that is not alone?
//
// All of them run at once but only one has load: they take turns, so that whatever else
// the machine does meets all alike. What counts is CPU time of the peer's whole process
// tree over requests served; of three rounds the median, of two peers the ratio.

import type { Load, Served } from './load.ts'
import { sendLoad } from './load.ts'
import type { Peer } from './peers.ts'
import { cpuSeconds } from './process-tree.ts'

export interface Figure {
  readonly name: string
  /** Median over the rounds, microseconds of CPU time per request. */
  readonly cpuMicros: number
  readonly rounds: readonly number[]
  readonly p50ms: number
  readonly p99ms: number
  readonly perSecond: number
}

export type Contender = { readonly peer: Peer; readonly load: Omit<Load, 'url'>; readonly name?: string }

interface Measured {
  readonly served: Served
  readonly cpuMicros: number
}

/** CPU microseconds per request of each contender, in turns. Each is warmed up first, for twice the time. */
export async function compare(contenders: readonly Contender[], rounds = 3): Promise<Figure[]> {
  const measured = contenders.map((): Measured[] => [])
  for (const { peer, load } of contenders) await sendLoad({ ...load, seconds: load.seconds * 2, url: peer.url })
  for (let round = 0; round < rounds; round += 1) {
    for (const [at, { peer, load }] of contenders.entries()) measured[at]?.push(await measure(peer, load))
  }
  return contenders.map(({ peer, name }, at) => figure(name ?? peer.name, measured[at] ?? []))
}

async function measure(peer: Peer, load: Omit<Load, 'url'>): Promise<Measured> {
  const before = cpuSeconds(peer.pid)
  const served = await sendLoad({ ...load, url: peer.url })
  return { served, cpuMicros: ((cpuSeconds(peer.pid) - before) * 1e6) / served.requests }
}

function figure(name: string, measured: readonly Measured[]): Figure {
  const of = (pick: (one: Measured) => number) => median(measured.map(pick))
  return {
    name,
    cpuMicros: of(one => one.cpuMicros),
    rounds: measured.map(one => round(one.cpuMicros)),
    p50ms: of(one => one.served.p50ms),
    p99ms: of(one => one.served.p99ms),
    perSecond: Math.round(of(one => one.served.perSecond)),
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return round(sorted[Math.floor(sorted.length / 2)] ?? 0)
}

const round = (value: number) => Math.round(value * 100) / 100
