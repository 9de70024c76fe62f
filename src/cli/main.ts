#!/usr/bin/env node
// Which command was asked for?
//
// The first word names it; `serve` where none does. `--help` and `--version` stand on
// their own. Everything else is the command's own business (one file each).

import { VERSION } from '../base/version.ts'
import { advise } from './advise.ts'
import { type Command, EXIT, type ExitCode, type Io, runCommand } from './arguments.ts'
import { check } from './check.ts'
import { commandList, unknownCommand } from './command-list.ts'
import { explain } from './explain.ts'
import { init } from './init.ts'
import { purge } from './purge.ts'
import { replay } from './replay.ts'
import { schema } from './schema.ts'
import { serve } from './serve.ts'

const COMMANDS: readonly Command[] = [serve, check, explain, advise, replay, init, purge, schema]

async function main(words: readonly string[], io: Io): Promise<ExitCode> {
  const [first, ...rest] = words
  if (first === '--version' || first === '-V') {
    io.stdout.write(`${VERSION}\n`)
    return EXIT.done
  }
  if (first === '--help' || first === '-h' || first === 'help') {
    io.stdout.write(commandList(COMMANDS))
    return EXIT.done
  }
  if (first === undefined || first.startsWith('-')) return runCommand(serve, words, io)
  const command = COMMANDS.find(({ name }) => name === first)
  if (command !== undefined) return runCommand(command, rest, io)
  io.stderr.write(unknownCommand(first, COMMANDS))
  return EXIT.usage
}

const { stdin, stdout, stderr, env: environment } = process
process.exitCode = await main(process.argv.slice(2), { stdin, stdout, stderr, environment })
