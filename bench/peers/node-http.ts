// A bare node:http server that answers a constant: what node's parser and writer cost alone.

import { createServer } from 'node:http'

const [port, size] = process.argv.slice(2).map(Number) as [number, number]
const body = Buffer.alloc(size, 'x')
const fields = ['Content-Type', 'application/json', 'Content-Length', String(size)]

createServer((_request, response) => {
  response.writeHead(200, fields)
  response.end(body)
}).listen(port, '127.0.0.1')
