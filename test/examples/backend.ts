// How does an example's backend run for a test?
//
// As the process that its README line would start, on a free port, asked until it answers;
// ended with the test, whatever happened in it.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

export class Backend implements AsyncDisposable {
  readonly url: string
  readonly #child: ChildProcess

  constructor(child: ChildProcess, url: string) {
    this.#child = child
    this.url = url
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }
}

export interface Start {
  readonly program: string
  readonly words: (port: string) => readonly string[]
  readonly folder: string
  readonly environment?: Readonly<Record<string, string>>
}

export async function startBackend({ program, words, folder, environment = {} }: Start): Promise<Backend> {
  const port = String(await freePort())
  const { PATH = '' } = process.env
  const env = { PATH, ...environment, PORT: port, PAUSE_MS: '0' }
  const child = spawn(program, words(port), { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2000)
  })
  const url = `http://127.0.0.1:${port}`
  const deadline = performance.now() + 20_000
  while (!(await answers(url))) {
    if (child.exitCode !== null || performance.now() > deadline) {
      child.kill('SIGKILL')
      throw new Error(`${program} ${words(port).join(' ')} did not answer on ${url}: ${said}`)
    }
    await pause(50)
  }
  return new Backend(child, url)
}

async function answers(url: string): Promise<boolean> {
  try {
    await (await fetch(url)).arrayBuffer()
    return true
  } catch {
    return false
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
