// What can Pillion be asked to do?
//
// The text of `pillion --help`, and what is said to a word that names no command.

import { suggest } from '../config/suggest.ts'
import type { Command } from './arguments.ts'

export function commandList(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length)) + 2
  const rows = commands.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}`)
  return [
    'Pillion: a caching reverse proxy that rides along with one backend.',
    '',
    'usage: pillion [COMMAND] [options]',
    '',
    ...rows,
    '',
    '`serve` is the default. `pillion COMMAND --help` tells the options of one,',
    '`pillion --version` the version.',
    '',
  ].join('\n')
}

export function unknownCommand(word: string, commands: readonly Command[]): string {
  const names = commands.map(({ name }) => name)
  const meant = suggest(word, names)
  const hint = meant === undefined ? `there are ${names.join(', ')}` : `did you mean \`${meant}\`?`
  return `pillion: there is no command "${word}"\nhint: ${hint}\n`
}
