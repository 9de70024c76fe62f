// `npm test`: every test, in node's own runner, a file at a time per core.
//
// `npm test -- PATTERN…` runs the files whose path holds one of the words.

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

const runner = spawn(
  process.execPath,
  ['--test', `--test-concurrency=${availableParallelism()}`, '--test-timeout=180000', ...files],
  { stdio: 'inherit', env: { ...process.env, NODE_ENV: 'test' } },
)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => runner.kill(signal))
runner.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)))
