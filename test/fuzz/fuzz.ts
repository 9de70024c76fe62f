// `npm run fuzz`: hunts for leaks until it is stopped, or for `-- --seconds N`.
//
// A find ends it with the smallest stream that shows it and the seed that made it.

import { parseArgs } from 'node:util'
import { HONEST, huntLeaks } from './leak-hunt.ts'

const RUNS_AT_ONCE = 200

const { values } = parseArgs({ options: { seconds: { type: 'string' } } })
const seconds = Number(values.seconds ?? Number.POSITIVE_INFINITY)
const begun = performance.now()
let runs = 0
while (performance.now() - begun < seconds * 1000) {
  await huntLeaks(HONEST, RUNS_AT_ONCE)
  runs += RUNS_AT_ONCE
  process.stdout.write(`${runs} streams, nothing found\n`)
}
