// A client of the admin port that sends exactly the Host, Origin and token it is told:
// fetch would not.

import { request as httpRequest } from 'node:http'

export interface Sketch {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string
  readonly socketPath?: string
}

export interface Got {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly text: string
  json(): Record<string, unknown>
}

/** Over node:http, because fetch won't send a Host or Origin of our choosing. */
export function ask(
  base: string,
  path: string,
  { method = 'GET', headers = {}, body, socketPath }: Sketch = {},
): Promise<Got> {
  return new Promise((resolve, reject) => {
    const target = socketPath === undefined ? `${base}${path}` : `http://localhost${path}`
    const sent = httpRequest(target, { method, headers, ...(socketPath ? { socketPath } : {}) }, response => {
      const chunks: Buffer[] = []
      response.on('data', chunk => chunks.push(chunk))
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: () => JSON.parse(text) })
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
