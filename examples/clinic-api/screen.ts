// What does somebody who runs the demo read?
//
// First what to try, with addresses and tokens that work as they stand; then one line
// that is rewritten on a terminal, or written anew every few seconds where output goes
// to a file or pipe.

import type { Measurements, Samples } from './measurements.ts'
import { avoidedShare, percent, type QueryCount } from './targets.ts'

export interface Addresses {
  readonly api: string
  readonly pillion: string
  readonly admin: string
}

export interface Visitor {
  readonly token: string
  readonly clinic: string
}

export function welcome({ api, pillion, admin }: Addresses, { token, clinic }: Visitor): string {
  const caller = `-H 'Authorization: Bearer ${token}' -H 'X-Clinic: ${clinic}'`
  const curl = `curl -s -o /dev/null -D - -w '%{time_total} s\\n' ${caller}`
  return `Pillion demo: a slow clinic API, Pillion in front of it, and a dozen people at work.

  through Pillion   ${pillion}
  dashboard         ${admin}/
  the API itself    ${api}   (slow, and silent about caching)
  the rules         config/demo.yaml   (edit it while this runs: Pillion takes changes over)

Try each of these twice and compare Cache-Status and the time:

  ${curl} ${pillion}/api/v1/dashboard/stats
  ${curl} '${pillion}/api/v1/patients?page=2&limit=20'
  ${curl} ${pillion}/api/v1/patients/1/notes

The same without Pillion, slow every time:

  ${curl} ${api}/api/v1/dashboard/stats

Write, and read the notes again: what was stored for them is gone, the new note is there:

  ${curl} -d '{"text":"Hello."}' ${pillion}/api/v1/patients/1/notes

Which rule does a request meet, what does Pillion count, and how is something purged by hand?

  npm run pillion -- explain GET '/api/v1/patients?page=2&utm_source=x' ${caller} --config config/demo.yaml
  curl -s ${admin}/api/stats
  npm run pillion -- purge --tag dashboard --admin ${admin}

Ctrl-C ends all of it. Below, live; times are p50/p95/p99.
`
}

/** The figures that matter most stand first: a narrow terminal cuts the rest off. */
export function statusLine(seconds: number, measurements: Measurements, queries: QueryCount): string {
  const avoided = Math.max(0, queries.expected - queries.actual)
  return [
    `${String(seconds).padStart(4)} s`,
    `${grouped(measurements.requests)} requests`,
    `hit rate ${percent(measurements.hitRate)}`,
    `queries avoided ${grouped(avoided)} (${percent(avoidedShare(queries))})`,
    `hit ${percentiles(measurements.cached)} ms`,
    `miss ${percentiles(measurements.uncached)} ms`,
  ].join(' | ')
}

function percentiles(samples: Samples): string {
  const shown = (share: number) => {
    const value = samples.percentile(share)
    if (value === undefined) return '-'
    return value < 10 ? value.toFixed(1) : String(Math.round(value))
  }
  return [0.5, 0.95, 0.99].map(shown).join('/')
}

const grouped = (count: number) => count.toLocaleString('en')

export interface Screen {
  /** True where the line is rewritten in place. */
  readonly isLive: boolean
  /** Replaces the live line, or adds one. */
  line(text: string): void
  /** Whole lines, above whatever comes next. */
  say(text: string): void
}

export function createScreen(output: NodeJS.WriteStream): Screen {
  const isLive = output.isTTY === true
  let isLineOpen = false
  return {
    isLive,
    line: text => {
      // A line that wraps can't be rewritten, so it ends where the terminal does.
      output.write(isLive ? `\r\x1b[2K${text.slice(0, Math.max(output.columns - 1, 20))}` : `${text}\n`)
      isLineOpen = isLive
    },
    say: text => {
      output.write(`${isLineOpen ? '\n' : ''}${text}\n`)
      isLineOpen = false
    },
  }
}
