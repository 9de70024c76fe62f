// Who asks during the soak, and what counts as wrong?
//
// Readers of shared and of personal pages, writers that read what they wrote, strangers
// with ever new URLs, purging operators and WebSockets, each in a loop of its own with a
// pause, so that the load is bounded. Every answer is checked; what is wrong is a line.

import { randomUUID } from 'node:crypto'
import { Agent, request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { RawClient } from '../clients/raw-client.ts'
import type { Marked } from './backend.ts'

/** Groups of pages; a write concerns one. */
const GROUPS = 20
/** Longer than that is as good as never. */
const LONGEST_MS = 15_000
const CALLERS = ['Bearer ann', 'Bearer bob', 'Bearer cem']

export class SoakClients {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 32 })
  readonly #port: number
  readonly #adminPort: number
  readonly wrong: string[] = []
  answers = 0
  hits = 0
  #running = true

  constructor(port: number, adminPort: number) {
    this.#port = port
    this.#adminPort = adminPort
  }

  /** Runs until `stop`; resolves when the last loop has ended. */
  async run(): Promise<void> {
    const turns = [
      ...Array.from({ length: 4 }, () => () => this.#read('/shared/', '')),
      ...CALLERS.map(caller => () => this.#read('/own/', caller)),
      () => this.#write(),
      () => this.#stray(),
      () => this.#purge(),
      () => this.#talk(),
    ]
    await Promise.all(turns.map(turn => this.#repeat(turn)))
    this.#agent.destroy()
  }

  stop(): void {
    this.#running = false
  }

  async #repeat(turn: () => Promise<void>): Promise<void> {
    while (this.#running) {
      await turn().catch((error: unknown) => this.#complain(String(error)))
      await pause(10)
    }
  }

  async #read(folder: string, caller: string): Promise<void> {
    await this.#ask(`${folder}${Math.floor(Math.random() * GROUPS)}/page`, caller)
  }

  /** A write is answered after its purge: the read behind it must see the new version. */
  async #write(): Promise<void> {
    const path = `/shared/${Math.floor(Math.random() * GROUPS)}/page`
    const written = await this.#ask(path, '', 'POST')
    const read = await this.#ask(path, '')
    if (read.version < written.version) {
      this.#complain(`${path}: read version ${read.version} after writing ${written.version}`)
    }
    await pause(50)
  }

  /** URLs that nobody asks for twice must not pile up. */
  async #stray(): Promise<void> {
    await this.#ask(`/shared/stray/${randomUUID()}`, '')
  }

  async #purge(): Promise<void> {
    const content = JSON.stringify(Math.random() < 0.5 ? { prefix: '/shared/1' } : { route: 'own', soft: true })
    const headers = { 'Content-Type': 'application/json' }
    const answer = await this.#send({ port: this.#adminPort, path: '/api/purge', method: 'POST', headers }, content)
    if (answer.status !== 200) this.#complain(`purge: ${answer.status} ${answer.body}`)
    await pause(200)
  }

  async #talk(): Promise<void> {
    const client = await RawClient.connect({ port: this.#port })
    client.socket.setTimeout(LONGEST_MS, () => client.socket.destroy(new Error('a WebSocket fell silent')))
    const key = Buffer.from('pillion-soak-key').toString('base64')
    client.send(
      `GET /own/chat HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
    )
    const { status } = await client.response()
    if (status === 101) {
      client.send('hello')
      const echo = (await client.exactly(5)).toString()
      if (echo !== 'hello') this.#complain(`a WebSocket said ${echo}`)
    } else this.#complain(`a WebSocket was answered ${status}`)
    client.close()
    await pause(100)
  }

  async #ask(path: string, caller: string, method = 'GET'): Promise<Marked> {
    const headers = caller === '' ? {} : { Authorization: caller }
    const answer = await this.#send({ port: this.#port, path, method, headers }, undefined)
    this.answers += 1
    if (answer.hit) this.hits += 1
    if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${answer.body.slice(0, 200)}`)
    const marked = JSON.parse(answer.body) as Marked
    if (marked.path !== path) this.#complain(`${path} was answered with ${marked.path}`)
    if (marked.caller !== caller)
      this.#complain(`${path} of "${caller}" was answered with what is for "${marked.caller}"`)
    return marked
  }

  #send(
    target: { readonly port: number; readonly path: string; readonly method: string; readonly headers: object },
    content: string | undefined,
  ): Promise<{ status: number; body: string; hit: boolean }> {
    return new Promise((resolve, reject) => {
      const sent = request(
        { ...target, headers: { ...target.headers }, host: '127.0.0.1', agent: this.#agent },
        answer => {
          const chunks: Buffer[] = []
          answer.on('data', (chunk: Buffer) => chunks.push(chunk))
          answer.on('error', reject)
          answer.on('end', () => {
            const hit = /pillion; hit/.test(String(answer.headers['cache-status'] ?? ''))
            resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString(), hit })
          })
        },
      )
      sent.on('error', error => reject(new Error(`${target.method} ${target.path}: ${error.message}`)))
      sent.end(content)
    })
  }

  #complain(line: string): void {
    if (this.wrong.length < 20) this.wrong.push(line)
  }
}
