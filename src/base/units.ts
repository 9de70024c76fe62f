// Which unit is this number in?
//
// Durations, instants and sizes are branded numbers: free at run time, and a
// function that wants milliseconds can't be fed seconds. RFC 9111 counts in whole
// seconds, timers and clocks in milliseconds; the two meet only in this file.
// Instants from the wall clock and from the monotonic clock are not kept apart:
// anything stored is wall-clock time, anything measured is a Milliseconds difference.

declare const unit: unique symbol

/** A duration in seconds; whole unless its origin says otherwise. */
export type Seconds = number & { readonly [unit]: 'seconds' }
/** A duration in milliseconds. */
export type Milliseconds = number & { readonly [unit]: 'milliseconds' }
/** An instant: milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number & { readonly [unit]: 'epoch-ms' }
/** A size in octets. */
export type Bytes = number & { readonly [unit]: 'bytes' }
/** A share of one: 0.1 is 10 %. */
export type Ratio = number & { readonly [unit]: 'ratio' }

export const seconds = (value: number): Seconds => value as Seconds
export const milliseconds = (value: number): Milliseconds => value as Milliseconds
export const epochMs = (value: number): EpochMs => value as EpochMs
export const bytes = (value: number): Bytes => value as Bytes
export const ratio = (value: number): Ratio => value as Ratio

export const toMilliseconds = (value: Seconds): Milliseconds => (value * 1000) as Milliseconds

/** Whole seconds, rounded down as RFC 9111 §1.2.2 delta-seconds want; negative durations round towards minus infinity. */
export const toSeconds = (value: Milliseconds): Seconds => Math.floor(value / 1000) as Seconds

/** How long from `from` to `to`; negative when `to` is earlier. */
export const elapsed = (from: EpochMs, to: EpochMs): Milliseconds => (to - from) as Milliseconds

export const later = (instant: EpochMs, by: Milliseconds): EpochMs => (instant + by) as EpochMs
