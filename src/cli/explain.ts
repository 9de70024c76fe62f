// What would Pillion make of this request, and why?
//
// The same router, keys and rules as in the proxy, on the file at hand, without sending
// anything. `--admin URL` asks a running Pillion for its view besides, with the live state.
// A missing upstream doesn't matter here; any other error of the file does.

import { isError, type Problem } from '../config/problems.ts'
import { isToken, trimOws } from '../http/list-syntax.ts'
import { type AskedRequest, presentedRequest } from '../insight/asked-request.ts'
import { explain as explainRequest } from '../insight/explain.ts'
import { formatExplanation } from '../insight/explanation-text.ts'
import { formatRunning } from '../insight/running-text.ts'
import { AdminFailure, adminAt, askAdmin } from './admin-client.ts'
import { type Arguments, type Command, EXIT, type ExitCode, type Io, type Misuse, refuse } from './arguments.ts'
import { CONFIG_OPTION, printProblems, readConfiguration } from './read-configuration.ts'

export const explain: Command = {
  name: 'explain',
  summary: 'Says which route a request takes and why, its key, its lifetimes, and who shares the stored response.',
  usage: "explain METHOD URL [-H 'Name: value']…",
  operands: { min: 2, max: 2 },
  options: [
    { name: 'header', short: 'H', value: "'Name: value'", repeatable: true, help: 'A field of the request.' },
    CONFIG_OPTION,
    { name: 'json', help: 'For machines; durations in seconds.' },
    { name: 'admin', value: 'URL', help: 'Also asks the running Pillion whose admin API this is.' },
  ],
  notes: ['URL is whole, or a path and query: then for the Host given by -H, else localhost. Nothing is sent to it.'],
  run: runExplain,
}

async function runExplain(given: Arguments, io: Io): Promise<ExitCode> {
  const asked = askedRequest(given)
  if ('misuses' in asked) return refuse(explain, asked.misuses, io)
  const request = presentedRequest(asked)
  if (typeof request === 'string') return refuse(explain, [{ message: request }], io)
  const read = readConfiguration(given.text('config'), io)
  const errors = read.problems.filter(problem => isError(problem) && !isMissingUpstream(problem))
  if (errors.length > 0) {
    printProblems(errors, read, io)
    return EXIT.usage
  }
  const explanation = explainRequest(read.compiled, request)
  const running = await askRunning(given, asked, io)
  if (given.has('json')) {
    const whole = running.answer === undefined ? explanation : { ...explanation, running: running.answer }
    io.stdout.write(`${JSON.stringify(whole, null, 2)}\n`)
  } else {
    io.stdout.write(`${formatExplanation(explanation, read.compiled, request)}\n${runningText(given, running)}`)
  }
  return running.exit
}

function isMissingUpstream({ code, path }: Problem): boolean {
  return code === 'required' && path.join('.') === 'upstream.url'
}

function askedRequest(given: Arguments): AskedRequest | { readonly misuses: readonly Misuse[] } {
  const [method = '', url = ''] = given.operands
  const lines = given.texts('header').map(fieldOf)
  const misuses = lines.flatMap(line => ('misuse' in line ? [line.misuse] : []))
  if (misuses.length > 0) return { misuses }
  return { method, url, fields: lines.flatMap(line => ('field' in line ? line.field : [])) }
}

function fieldOf(line: string): { readonly field: readonly [string, string] } | { readonly misuse: Misuse } {
  const colon = line.indexOf(':')
  const name = line.slice(0, Math.max(0, colon))
  const value = trimOws(line.slice(colon + 1))
  if (!isToken(name)) return { misuse: { message: `"${line}" is no field`, hint: "write -H 'Name: value'" } }
  if (/[^\t\x20-\x7e\x80-\xff]/.test(value))
    return { misuse: { message: `the value of ${name} holds a character that no field can hold` } }
  return { field: [name, value] }
}

interface Running {
  readonly answer: unknown
  readonly exit: ExitCode
}

async function askRunning(given: Arguments, asked: AskedRequest, io: Io): Promise<Running> {
  const url = given.text('admin')
  if (url === undefined) return { answer: undefined, exit: EXIT.done }
  const headers: Record<string, string[]> = {}
  for (let at = 0; at < asked.fields.length; at += 2) {
    const name = asked.fields[at] as string
    headers[name] = [...(headers[name] ?? []), asked.fields[at + 1] as string]
  }
  try {
    const content = { method: asked.method, url: asked.url, headers }
    return { answer: await askAdmin(adminAt(url, io.environment), '/api/explain', content), exit: EXIT.done }
  } catch (error) {
    if (!(error instanceof AdminFailure)) throw error
    io.stderr.write(`pillion explain: ${error.message}\n`)
    return { answer: undefined, exit: EXIT.failed }
  }
}

function runningText(given: Arguments, { answer }: Running): string {
  if (answer === undefined) return ''
  return `\nThe Pillion running at ${given.text('admin')} says:\n${formatRunning(answer)}\n`
}
