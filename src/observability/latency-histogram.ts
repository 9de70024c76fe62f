// How long does the slowest one in twenty take, without keeping every duration?
//
// A log-scale histogram: bucket n ends at 0.05 ms × 2^(n/4), 84 buckets reach past a
// minute and a half, all longer ones fall into the last. A percentile is interpolated
// within its bucket, so it is off by less than a bucket (19 %) and typically by 5 %.
// Counts are plain numbers: two histograms merge by addition.

import { type Milliseconds, milliseconds } from '../base/units.ts'

export const LATENCY_BUCKETS = 84

const FIRST = 0.05
const PER_OCTAVE = 4

export function latencyBucket(duration: Milliseconds): number {
  if (duration <= FIRST) return 0
  return Math.min(LATENCY_BUCKETS - 1, Math.ceil(Math.log2(duration / FIRST) * PER_OCTAVE))
}

function upperBound(bucket: number): number {
  return FIRST * 2 ** (bucket / PER_OCTAVE)
}

/** The duration that a `share` (0.95 for p95) of all counted ones don't exceed; undefined where none is counted. */
export function percentile(counts: ArrayLike<number>, share: number): Milliseconds | undefined {
  let total = 0
  for (let bucket = 0; bucket < counts.length; bucket += 1) total += counts[bucket] as number
  if (total === 0) return undefined
  const rank = share * total
  let below = 0
  for (let bucket = 0; bucket < counts.length; bucket += 1) {
    const here = counts[bucket] as number
    if (here > 0 && below + here >= rank) return within(bucket, (rank - below) / here)
    below += here
  }
  return milliseconds(upperBound(counts.length - 1))
}

function within(bucket: number, share: number): Milliseconds {
  const lower = bucket === 0 ? 0 : upperBound(bucket - 1)
  return milliseconds(lower + (upperBound(bucket) - lower) * share)
}
