// What does a hit in memory cost, compared with nginx and Varnish?
//
// 500 URLs, heads that all differ, bodies of 200 B, 2 KiB and 20 KiB; then the same hit
// for a caller of its own (share: user, a bearer token) and as a 304. The floors, nginx
// answering a constant and a bare node:http, say how much of it is the machine.
//
//   npm run bench -- hit [--seconds 3] [--rounds 3]

import { parseArgs } from 'node:util'
import type { Load } from './harness/load.ts'
import { type Peer, type PeerName, startPeer } from './harness/peers.ts'
import { type Claim, report } from './harness/report.ts'
import { type Contender, compare, type Figure } from './harness/rounds.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    sizes: { type: 'string', default: '200,2048,20480' },
  },
})
const rounds = Number(values.rounds)

const load = (path: string, shape: Load['shape']): Omit<Load, 'url'> => ({
  path,
  shape,
  keys: 500,
  connections: 32,
  seconds: Number(values.seconds),
})

async function ofSize(size: number): Promise<Figure[]> {
  const names: PeerName[] = ['nginx', 'varnish', 'pillion', ...(size === 2048 ? FLOORS : [])]
  const peers: Peer[] = []
  try {
    for (const name of names) peers.push(await startPeer(name, size))
    const plain = peers.map((peer): Contender => ({ peer, load: load('/items/', 'browser') }))
    return await compare(size === 2048 ? [...plain, ...variants(peers)] : plain, rounds)
  } finally {
    for (const peer of peers) await peer.end()
  }
}

const FLOORS: readonly PeerName[] = ['nginx-return', 'node-http']

function variants(peers: readonly Peer[]): Contender[] {
  const pillion = peers.find(({ name }) => name === 'pillion') as Peer
  return [
    { peer: pillion, load: load('/auto/', 'browser'), name: 'pillion, share: auto' },
    { peer: pillion, load: load('/own/', 'bearer'), name: 'pillion, share: user' },
    { peer: pillion, load: load('/items/', 'condition'), name: 'pillion, 304' },
  ]
}

const micros = (figures: readonly Figure[], name: string) =>
  figures.find(figure => figure.name === name)?.cpuMicros ?? Number.NaN

function claims(size: number, figures: readonly Figure[]): Claim[] {
  const own = micros(figures, 'pillion')
  const against = (peer: string, target: number): Claim => ({
    what: `${peer} / Pillion, ${size} B`,
    value: micros(figures, peer) / own,
    target,
    should: 'at least',
  })
  if (size !== 2048) return [against('nginx', 1)]
  const over = (name: string, target: number): Claim => ({
    what: `${name} / the plain hit`,
    value: micros(figures, name) / own,
    target,
    should: 'at most',
  })
  const p99 = (name: string) => figures.find(figure => figure.name === name)?.p99ms ?? Number.NaN
  return [
    against('nginx', 1.15),
    against('varnish', 1.8),
    over('pillion, share: user', 1.3),
    over('pillion, 304', 1),
    {
      what: 'p99 at 32 connections, Pillion / nginx',
      value: p99('pillion') / p99('nginx'),
      target: 1,
      should: 'at most',
    },
  ]
}

const bySize: Record<string, Figure[]> = {}
const all: Claim[] = []
for (const size of values.sizes.split(',').map(Number)) {
  const figures = await ofSize(size)
  bySize[size] = figures
  console.table(
    figures.map(({ name, cpuMicros, p50ms, p99ms, perSecond }) => ({ size, name, cpuMicros, p50ms, p99ms, perSecond })),
  )
  all.push(...claims(size, figures))
}
report('hit', { question: 'What does a hit in memory cost, in CPU time?', claims: all, figures: bySize })
