// How does somebody get a first configuration?
//
// Writes a commented file: an example to change, or with `--openapi` a route per path of
// the document, from a file or a URL. What is written is checked as `check` would before
// anything is touched. A file that is there is never written over without `--force`.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fetch } from 'undici'
import { loadConfiguration } from '../config/load.ts'
import { isError } from '../config/problems.ts'
import { type ApiDocument, parseApiDocument } from '../insight/init/openapi-document.ts'
import { startingFile } from '../insight/init/starting-file.ts'
import { startingRoutes } from '../insight/init/starting-routes.ts'
import { compileRoutes } from '../routing/compile.ts'
import { createIdentitySecret } from '../routing/identity.ts'
import { type Arguments, type Command, EXIT, type ExitCode, type Io, refuse } from './arguments.ts'

const LONGEST_MS = 10_000
const LARGEST = 64 * 1024 * 1024

export const init: Command = {
  name: 'init',
  summary: 'Writes a starting file, with a route per operation of an OpenAPI document.',
  usage: 'init [--openapi FILE|URL] [--upstream URL] [--output FILE]',
  options: [
    {
      name: 'openapi',
      value: 'FILE|URL',
      help: 'OpenAPI document, JSON or YAML, such as http://127.0.0.1:8000/openapi.json.',
    },
    { name: 'upstream', value: 'URL', help: 'Where the backend listens.' },
    { name: 'output', short: 'o', value: 'FILE', help: 'Default: pillion.yaml; "-" is standard output.' },
    { name: 'force', help: 'Writes over a file that is there.' },
  ],
  run: runInit,
}

async function runInit(given: Arguments, io: Io): Promise<ExitCode> {
  const output = given.text('output') ?? 'pillion.yaml'
  if (output !== '-' && existsSync(output) && !given.has('force')) {
    return refuse(
      init,
      [{ message: `${output} exists`, hint: 'name another with --output, or write over it with --force' }],
      io,
    )
  }
  const named = given.text('openapi')
  const read = named === undefined ? undefined : await readDocument(named)
  if (typeof read === 'string') {
    io.stderr.write(`pillion init: ${named} ${read}\n`)
    return EXIT.failed
  }
  const starting = read === undefined ? undefined : startingRoutes(read)
  const text = startingFile({ upstream: given.text('upstream'), document: read, starting })
  const mistake = mistakeIn(text)
  if (mistake !== undefined) return refuse(init, [{ message: mistake }], io)
  if (output === '-') io.stdout.write(text)
  else writeFileSync(output, text)
  const routes = starting === undefined ? '' : ` with ${starting.routes.length} routes`
  if (output !== '-') io.stderr.write(`wrote ${output}${routes}; next: pillion check ${output}\n`)
  for (const { path, why } of starting?.left ?? []) io.stderr.write(`note: left out ${path}: ${why}\n`)
  return EXIT.done
}

/** The document, or what is wrong with it, as the end of a sentence that its name begins. */
async function readDocument(named: string): Promise<ApiDocument | string> {
  try {
    const text = /^https?:\/\//i.test(named) ? await fetched(named) : readFileSync(named, 'utf8')
    return parseApiDocument(text)
  } catch (error) {
    const { code, message, cause } = error as NodeJS.ErrnoException
    const reason = code ?? (cause as NodeJS.ErrnoException | undefined)?.code ?? message
    return `can't be read: ${reason}`
  }
}

async function fetched(url: string): Promise<string> {
  const answer = await fetch(url, {
    signal: AbortSignal.timeout(LONGEST_MS),
    headers: { Accept: 'application/json, */*' },
  })
  if (!answer.ok) throw new Error(`it was answered ${answer.status}`)
  const text = await answer.text()
  if (text.length > LARGEST) throw new Error('it is larger than 64 MiB')
  return text
}

/** The first error that `check` would find; the upstream is the one thing a user may have got wrong. */
function mistakeIn(text: string): string | undefined {
  const loaded = loadConfiguration({ text, environment: {} })
  const { problems } = compileRoutes(loaded.routing, loaded.source, createIdentitySecret())
  const error = [...loaded.problems, ...problems].find(isError)
  return error === undefined ? undefined : `${error.path.join('.')}: ${error.message}`
}
