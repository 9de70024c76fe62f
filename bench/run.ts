// `npm run bench -- QUESTION [options]`: one question a file, in this folder.
//
// Each writes its figures as JSON into bench/results/ and a table to the terminal;
// docs/performance.md is made from the JSON by `npm run bench -- report`.

import { spawnSync } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { basename, join } from 'node:path'

const [question = '', ...options] = process.argv.slice(2)
const file = join(import.meta.dirname, `${basename(question)}.ts`)
if (question === '' || question === 'run' || !existsSync(file)) {
  const known = globSync(join(import.meta.dirname, '*.ts')).map(path => basename(path, '.ts'))
  console.error(`Which question? npm run bench -- ${known.filter(name => name !== 'run').join(' | ')}`)
  process.exit(2)
}
const { status } = spawnSync(process.execPath, [file, ...options], { stdio: 'inherit' })
process.exit(status ?? 1)
