#!/usr/bin/env node
// Is the Pillion in this container alive?
//
// What a container's health check runs where there is no curl: reads the configuration
// that `serve` reads, asks /livez at its admin address, and ends with 0 or 1 and a line
// that says why. No command of its own: people have curl, orchestrators probe by HTTP.
// Options given to `serve` are not seen here; use the file or the environment.

import { request } from 'node:http'
import { pathToFileURL } from 'node:url'
import type { Address } from '../config/addresses.ts'
import { loadConfiguration } from '../config/load.ts'
import type { Environment } from '../config/variables.ts'
import { reachable } from './admin-client.ts'

const LONGEST_MS = 4_000

/** Undefined when alive, else a sentence that says what was wrong. */
export async function healthProblem(environment: Environment): Promise<string | undefined> {
  // Any upstream will do: liveness doesn't depend on it.
  const overrides = { upstream: 'http://any.invalid' }
  const { settings } = loadConfiguration({ environment, overrides })
  // An invalid file is the running process's to refuse: it goes on with the old one.
  if (settings === undefined) return undefined
  return askLivez(settings.admin.listen)
}

function askLivez(listen: Address): Promise<string | undefined> {
  const url = reachable(listen)
  const where = listen.kind === 'unix' ? { socketPath: listen.path } : urlParts(url)
  return new Promise(resolve => {
    const asked = request({ ...where, path: '/livez', signal: AbortSignal.timeout(LONGEST_MS) }, answer => {
      answer.resume()
      const { statusCode } = answer
      resolve(statusCode === 200 ? undefined : `GET /livez on ${url} was answered ${statusCode}`)
    })
    asked.on('error', error => resolve(`GET /livez on ${url} failed: ${error.message}`))
    asked.end()
  })
}

function urlParts(url: string) {
  const { hostname, port } = new URL(url)
  return { host: hostname.replace(/^\[|\]$/g, ''), port }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const problem = await healthProblem(process.env)
  if (problem !== undefined) console.error(problem)
  process.exitCode = problem === undefined ? 0 : 1
}
