// The least that a proxy of node:http and undici's dispatch can do: pass on what comes.

import { createServer, type ServerResponse } from 'node:http'
import { type Dispatcher, Pool } from 'undici'

const [port, origin] = process.argv.slice(2).map(Number) as [number, number]
const pool = new Pool(`http://127.0.0.1:${origin}`, { connections: 25, pipelining: 1 })
const HOP = new Set(['connection', 'keep-alive', 'transfer-encoding'])

function passed(fields: readonly string[]): string[] {
  const kept: string[] = []
  for (let at = 0; at < fields.length; at += 2) {
    if (!HOP.has((fields[at] as string).toLowerCase())) kept.push(fields[at] as string, fields[at + 1] as string)
  }
  return kept
}

function handlerFor(response: ServerResponse): Dispatcher.DispatchHandler {
  return {
    onRequestStart: () => undefined,
    onResponseStart(controller, status) {
      const raw = (controller as unknown as { rawHeaders: Buffer[] }).rawHeaders
      response.writeHead(status, passed(raw.map(part => part.toString('latin1'))))
    },
    onResponseData(_controller, chunk) {
      response.write(chunk)
    },
    onResponseEnd() {
      response.end()
    },
    onResponseError() {
      response.destroy()
    },
  }
}

createServer((request, response) => {
  const method = request.method as Dispatcher.HttpMethod
  pool.dispatch({ path: request.url as string, method, headers: passed(request.rawHeaders) }, handlerFor(response))
}).listen(port, '127.0.0.1')
