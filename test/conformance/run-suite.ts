// Runs the public HTTP cache suite against Pillion: origin, `serve`, client, verdicts.
//
// `node test/conformance/run-suite.ts [--plain] [DIRECTORY [ID]]` prints the score and every
// test not passed; DIRECTORY is a checkout of the suite (default: the npm package); with an
// ID it runs that test alone and prints its trace. `--plain`: without any configuration.
// Both forms of the suite are known: npm's, with everything at the top, and the newer one
// with a test-engine folder.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type Answer, type Judgement, judge, type SuiteTest, score } from './judge.ts'

const HERE = import.meta.dirname
const MAIN = resolve(HERE, '../../src/cli/main.ts')

export const NPM_SUITE = dirname(fileURLToPath(import.meta.resolve('http-cache-tests/package.json')))

/** `suite`: by the configuration beside this file; `none`: as Pillion is without any. */
type Configuration = 'suite' | 'none'

/** Every test's verdict, in the suite's order. */
export async function runSuite(directory: string, configuration: Configuration = 'suite'): Promise<Judgement[]> {
  const tests = await suiteTests(directory)
  const output = await withPillion({ directory, configuration }, base => runClient(directory, base, ''))
  const answers = JSON.parse(output.slice(output.search(/^\{/m))) as Record<string, Answer>
  return judge(tests, answers)
}

function engine(directory: string): string {
  const inner = join(directory, 'test-engine')
  return existsSync(inner) ? inner : directory
}

async function suiteTests(directory: string): Promise<SuiteTest[]> {
  const groups = (await importDefault(join(directory, 'tests/index.mjs'))) as { tests: SuiteTest[] }[]
  const surrogate = join(directory, 'tests/surrogate-control.mjs')
  const all = existsSync(surrogate) ? [...groups, (await importDefault(surrogate)) as (typeof groups)[0]] : groups
  return all.flatMap(group => group.tests)
}

async function importDefault(file: string): Promise<unknown> {
  return ((await import(pathToFileURL(file).href)) as { default: unknown }).default
}

/** Starts origin and Pillion, hands over the base URI, and ends both whatever happens. */
async function withPillion<T>(
  { directory, configuration }: { readonly directory: string; readonly configuration: Configuration },
  use: (base: string) => Promise<T>,
): Promise<T> {
  const origin = startNode([join(HERE, 'suite-origin.ts'), join(engine(directory), 'server')])
  let pillion: ChildProcess | undefined
  try {
    const port = await firstLine(origin, 'the origin')
    pillion = startNode([
      MAIN,
      'serve',
      ...(configuration === 'suite' ? [`--config=${join(HERE, 'pillion.yaml')}`] : []),
      `--upstream=http://127.0.0.1:${port}`,
      '--listen=127.0.0.1:0',
      '--admin=127.0.0.1:0',
    ])
    const { listen } = JSON.parse(await firstLine(pillion, 'Pillion')) as { listen: string }
    return await use(`http://${listen}`)
  } finally {
    await Promise.all([end(pillion), end(origin)])
  }
}

function startNode(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
}

/** The first line of standard output; what follows is read and dropped, so that the child never blocks. */
async function firstLine(child: ChildProcess, name: string): Promise<string> {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  const line = await Promise.race([once(lines, 'line'), once(lines, 'close')])
  if (line.length === 0) throw new Error(`${name} ended before it was ready`)
  return line[0] as string
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
}

async function runClient(directory: string, base: string, id: string): Promise<string> {
  const client = spawn(process.execPath, ['--no-warnings', join(engine(directory), 'cli.mjs')], {
    cwd: engine(directory),
    // Its standard error repeats what the answers say.
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, npm_config_base: base, npm_config_id: '', npm_package_config_id: id },
  })
  const [output] = await Promise.all([text(client.stdout), once(client, 'exit')])
  return output
}

async function main(words: readonly string[]): Promise<void> {
  const configuration = words.includes('--plain') ? 'none' : 'suite'
  const [named = NPM_SUITE, id] = words.filter(word => word !== '--plain')
  const directory = resolve(named)
  if (id !== undefined) {
    console.log(await withPillion({ directory, configuration }, base => runClient(directory, base, id)))
    return
  }
  const judgements = await runSuite(directory, configuration)
  for (const kind of ['required', 'optimal', 'check'] as const) {
    const { passed, of } = score(judgements, kind)
    console.log(`${kind}: ${passed} of ${of}`)
    for (const each of judgements) {
      if (each.kind !== kind || each.outcome === 'passed') continue
      console.log(`  ${each.id}: ${each.outcome} ${each.why}`)
    }
  }
}

if (process.argv[1] === import.meta.filename) {
  await main(process.argv.slice(2))
}
