// Is this configuration valid, and does it do what its `expect` lines say?
//
// All problems at once on standard error, then one line: the verdict with the number of
// routes and expectations on standard output, or the number of errors. Warnings don't
// make a file invalid. Expectations are left alone while the routes they are about have
// errors, because their failures would say nothing new.

import { inFileOrder, isError, type Problem } from '../config/problems.ts'
import { runExpectations } from '../insight/expect.ts'
import { type Arguments, type Command, EXIT, type ExitCode, type Io, refuse } from './arguments.ts'
import { CONFIG_OPTION, printProblems, type ReadConfiguration, readConfiguration } from './read-configuration.ts'

export const check: Command = {
  name: 'check',
  summary: 'Validates a configuration and runs its `expect` lines.',
  usage: 'check [FILE]',
  operands: { min: 0, max: 1 },
  options: [CONFIG_OPTION],
  notes: ['Exit status: 0 valid (warnings allowed), 2 invalid.'],
  run: (given, io) => Promise.resolve(runCheck(given, io)),
}

function runCheck(given: Arguments, io: Io): ExitCode {
  const [operand] = given.operands
  if (operand !== undefined && given.has('config')) {
    return refuse(check, [{ message: `both ${operand} and --config name a file`, hint: 'name one' }], io)
  }
  const read = readConfiguration(operand ?? given.text('config'), io)
  if (read.source.file === undefined && !read.problems.some(isOfTheEnvironment)) {
    const hint = 'name a file, or create pillion.yaml in the working directory'
    return refuse(check, [{ message: 'there is no configuration to check', hint }], io)
  }
  const { passed, problems: failed } = expectationsOf(read)
  const problems = inFileOrder([...read.problems, ...failed])
  printProblems(problems, read, io)
  return conclude(read, { problems, passed }, io)
}

/** An option's or variable's own mistake is worth telling even without a file. */
function isOfTheEnvironment(problem: Problem): boolean {
  return problem.from !== undefined
}

function expectationsOf({ compiled, source, problems }: ReadConfiguration) {
  const upset = problems.some(problem => isError(problem) && concernsRoutes(problem))
  return upset ? { passed: 0, problems: [] } : runExpectations(compiled, source)
}

function concernsRoutes({ path: [top] }: Problem): boolean {
  return top === undefined || top === 'routes' || top === 'defaults'
}

interface Findings {
  readonly problems: readonly Problem[]
  readonly passed: number
}

function conclude({ compiled, source }: ReadConfiguration, { problems, passed }: Findings, io: Io): ExitCode {
  const errors = problems.filter(isError).length
  const warnings = counted(problems.length - errors, 'warning')
  const file = source.file ?? 'the configuration'
  if (errors > 0) {
    io.stderr.write(`${file} is invalid: ${counted(errors, 'error')}, ${warnings}\n`)
    return EXIT.usage
  }
  const routes = counted(compiled.router.routes.length, 'route')
  io.stdout.write(`${file} is valid: ${routes}, ${counted(passed, 'expectation')} met, ${warnings}\n`)
  return EXIT.done
}

function counted(count: number, noun: string): string {
  return `${count === 0 ? 'no' : count} ${noun}${count === 1 ? '' : 's'}`
}
