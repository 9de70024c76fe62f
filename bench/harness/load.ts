// What load do clients make?
//
// wrk with requests.lua on the second core: browser headers, a request id and a trace id
// that differ in every head, keys one after the other. Every answer but 2xx and 304 is
// an error, and any error ends the bench: a fast wrong answer is worth nothing.

import { spawn } from 'node:child_process'
import { join } from 'node:path'

export interface Load {
  readonly url: string
  /** Path before the key's number. */
  readonly path: string
  readonly keys: number
  /** What the head holds besides a browser's fields: see requests.lua. */
  readonly shape: 'browser' | 'bearer' | 'condition' | 'plain'
  readonly connections: number
  readonly seconds: number
}

export interface Served {
  readonly requests: number
  readonly bytes: number
  readonly p50ms: number
  readonly p99ms: number
  readonly perSecond: number
}

interface WrkReport {
  readonly requests: number
  readonly bytes: number
  readonly duration: number
  readonly p50: number
  readonly p99: number
  readonly errors: number
}

const SCRIPT = join(import.meta.dirname, 'requests.lua')
const LOAD_CORE = 1

/** Sends the load; rejects when an answer was wrong. */
export async function sendLoad(load: Load): Promise<Served> {
  const size = ['-t1', `-c${load.connections}`, `-d${load.seconds}s`]
  const words = ['wrk', ...size, '-s', SCRIPT, load.url, '--', load.path, String(load.keys), load.shape]
  const child = spawn('taskset', ['-c', String(LOAD_CORE), ...words], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  await new Promise(resolve => child.once('close', resolve))
  const line = /^\{.*\}$/m.exec(output)?.[0]
  if (line === undefined) throw new Error(`wrk said nothing to be read:\n${output}`)
  const report = JSON.parse(line) as WrkReport
  if (report.errors > 0) throw new Error(`${report.errors} of ${report.requests} requests to ${load.url} failed`)
  const perSecond = report.requests / (report.duration / 1e6)
  return { requests: report.requests, bytes: report.bytes, p50ms: report.p50 / 1e3, p99ms: report.p99 / 1e3, perSecond }
}
