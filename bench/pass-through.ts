// What does a request cost that goes through to the origin?
//
// 2 KiB of JSON, heads that all differ, on a route with `cache: off` and on one whose every
// request is a miss, beside the least that node:http and undici can do, http-proxy-3 and
// nginx's proxy_pass.
//
//   npm run bench -- pass-through [--seconds 3] [--rounds 3] [--size 2048]

import { parseArgs } from 'node:util'
import { type Peer, type PeerName, startPeer } from './harness/peers.ts'
import { type Claim, report } from './harness/report.ts'
import { type Contender, compare, type Figure } from './harness/rounds.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    size: { type: 'string', default: '2048' },
  },
})

const NAMES: readonly PeerName[] = ['pillion', 'undici-proxy', 'http-proxy-3', 'nginx']

const load = { path: '/pass/', shape: 'browser', keys: 500, connections: 32, seconds: Number(values.seconds) } as const

async function measured(): Promise<Figure[]> {
  const peers: Peer[] = []
  try {
    for (const name of NAMES) peers.push(await startPeer(name, Number(values.size)))
    return await compare(
      peers.map((peer): Contender => ({ peer, load })),
      Number(values.rounds),
    )
  } finally {
    for (const peer of peers) await peer.end()
  }
}

function claims(figures: readonly Figure[]): Claim[] {
  const micros = (name: string) => figures.find(figure => figure.name === name)?.cpuMicros ?? Number.NaN
  const own = micros('pillion')
  return [
    {
      what: 'Pillion / bare node:http and undici',
      value: own / micros('undici-proxy'),
      target: 1.15,
      should: 'at most',
    },
    { what: 'http-proxy-3 / Pillion', value: micros('http-proxy-3') / own, target: 1.5, should: 'at least' },
    { what: 'Pillion / nginx proxy_pass', value: own / micros('nginx'), target: 4, should: 'at most' },
  ]
}

const figures = await measured()
console.table(
  figures.map(({ name, cpuMicros, p50ms, p99ms, perSecond }) => ({ name, cpuMicros, p50ms, p99ms, perSecond })),
)
report('pass-through', {
  question: 'What does a request cost that goes through to the origin, in CPU time?',
  claims: claims(figures),
  figures,
})
