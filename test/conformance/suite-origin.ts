// The suite's own origin, on loopback and on a port that is free.
//
// `node suite-origin.ts DIRECTORY` (that of the suite's server/*.mjs) prints its port as
// the first line. The suite's own server.mjs listens on every address and on a port to
// be known in advance; its handlers, which do the work, are used as they are.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

type Handler = (segments: string[], request: IncomingMessage, response: ServerResponse) => void

const directory = process.argv[2]
if (directory === undefined) throw new Error("Usage: suite-origin.ts DIRECTORY (of the suite's server)")

async function handler(name: string): Promise<Handler> {
  const file = pathToFileURL(resolve(directory as string, `handle-${name}.mjs`))
  return ((await import(file.href)) as { default: Handler }).default
}

const handlers = new Map<string, Handler>()
for (const name of ['config', 'test', 'state']) handlers.set(name, await handler(name))

const server = createServer((request, response) => {
  const [, first = '', ...segments] = new URL(request.url ?? '/', 'http://localhost').pathname.split('/')
  const handle = handlers.get(first)
  if (handle !== undefined) return handle(segments, request, response)
  response.writeHead(404).end()
})
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
