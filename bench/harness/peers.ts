// Who is compared, and how is each started?
//
// Each peer is a process tree on the first core before the same origin, on ports that were
// free a moment ago. Configurations stand in bench/peers/, with ORIGIN, PORT and FOLDER to
// be filled in; logs of requests are off everywhere, whatever else is on by default stays on.

import type { ChildProcess } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { endPinned, spawnPinned } from './process-tree.ts'

export type PeerName = 'pillion' | 'nginx' | 'nginx-return' | 'varnish' | 'node-http' | 'undici-proxy' | 'http-proxy-3'

export interface Peer {
  readonly name: string
  readonly url: string
  readonly pid: number
  end(): Promise<void>
}

const SERVER_CORE = 0
const ORIGIN_CORE = 1
const CONFIGURATIONS = join(import.meta.dirname, '../peers')
const NODE = [process.execPath, '--no-warnings']
const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')

interface Place {
  readonly port: number
  readonly origin: number
  readonly size: number
  readonly folder: string
  /** Another configuration than bench/peers/pillion.yaml. */
  readonly configuration?: string | undefined
}

function filled(file: string, { port, origin, folder }: Place): string {
  const text = readFileSync(join(CONFIGURATIONS, file), 'utf8')
  const made = join(folder, file)
  writeFileSync(
    made,
    text.replaceAll('ORIGIN', String(origin)).replaceAll('PORT', String(port)).replaceAll('FOLDER', folder),
  )
  return made
}

const COMMANDS: Readonly<Record<PeerName, (place: Place) => string[]>> = {
  pillion: place => {
    const file = place.configuration ?? filled('pillion.yaml', place)
    const at = ['--listen', `127.0.0.1:${place.port}`, '--admin', `unix:${place.folder}/admin`]
    return [...NODE, MAIN, 'serve', '--config', file, '--upstream', `http://127.0.0.1:${place.origin}`, ...at]
  },
  nginx: place => ['nginx', '-p', place.folder, '-c', filled('nginx.conf', place)],
  'nginx-return': place => ['nginx', '-p', place.folder, '-c', filled('nginx-return.conf', place)],
  varnish: place => {
    const at = ['-a', `127.0.0.1:${place.port}`, '-n', place.folder, '-j', 'none', '-s', 'malloc,2g']
    return ['varnishd', '-F', ...at, '-f', filled('varnish.vcl', place)]
  },
  'node-http': ({ port, size }) => [...NODE, join(CONFIGURATIONS, 'node-http.ts'), String(port), String(size)],
  'undici-proxy': ({ port, origin }) => [
    ...NODE,
    join(CONFIGURATIONS, 'undici-proxy.ts'),
    String(port),
    String(origin),
  ],
  'http-proxy-3': ({ port, origin }) => [
    ...NODE,
    join(CONFIGURATIONS, 'http-proxy-3.ts'),
    String(port),
    String(origin),
  ],
}

/** Starts a peer before a new origin whose bodies have `size` bytes; resolves when it answers. */
export async function startPeer(name: PeerName, size: number, configuration?: string): Promise<Peer> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'))
  chmodSync(folder, 0o755) // nginx's workers are somebody else.
  const [port, origin] = [await freePort(), await freePort()]
  const behind = spawnPinned(ORIGIN_CORE, [
    ...NODE,
    join(import.meta.dirname, 'origin.ts'),
    String(origin),
    String(size),
  ])
  await untilListening(origin)
  const child = spawnPinned(SERVER_CORE, COMMANDS[name]({ port, origin, size, folder, configuration }))
  await untilListening(port)
  return {
    name,
    url: `http://127.0.0.1:${port}`,
    pid: child.pid as number,
    end: () => endAll([child, behind], folder),
  }
}

async function endAll(children: readonly ChildProcess[], folder: string): Promise<void> {
  for (const child of children) await endPinned(child)
  rmSync(folder, { recursive: true, force: true })
}

function freePort(): Promise<number> {
  return new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

async function untilListening(port: number, seconds = 20): Promise<void> {
  for (let left = seconds * 100; left > 0; left -= 1) {
    if (await answers(port)) return
    await setTimeout(10)
  }
  throw new Error(`nobody listens on port ${port} after ${seconds} s`)
}

function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
