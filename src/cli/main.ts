#!/usr/bin/env node
// Which command was asked for?
//
// The first word names it; `serve` where none does. `--help` and `--version` stand on
// their own. Everything else is the command's own business (one file each), and only
// the one that was asked for is loaded. What V8 made of the code is kept beside the
// packages where that folder can be written, and spares the next start half its time.

import { enableCompileCache, flushCompileCache } from 'node:module'
import { join } from 'node:path'
import { VERSION } from '../base/version.ts'
import { type Command, EXIT, type ExitCode, type Io, runCommand } from './arguments.ts'
import { commandList, unknownCommand } from './command-list.ts'

/** In the order of `--help`. */
const COMMANDS: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ['serve', async () => (await import('./serve.ts')).serve],
  ['check', async () => (await import('./check.ts')).check],
  ['explain', async () => (await import('./explain.ts')).explain],
  ['advise', async () => (await import('./advise.ts')).advise],
  ['replay', async () => (await import('./replay.ts')).replay],
  ['init', async () => (await import('./init.ts')).init],
  ['purge', async () => (await import('./purge.ts')).purge],
  ['schema', async () => (await import('./schema.ts')).schema],
])

const KEEP_COMPILED_AFTER_MS = 1_000

async function main(words: readonly string[], io: Io): Promise<ExitCode> {
  const [first = 'serve', ...rest] = words
  if (first === '--version' || first === '-V') {
    io.stdout.write(`${VERSION}\n`)
    return EXIT.done
  }
  if (first === '--help' || first === '-h' || first === 'help') {
    io.stdout.write(commandList(await every()))
    return EXIT.done
  }
  const named = !first.startsWith('-')
  const load = COMMANDS.get(named ? first : 'serve')
  if (load !== undefined) return runCommand(await load(), named ? rest : words, io)
  io.stderr.write(unknownCommand(first, await every()))
  return EXIT.usage
}

function every(): Promise<Command[]> {
  return Promise.all([...COMMANDS.values()].map(load => load()))
}

/** A folder that others could write would let them run code here, so it is never one of the system's. */
function keepCompiledCode(): void {
  enableCompileCache(join(import.meta.dirname, '../../node_modules/.cache/pillion'))
  // A process that is killed writes nothing when it ends.
  setTimeout(flushCompileCache, KEEP_COMPILED_AFTER_MS).unref()
}

keepCompiledCode()
const { stdin, stdout, stderr, env: environment } = process
process.exitCode = await main(process.argv.slice(2), { stdin, stdout, stderr, environment })
