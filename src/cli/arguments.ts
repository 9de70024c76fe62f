// How does a command declare its options, read them, and explain itself?
//
// A Command is a value: name, options, and what it does. Parsing is util.parseArgs without
// its exceptions, so that all mistakes are told at once, with what was probably meant.
// `--help` and `-h` work everywhere. Exit codes as in contract §1: 0 done, 1 failed while
// running, 2 wrong usage or configuration.

import { parseArgs } from 'node:util'
import { suggest } from '../config/suggest.ts'
import type { Environment } from '../config/variables.ts'

export const EXIT = { done: 0, failed: 1, usage: 2 } as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

export interface CommandOption {
  /** Without the dashes. */
  readonly name: string
  readonly short?: string
  /** Placeholder such as FILE; absent: a flag. */
  readonly value?: string
  readonly repeatable?: boolean
  /** Variable that stands in where the option is absent; for the help text, the command reads it. */
  readonly environment?: string
  readonly help: string
}

export interface Command {
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** After `pillion `: `check [FILE]`. */
  readonly usage: string
  /** How many arguments besides options; neither by default. */
  readonly operands?: { readonly min: number; readonly max: number }
  readonly options: readonly CommandOption[]
  /** Paragraphs below the options. */
  readonly notes?: readonly string[]
  run(given: Arguments, io: Io): Promise<ExitCode>
}

interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
}

/** What a command may touch of the process. */
export interface Io {
  readonly stdin: NodeJS.ReadableStream
  readonly stdout: Output
  readonly stderr: Output
  readonly environment: Environment
}

/** What stood on the command line, by the names of the command's options. */
export class Arguments {
  readonly operands: readonly string[]
  readonly #values: ReadonlyMap<string, readonly string[]>

  constructor(operands: readonly string[], values: ReadonlyMap<string, readonly string[]>) {
    this.operands = operands
    this.#values = values
  }

  has(name: string): boolean {
    return this.#values.has(name)
  }

  /** The last value given. */
  text(name: string): string | undefined {
    return this.#values.get(name)?.at(-1)
  }

  texts(name: string): readonly string[] {
    return this.#values.get(name) ?? []
  }
}

/** One mistake on the command line. */
export interface Misuse {
  readonly message: string
  readonly hint?: string | undefined
}

const HELP: CommandOption = { name: 'help', short: 'h', help: 'Shows this text.' }

/** Parses, answers --help, tells mistakes, or runs the command. */
export async function runCommand(command: Command, words: readonly string[], io: Io): Promise<ExitCode> {
  const { given, misuses } = readArguments(command, words)
  if (given.has('help')) {
    io.stdout.write(helpText(command))
    return EXIT.done
  }
  return misuses.length === 0 ? command.run(given, io) : refuse(command, misuses, io)
}

/** Says what is wrong with the command line; for mistakes that only the command itself can see, too. */
export function refuse(command: Pick<Command, 'name'>, misuses: readonly Misuse[], io: Io): ExitCode {
  for (const { message, hint } of misuses) {
    io.stderr.write(`pillion ${command.name}: ${message}\n${hint === undefined ? '' : `hint: ${hint}\n`}`)
  }
  io.stderr.write(`Try \`pillion ${command.name} --help\`.\n`)
  return EXIT.usage
}

export interface ReadArguments {
  readonly given: Arguments
  readonly misuses: readonly Misuse[]
}

/** Reads the words after the command's name. Never throws. */
export function readArguments(command: Command, words: readonly string[]): ReadArguments {
  const options = [...command.options, HELP]
  const { tokens } = parseArgs({ args: [...words], options: forNode(options), strict: false, tokens: true })
  const values = new Map<string, string[]>()
  const misuses: Misuse[] = []
  const operands: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value)
    if (token.kind !== 'option') continue
    const misuse = misuseOf(token, options)
    if (misuse !== undefined) misuses.push(misuse)
    else values.set(token.name, [...(values.get(token.name) ?? []), token.value ?? ''])
  }
  misuses.push(...operandMisuses(command, operands))
  return { given: new Arguments(operands, values), misuses }
}

function forNode(options: readonly CommandOption[]) {
  return Object.fromEntries(
    options.map(({ name, short, value }) => {
      const type = value === undefined ? ('boolean' as const) : ('string' as const)
      return [name, { type, multiple: true, ...(short === undefined ? {} : { short }) }]
    }),
  )
}

interface OptionToken {
  readonly name: string
  readonly rawName: string
  readonly value: string | undefined
  readonly inlineValue: boolean | undefined
}

function misuseOf(token: OptionToken, options: readonly CommandOption[]): Misuse | undefined {
  const { name, rawName, value, inlineValue } = token
  const option = options.find(each => each.name === name)
  if (option === undefined) return { message: `there is no option ${rawName}`, hint: meant(name, options) }
  if (option.value === undefined) return value === undefined ? undefined : { message: `${rawName} takes no value` }
  const swallowed = inlineValue === false && value !== undefined && value.length > 1 && value.startsWith('-')
  if (value !== undefined && !swallowed) return undefined
  const hint = swallowed ? `for a value that begins with "-" write ${rawName}=${value}` : undefined
  return { message: `${rawName} needs a value: ${rawName} ${option.value}`, hint }
}

function meant(name: string, options: readonly CommandOption[]): string | undefined {
  const nearest = suggest(
    name,
    options.map(option => option.name),
  )
  return nearest === undefined ? undefined : `did you mean --${nearest}?`
}

function operandMisuses(
  { usage, operands: limits = { min: 0, max: 0 } }: Command,
  operands: readonly string[],
): Misuse[] {
  const hint = `usage: pillion ${usage}`
  if (operands.length < limits.min) return [{ message: 'an argument is missing', hint }]
  return operands.slice(limits.max).map(operand => ({ message: `"${operand}" is one argument too many`, hint }))
}

/** What `--help` prints. */
function helpText({ summary, usage, options, notes = [] }: Command): string {
  const paragraphs = [`Usage: pillion ${usage}`, summary, optionTable([...options, HELP]), ...notes]
  return `${paragraphs.join('\n\n')}\n`
}

function optionTable(options: readonly CommandOption[]): string {
  const rows = options.map(option => [optionName(option), optionHelp(option)] as const)
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, help]) => `  ${name.padEnd(width)}  ${help}`).join('\n')
}

function optionName({ name, short, value }: CommandOption): string {
  const dashed = `${short === undefined ? '    ' : `-${short}, `}--${name}`
  return value === undefined ? dashed : `${dashed} ${value}`
}

function optionHelp({ help, environment, repeatable }: CommandOption): string {
  return `${help}${repeatable === true ? ' May be repeated.' : ''}${environment === undefined ? '' : ` [${environment}]`}`
}
