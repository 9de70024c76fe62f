// Which word was probably meant?
//
// Spelling mistakes are letters left out, added, changed or swapped (optimal string
// alignment distance); case, `_` and `-` don't count, so that `stale_if_error` finds
// `staleIfError`. Nothing is suggested beyond a third of the word, unless one of the two
// begins with the other: a wrong suggestion is worse than none. Ties go to the earlier.

/** The nearest candidate, or undefined where none is near. */
export function suggest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = plain(word).slice(0, 64)
  let best: string | undefined
  let nearest = Math.max(1, Math.floor(wanted.length / 3)) + 1
  const known = [...candidates]
  for (const candidate of known) {
    const distance = distanceBetween(wanted, plain(candidate))
    if (distance < nearest && distance < plain(candidate).length) [best, nearest] = [candidate, distance]
  }
  return best ?? known.find(candidate => beginsAlike(wanted, plain(candidate)))
}

/** `warning` for `warn`, `idle` for `idleTimeout`. */
function beginsAlike(one: string, other: string): boolean {
  return Math.min(one.length, other.length) >= 3 && (one.startsWith(other) || other.startsWith(one))
}

function plain(word: string): string {
  return word.toLowerCase().replace(/[_-]/g, '')
}

function distanceBetween(one: string, other: string): number {
  let before: number[] = []
  let last = Array.from({ length: other.length + 1 }, (_, at) => at)
  for (let row = 1; row <= one.length; row++) {
    const current = [row]
    for (let at = 1; at <= other.length; at++) {
      const same = one[row - 1] === other[at - 1]
      const changed = (last[at - 1] as number) + (same ? 0 : 1)
      const swapped = row > 1 && at > 1 && one[row - 1] === other[at - 2] && one[row - 2] === other[at - 1]
      const cheapest = Math.min(changed, (last[at] as number) + 1, (current[at - 1] as number) + 1)
      current.push(swapped ? Math.min(cheapest, (before[at - 2] as number) + 1) : cheapest)
    }
    ;[before, last] = [last, current]
  }
  return last[other.length] as number
}
