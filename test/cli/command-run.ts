// What comes of running a command? Its exit code and what it wrote, in this process.

import { Readable } from 'node:stream'
import { type Command, runCommand } from '../../src/cli/arguments.ts'

export interface CommandRun {
  readonly exit: number
  readonly stdout: string
  readonly stderr: string
}

export async function run(
  command: Command,
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  input = '',
): Promise<CommandRun> {
  let [stdout, stderr] = ['', '']
  const exit = await runCommand(command, words, {
    stdin: Readable.from(input === '' ? [] : [Buffer.from(input)]),
    stdout: { write: text => (stdout += text) },
    stderr: { write: text => (stderr += text) },
    environment,
  })
  return { exit, stdout, stderr }
}
