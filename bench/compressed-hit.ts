// What does a hit that goes out compressed cost, beside nginx and Varnish?
//
// 20 KiB of JSON, stored by each; browser heads whose ids differ on every request; CPU
// time of the whole process tree over requests served, peers in turn, three rounds,
// medians. nginx compresses on every hit (gzip on), Varnish stores gzip; Pillion sends
// what a browser likes best. Octets on the wire are printed beside. Debian packages:
// nginx, varnish, wrk. `npm exec -- node bench/compressed-hit.ts [seconds per turn]`

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const SECONDS = Number(process.argv[2] ?? 3)
const ROUNDS = 3
const HERE = join(import.meta.dirname, 'compressed-hit')
const DIR = mkdtempSync(join(tmpdir(), 'compressed-hit-'))
// nginx gives up root for its worker.
chmodSync(DIR, 0o755)
const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
const WORDS = ['active', 'pending', 'Basel', 'Zurich', 'penicillin', 'none', 'follow-up', 'nurse', 'physician', 'lab']

const started: ChildProcess[] = []

interface Peer {
  readonly name: string
  readonly port: number
  readonly child: ChildProcess
  readonly costs: number[]
}

/** Repeatable, and about as repetitive as an API's lists are. */
function content(): string {
  let seed = 1
  const draw = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((seed / 2_147_483_648) * below)
  }
  const rows: object[] = []
  for (let size = 0; size < 20 * 1024; size = JSON.stringify(rows).length) {
    const note = Array.from({ length: 8 }, () => WORDS[draw(WORDS.length)]).join(' ')
    rows.push({ id: draw(1e6), born: new Date(draw(1e9) * 1000).toISOString(), status: WORDS[draw(6)], note })
  }
  return JSON.stringify(rows)
}

function startOrigin(body: string): Promise<Server> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'max-age=600', ETag: '"v1"' })
    response.end(body)
  })
  return new Promise(resolve => void server.listen(0, '127.0.0.1', () => resolve(server)))
}

function freePort(): Promise<number> {
  return new Promise(resolve => {
    const server = createTcpServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}

function filled(name: string, values: Readonly<Record<string, string | number>>): string {
  let text = readFileSync(join(HERE, name), 'utf8')
  for (const [key, value] of Object.entries(values)) text = text.replaceAll(`@${key}@`, String(value))
  const file = join(DIR, name)
  writeFileSync(file, text)
  return file
}

async function startPeer(name: string, command: (port: number) => readonly string[]): Promise<Peer> {
  const port = await freePort()
  const [program = '', ...words] = command(port)
  const child = spawn('taskset', ['-c', '0', program, ...words], { stdio: 'ignore' })
  started.push(child)
  for (let attempt = 0; ; attempt++) {
    const answer = await fetch(`http://127.0.0.1:${port}/patients`).catch(() => undefined)
    await answer?.arrayBuffer()
    if (answer?.ok === true) break
    if (attempt > 200) throw new Error(`${name} did not answer within 10 s`)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  return { name, port, child, costs: [] }
}

function startPeers(origin: number): Promise<Peer[]> {
  const yaml = join(DIR, 'pillion.yaml')
  writeFileSync(yaml, 'shutdown: { delay: 0s, timeout: 1s }\nlog: { level: error, access: off }\n')
  const pillion = [
    process.execPath,
    join(import.meta.dirname, '..', 'src', 'cli', 'main.ts'),
    'serve',
    '--config',
    yaml,
  ]
  const upstream = ['--upstream', `http://127.0.0.1:${origin}`, '--admin', '127.0.0.1:0']
  const varnish = ['varnishd', '-F', '-j', 'none', '-n', join(DIR, 'varnish'), '-s', 'malloc,64m']
  return Promise.all([
    startPeer('pillion', port => [...pillion, ...upstream, '--listen', `127.0.0.1:${port}`]),
    startPeer('nginx', port => ['nginx', '-c', filled('nginx.conf', { DIR, PORT: port, ORIGIN: origin })]),
    startPeer('varnish', port => [
      ...varnish,
      '-a',
      `127.0.0.1:${port}`,
      '-f',
      filled('varnish.vcl', { ORIGIN: origin }),
    ]),
  ])
}

/** CPU time in microseconds of a process and all that it started. */
function cpuOf(root: number): number {
  const stats = new Map<number, { readonly parent: number; readonly ticks: number }>()
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    try {
      const fields = readFileSync(`/proc/${entry}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')
      stats.set(Number(entry), { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) })
    } catch {
      // It ended meanwhile.
    }
  }
  const belongs = (id: number): boolean => id === root || (id > 1 && belongs(stats.get(id)?.parent ?? 0))
  let ticks = 0
  for (const [id, stat] of stats) if (belongs(id)) ticks += stat.ticks
  return (ticks / TICKS_PER_SECOND) * 1e6
}

function load(port: number, seconds: number): number {
  const script = join(HERE, 'browser.lua')
  const words = ['-c', '1', 'wrk', '-t1', '-c16', `-d${seconds}s`, '-s', script, `http://127.0.0.1:${port}`]
  const printed = execFileSync('taskset', words, { encoding: 'utf8' })
  return Number(/(\d+) requests in/.exec(printed)?.[1])
}

async function measure(peers: readonly Peer[]): Promise<void> {
  for (const { port } of peers) load(port, 1)
  for (let round = 0; round < ROUNDS; round++) {
    for (const { child, port, costs } of peers) {
      const before = cpuOf(child.pid as number)
      const served = load(port, SECONDS)
      costs.push((cpuOf(child.pid as number) - before) / served)
    }
  }
  for (const { name, port, costs } of peers) {
    const headers = { 'Accept-Encoding': 'gzip, deflate, br, zstd' }
    const words = Object.entries(headers).flatMap(([field, value]) => ['-H', `${field}: ${value}`])
    const wire = execFileSync('curl', ['-s', '-D', '-', ...words, `http://127.0.0.1:${port}/patients`])
    const coding = /content-encoding: (\S+)/i.exec(wire.toString('latin1'))?.[1] ?? 'identity'
    const median = [...costs].sort((one, other) => one - other)[Math.floor(ROUNDS / 2)] as number
    console.log(`${name.padEnd(8)} ${median.toFixed(1).padStart(7)} µs CPU a hit, ${wire.length} octets, ${coding}`)
  }
}

const origin = await startOrigin(content())
try {
  await measure(await startPeers((origin.address() as AddressInfo).port))
} finally {
  for (const child of started) child.kill('SIGTERM')
  await Promise.all(started.map(child => new Promise(resolve => child.once('exit', resolve))))
  origin.close()
  rmSync(DIR, { recursive: true, force: true })
}
