// How does an operator purge from a shell?
//
// By one request to the admin API of a running Pillion: the one of --admin, else the one
// whose address the configuration names. Nothing else of the configuration matters here,
// a missing upstream least of all. Exactly one target; a credential can come from
// standard input, so that it stands in no process list and no shell history.

import { parsePurgeOrder } from '../admin/purge-order.ts'
import { loadConfiguration } from '../config/load.ts'
import { formatProblem, isError } from '../config/problems.ts'
import { type AdminAddress, AdminFailure, adminAt, askAdmin, reachable } from './admin-client.ts'
import { type Arguments, type Command, EXIT, type ExitCode, type Io, type Misuse, refuse } from './arguments.ts'
import { CONFIG_OPTION } from './read-configuration.ts'

const TARGETS = [
  { name: 'tag', value: 'T', help: 'Everything that carries this tag.' },
  { name: 'url', value: 'U', help: 'What is stored for this path and query, or whole URL.' },
  { name: 'prefix', value: 'P', help: 'Everything below this path; a prefix ends at a path segment.' },
  { name: 'route', value: 'R', help: 'Everything of this route.' },
  { name: 'user', value: 'U', help: 'Everything stored for this credential; - reads it from standard input.' },
  { name: 'all', help: 'Everything.' },
]

export const purge: Command = {
  name: 'purge',
  summary: 'Removes stored responses from a running Pillion, or makes them stale.',
  usage: 'purge (--tag T | --url U | --prefix P | --route R | --user U | --all) [--soft]',
  options: [
    ...TARGETS,
    { name: 'soft', help: 'Keeps them, but stale: validated, or served while the origin fails.' },
    { name: 'admin', value: 'URL', help: 'The admin API; default: admin.listen of the configuration.' },
    CONFIG_OPTION,
  ],
  notes: ['The token comes from ADMIN_TOKEN; without --admin, else from admin.token of the configuration.'],
  run: runPurge,
}

async function runPurge(given: Arguments, io: Io): Promise<ExitCode> {
  const order = await readOrder(given, io)
  if ('misuses' in order) return refuse(purge, order.misuses, io)
  const admin = locateAdmin(given, io)
  if (typeof admin === 'number') return admin
  try {
    const receipt = await askAdmin(admin, '/api/purge', order.content)
    io.stdout.write(`${receiptText(receipt)}\n`)
    return EXIT.done
  } catch (error) {
    if (!(error instanceof AdminFailure)) throw error
    io.stderr.write(`pillion purge: ${error.message}\n`)
    return EXIT.failed
  }
}

type ReadOrder = { readonly content: Readonly<Record<string, unknown>> } | { readonly misuses: readonly Misuse[] }

async function readOrder(given: Arguments, io: Io): Promise<ReadOrder> {
  const named = TARGETS.filter(({ name }) => given.has(name))
  const [target] = named
  if (target === undefined || named.length > 1 || given.texts(target.name).length > 1) {
    const all = TARGETS.map(({ name }) => `--${name}`).join(', ')
    return { misuses: [{ message: 'one target is needed, and one only', hint: `give one of ${all}, once` }] }
  }
  const value = await targetValue(target, given, io)
  const content = { [target.name]: value, ...(given.has('soft') ? { soft: true } : {}) }
  const order = parsePurgeOrder(content)
  return typeof order === 'string' ? { misuses: [{ message: order }] } : { content }
}

async function targetValue(target: { readonly name: string; readonly value?: string }, given: Arguments, io: Io) {
  if (target.value === undefined) return true
  const text = given.text(target.name) ?? ''
  return target.name === 'user' && text === '-' ? readCredential(io) : text
}

/** Without the line end that echo and files add. */
async function readCredential(io: Io): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of io.stdin) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '')
}

/** Where to ask, or the exit code after saying why that can't be known. */
function locateAdmin(given: Arguments, io: Io): AdminAddress | ExitCode {
  const url = given.text('admin')
  if (url !== undefined) return adminAt(url, io.environment)
  // Any upstream will do: this command asks for none.
  const overrides = { upstream: 'http://any.invalid' }
  const { settings, problems, source } = loadConfiguration({
    file: given.text('config'),
    environment: io.environment,
    overrides,
  })
  if (settings === undefined) {
    for (const problem of problems.filter(isError)) {
      io.stderr.write(`${formatProblem(problem, source.text, source.file)}\n\n`)
    }
    io.stderr.write('pillion purge: the configuration has errors; --admin URL does without it\n')
    return EXIT.usage
  }
  const { listen, token } = settings.admin
  if (listen.kind === 'tcp' && listen.port === 0) {
    const hint = 'give --admin URL; the first log line of `serve` has the address'
    return refuse(purge, [{ message: 'admin.listen leaves the port open, so its number is not known here', hint }], io)
  }
  return { ...adminAt(reachable(listen), io.environment), token: token || undefined }
}

function receiptText(receipt: unknown): string {
  const { purged, replicas } = receipt as { readonly purged?: unknown; readonly replicas?: unknown }
  const number =
    typeof purged === 'number' ? `${purged} stored ${purged === 1 ? 'response' : 'responses'} purged` : 'purged'
  return `${number}; ${replicas === 'notified' ? 'other replicas are notified' : 'this process alone'}`
}
