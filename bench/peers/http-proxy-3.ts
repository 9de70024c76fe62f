// http-proxy-3 as its documentation has it, with a keep-alive agent.

import { Agent, createServer } from 'node:http'
import { createProxyServer } from 'http-proxy-3'

const [port, origin] = process.argv.slice(2).map(Number) as [number, number]
const agent = new Agent({ keepAlive: true, maxSockets: 25 })
const proxy = createProxyServer({ target: `http://127.0.0.1:${origin}`, agent })
proxy.on('error', (_error, _request, response) => response.destroy())

createServer((request, response) => proxy.web(request, response)).listen(port, '127.0.0.1')
