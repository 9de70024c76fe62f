// How long from the first word of the command to the first answer, and what does it cost?
//
// Starts Pillion before an origin that is there, asks until it answers, and ends it; once
// untimed, so that what V8 compiled is kept, then in turns from the sources and, where
// `npm run build` has been, from the built files.
//
//   npm run bench -- start [--rounds 5]

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { cpuSeconds } from './harness/process-tree.ts'
import { report } from './harness/report.ts'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } })
const root = join(import.meta.dirname, '..')
const entries = [join(root, 'src/cli/main.ts'), join(root, 'dist/cli/main.js')].filter(file => existsSync(file))

/** Enough for the first start to keep what was compiled. */
const KEEPING_COMPILED_MS = 2_500

interface Start {
  readonly wallMs: number
  readonly cpuMs: number
}

/** `rest`: how long it may go on after its first answer. */
async function start(entry: string, upstream: string, rest = 0): Promise<Start> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  const socketPath = join(folder, 'listen')
  const at = ['--listen', `unix:${socketPath}`, '--admin', `unix:${join(folder, 'admin')}`]
  const began = performance.now()
  const words = ['--no-warnings', entry, 'serve', '--upstream', upstream, ...at]
  const child = spawn(process.execPath, words, { stdio: 'ignore', cwd: folder })
  while (!(await answers(socketPath))) {
    if (child.exitCode !== null) throw new Error(`${entry} ended with ${child.exitCode}`)
    await setTimeout(2)
  }
  const taken = { wallMs: Math.round(performance.now() - began), cpuMs: Math.round(cpuSeconds(child.pid ?? 0) * 1000) }
  const ended = once(child, 'exit')
  await setTimeout(rest)
  child.kill('SIGKILL')
  await ended
  rmSync(folder, { recursive: true })
  return taken
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise(resolve => {
    get({ socketPath, path: '/', headers: { host: 'a' } }, response => {
      response.resume()
      resolve(true)
    }).on('error', () => resolve(false))
  })
}

const origin = createServer((_request, response) => response.end('here'))
await once(origin.listen(0, '127.0.0.1'), 'listening')
const upstream = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`
const rounds = new Map<string, Start[]>(entries.map(entry => [entry, []]))
for (const entry of entries) await start(entry, upstream, KEEPING_COMPILED_MS)
for (let round = 0; round < Number(values.rounds); round += 1) {
  for (const entry of entries) rounds.get(entry)?.push(await start(entry, upstream))
}
origin.close()

const median = (all: readonly number[]) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0
const figures = [...rounds].map(([entry, starts]) => ({
  from: entry.endsWith('.ts') ? 'sources' : 'built',
  wallMs: median(starts.map(each => each.wallMs)),
  cpuMs: median(starts.map(each => each.cpuMs)),
  starts,
}))
console.table(figures.map(({ from, wallMs, cpuMs }) => ({ from, wallMs, cpuMs })))
report('start', {
  question: 'How long does it take from the start to the first answer?',
  claims: figures.map(({ from, wallMs }) => ({
    what: `start to first answer, ${from}`,
    value: wallMs,
    target: 400,
    should: 'at most' as const,
    unit: ' ms',
  })),
  figures,
})
