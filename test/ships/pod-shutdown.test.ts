// Does a pod with Pillion as a native sidecar end without losing a request?
//
// What a kubelet does, played with two processes: the pod leaves the Service's endpoints
// while the backend pauses (preStop), the backend is told to stop and ends, and only then
// is Pillion, with `shutdown: { delay: 0s, timeout: 25s }`. Whoever had a connection keeps
// sending on it until the endpoints are gone; whoever sends must be answered.

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { Agent, get } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, test } from 'node:test'
import { spawnPillion } from '../scenario/start-pillion.ts'

const root = dirname(dirname(import.meta.dirname))

/** The backend of k8s/base, as a process of its own. */
async function startBackend(): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const program = join(root, 'examples', 'clinic-api', 'main.ts')
  const child = spawn(process.execPath, [program], {
    env: { ...process.env, PORT: '0', QUERY_MS: '2' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  return { child, url: (JSON.parse(line) as { url: string }).url }
}

/** Clients that ask again and again until told that the endpoints are gone. */
class Clients {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8 })
  readonly outcomes = new Map<string, number>()
  #sending = true
  #loops: Promise<void>[] = []
  #answered = 0
  #enough: { readonly count: number; readonly reached: () => void } | undefined

  start(port: number): void {
    const kept = () => this.#ask(port, this.#agent)
    const fresh = () => this.#ask(port, undefined)
    this.#loops = [kept, kept, kept, kept, fresh, fresh].map(ask => this.#repeat(ask))
  }

  /** Resolves after `count` further answers. */
  answers(count: number): Promise<void> {
    return new Promise(resolve => {
      this.#enough = { count: this.#answered + count, reached: resolve }
    })
  }

  async endpointsGone(): Promise<void> {
    this.#sending = false
    await Promise.all(this.#loops)
    this.#agent.destroy()
  }

  async #repeat(ask: () => Promise<string>): Promise<void> {
    while (this.#sending) {
      const outcome = await ask()
      this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1)
      this.#answered += 1
      if (this.#enough !== undefined && this.#answered >= this.#enough.count) this.#enough.reached()
    }
  }

  #ask(port: number, agent: Agent | undefined): Promise<string> {
    return new Promise(resolve => {
      const asked = get({ host: '127.0.0.1', port, path: `/?${this.#answered}`, ...(agent && { agent }) }, answer => {
        answer.resume()
        answer.on('end', () => resolve(String(answer.statusCode)))
        answer.on('error', error => resolve(error.message))
      })
      asked.on('error', error => resolve(error.message))
    })
  }
}

describe('the end of a pod', () => {
  test('backend first, Pillion after it: every request is answered, both end by themselves', async () => {
    const file = join(tmpdir(), `pillion-pod-${process.pid}.yaml`)
    await writeFile(file, await readFile(join(root, 'k8s', 'base', 'pillion.yaml')))
    const backend = await startBackend()
    await using pillion = await spawnPillion(backend.url, file)
    const clients = new Clients()
    clients.start(pillion.port)
    await clients.answers(100)

    // The backend's preStop pause: requests go on until the endpoints are gone everywhere.
    await clients.answers(200)
    await clients.endpointsGone()
    backend.child.kill('SIGTERM')
    const [backendCode] = (await once(backend.child, 'exit')) as [number | null]
    pillion.child.kill('SIGTERM')

    assert.equal(await pillion.exited, 0)
    assert.equal(backendCode, 0)
    assert.deepEqual([...clients.outcomes.keys()], ['200'])
    await rm(file, { force: true })
  })
})
