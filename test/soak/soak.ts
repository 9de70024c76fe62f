// Does anything pile up, and is anything ever wrong, when it runs for long?
//
// `pillion serve` in a process of its own, a Redis that is killed and restarted, rules
// that change, and clients that check every answer (clients.ts). Memory, heap, open files
// and handles are read off /metrics on the way. `soak.test.ts` runs the short form;
//
//   npm run soak -- --minutes 60
//
// the long one, which prints a line every ten seconds and ends with the verdict.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { RedisServer } from '../redis/server.ts'
import { spawnPillion } from '../scenario/start-pillion.ts'
import { SoakBackend } from './backend.ts'
import { SoakClients } from './clients.ts'

export interface Sample {
  readonly rss: number
  readonly heap: number
  readonly files: number
  readonly handles: number
}

export interface SoakReport {
  readonly answers: number
  readonly hits: number
  readonly wrong: readonly string[]
  readonly samples: readonly Sample[]
  /** Once all clients have gone. */
  readonly afterwards: Sample
  readonly exitCode: number | null
}

export interface SoakPlan {
  readonly seconds: number
  /** Between two samples; Redis, rules and operators act in between. */
  readonly every: number
  readonly onSample: (sample: Sample, clients: Pick<SoakClients, 'answers' | 'hits' | 'wrong'>) => void
}

export async function soak({ seconds, every, onSample }: SoakPlan): Promise<SoakReport> {
  const folder = await mkdtemp(join(tmpdir(), 'pillion-soak-'))
  const [redis, backend] = [await RedisServer.start(), await SoakBackend.start()]
  const file = join(folder, 'pillion.yaml')
  await writeFile(file, rules(redis.url, 0))
  try {
    await using pillion = await spawnPillion(backend.url, file)
    const clients = new SoakClients(pillion.port, pillion.adminPort)
    const running = clients.run()
    const samples: Sample[] = []
    for (let round = 1; round * every <= seconds; round++) {
      await disturb(round, { redis, file, every })
      const sample = await sampleOf(pillion.adminPort)
      samples.push(sample)
      onSample(sample, clients)
    }
    clients.stop()
    await running
    await pause(1000)
    const afterwards = await sampleOf(pillion.adminPort)
    pillion.child.kill('SIGTERM')
    const { answers, hits, wrong } = clients
    return { answers, hits, wrong, samples, afterwards, exitCode: await pillion.exited }
  } finally {
    backend.close()
    await redis.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** One round: new rules, and every third a Redis that dies and comes back empty. */
async function disturb(
  round: number,
  around: { readonly redis: RedisServer; readonly file: string; readonly every: number },
): Promise<void> {
  const { redis, file, every } = around
  await writeFile(file, rules(redis.url, round))
  const dies = round % 3 === 2
  if (dies) await redis.kill()
  await pause(every * 500)
  if (dies) await redis.restart()
  await pause(every * 500)
}

function rules(redisUrl: string, round: number): string {
  return `
store: { memory: 4MiB, redis: { url: "${redisUrl}", secret: soak-secret-of-32-characters-00 } }
shutdown: { delay: 0s, timeout: 10s }
log: { level: info, access: off }
routes:
  shared:
    match: GET /shared/{group}/**
    ttl: ${20 + (round % 5)}s
    share: everyone
    staleWhileRevalidate: 1s
    tags: ["group:{group}"]
  writes: { match: "POST /shared/{group}/**", purge: ["group:{group}"] }
  own: { match: "GET /own/**", ttl: 2s, share: user }
`
}

async function sampleOf(adminPort: number): Promise<Sample> {
  const text = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text()
  const value = (name: string) => {
    const lines = [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))]
    return lines.reduce((sum, [, number]) => sum + Number(number), lines.length === 0 ? Number.NaN : 0)
  }
  return {
    rss: value('process_resident_memory_bytes'),
    heap: value('nodejs_heap_size_used_bytes'),
    files: value('process_open_fds'),
    handles: value('nodejs_active_resources'),
  }
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({ options: { minutes: { type: 'string', default: '60' } } })
  const MIB = 1024 * 1024
  const report = await soak({
    seconds: Number(values.minutes) * 60,
    every: 10,
    onSample: ({ rss, heap, files, handles }, { answers, hits, wrong }) => {
      const memory = `rss ${(rss / MIB).toFixed(0)} MiB, heap ${(heap / MIB).toFixed(0)} MiB`
      console.log(
        `${answers} answers, ${hits} hits, ${wrong.length} wrong; ${memory}, ${files} files, ${handles} handles`,
      )
    },
  })
  console.log(JSON.stringify({ ...report, samples: report.samples.length }, null, 2))
  process.exitCode = report.wrong.length === 0 && report.exitCode === 0 ? 0 : 1
}
