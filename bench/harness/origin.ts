// What stands behind every peer: a server that answers any path with JSON of one size.
//
//   node bench/harness/origin.ts PORT BYTES

import { createServer } from 'node:http'

const [port, size] = process.argv.slice(2).map(Number) as [number, number]

createServer((request, response) => {
  const key = request.url?.slice(request.url.lastIndexOf('/') + 1) ?? ''
  const start = `{"key":"${key}","text":"`
  const body = Buffer.from(`${start}${'lorem ipsum '.repeat(size / 12 + 1).slice(0, size - start.length - 2)}"}`)
  response.writeHead(200, [
    'Content-Type',
    'application/json',
    'Content-Length',
    String(body.length),
    'ETag',
    `"v1-${key}"`,
    'Cache-Control',
    'public, max-age=3600',
  ])
  response.end(request.method === 'HEAD' ? undefined : body)
}).listen(port, '127.0.0.1')
