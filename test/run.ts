// `npm test`: every test, in node's own runner, a file at a time per core.
//
// What a client sees is then seen again with `hitPath: off`: the scenarios and the public
// suite must come out the same either way. `npm test -- PATTERN…` runs the files whose path
// holds one of the words, once, as HIT_PATH says (`on` where it is not set).

import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'

const wanted = process.argv.slice(2)
const files = globSync('test/**/*.test.ts')
  .filter(file => wanted.length === 0 || wanted.some(word => file.includes(word)))
  .sort()
if (files.length === 0) {
  console.error(`No test file matches ${wanted.join(' ')}.`)
  process.exit(2)
}

/** The runner's exit code. */
function run(these: readonly string[], environment: Readonly<Record<string, string>>): Promise<number> {
  const options = ['--test', `--test-concurrency=${availableParallelism()}`, '--test-timeout=180000']
  const env = { ...process.env, NODE_ENV: 'test', ...environment }
  const runner = spawn(process.execPath, [...options, ...these], { stdio: 'inherit', env })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => runner.kill(signal))
  return new Promise(resolve => runner.on('exit', (code, signal) => resolve(signal ? 1 : (code ?? 1))))
}

const once = await run(files, {})
const clientsSee = files.filter(file => /^test\/(scenario|conformance)\//.test(file))
const again = wanted.length === 0 && once === 0 ? await run(clientsSee, { HIT_PATH: 'off' }) : 0
process.exitCode = once === 0 ? again : once
