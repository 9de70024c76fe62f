// What should be cached, and what should the backend's owners know?
//
// Read from access logs, or asked of a running Pillion that saw the traffic. The YAML goes
// alone to standard output, so that it can be redirected into a file; the report goes to
// standard error, for people. `--json` is both, for machines.

import { isError } from '../config/problems.ts'
import { adviceReport } from '../insight/advice/advice-report.ts'
import { type Advice, advise as adviseOn } from '../insight/advice.ts'
import { ACCEPTED_STALENESS } from '../insight/live-observation.ts'
import { LogProfile } from '../insight/log/log-profile.ts'
import { emptyTally, readLogs } from '../insight/log/read-logs.ts'
import { logNotes } from '../insight/replay/replay-notes.ts'
import { AdminFailure, adminAt, askAdmin } from './admin-client.ts'
import { type Arguments, type Command, EXIT, type ExitCode, type Io, refuse } from './arguments.ts'
import { IDENTITY_OPTIONS, openLogs, UnreadableLog } from './log-files.ts'
import { CONFIG_OPTION, printProblems, readWithoutUpstream } from './read-configuration.ts'

export const advise: Command = {
  name: 'advise',
  summary: 'Proposes routes as ready YAML, and says what the owners of the backend should know.',
  usage: 'advise LOG… | --admin URL',
  operands: { min: 0, max: 10_000 },
  options: [
    { name: 'admin', value: 'URL', help: 'The running Pillion whose traffic is looked at, instead of logs.' },
    CONFIG_OPTION,
    ...IDENTITY_OPTIONS,
    { name: 'json', help: 'YAML, routes and report in one, for machines.' },
  ],
  notes: [
    'The YAML goes to standard output, the report to standard error:  pillion advise access.log > proposed.yaml',
    'Logs are read as by `pillion replay`. A log shows neither changes nor whether callers are given the same, so\n' +
      'lifetimes are guesses and nothing is shared between callers who send credentials; --admin knows more.',
  ],
  run: runAdvise,
}

async function runAdvise(given: Arguments, io: Io): Promise<ExitCode> {
  const url = given.text('admin')
  if (url === undefined && given.operands.length === 0) {
    return refuse(advise, [{ message: 'nothing to look at', hint: 'name access logs, or --admin URL' }], io)
  }
  if (url !== undefined && given.operands.length > 0) {
    return refuse(advise, [{ message: 'both logs and --admin are named', hint: 'name one' }], io)
  }
  try {
    const advice = url === undefined ? await fromLogs(given, io) : await fromRunning(url, io)
    if (advice === undefined) return EXIT.usage
    print(advice, given, io)
    return EXIT.done
  } catch (error) {
    if (!(error instanceof AdminFailure || error instanceof UnreadableLog)) throw error
    io.stderr.write(`pillion advise: ${error.message}\n`)
    return EXIT.failed
  }
}

async function fromRunning(url: string, io: Io): Promise<Advice> {
  return (await askAdmin(adminAt(url, io.environment), '/api/advice')) as Advice
}

/** Undefined where there was nothing to advise on, and that was said. */
async function fromLogs(given: Arguments, io: Io): Promise<Advice | undefined> {
  const read = readWithoutUpstream(given.text('config'), io)
  const errors = read.problems.filter(isError)
  const { settings } = read
  if (errors.length > 0 || settings === undefined) {
    printProblems(errors, read, io)
    return undefined
  }
  const tally = emptyTally()
  const profile = new LogProfile(read.compiled)
  const { streams, progress } = openLogs(given.operands, io)
  const identity = { user: given.text('user-field'), tenant: given.text('tenant-field') }
  try {
    for await (const records of readLogs(streams, identity, tally)) for (const record of records) profile.take(record)
  } finally {
    progress.end()
  }
  if (tally.records === 0) {
    const hint = tally.sample === undefined ? undefined : `the first line is: ${tally.sample}`
    refuse(advise, [{ message: 'there is no request in these logs', hint }], io)
    return undefined
  }
  for (const note of logNotes(tally)) io.stderr.write(`note: ${note}\n`)
  const { upstream, slo } = settings
  const terms = { upstream: upstream.url.href, slow: slo.uncached, staleness: ACCEPTED_STALENESS }
  return adviseOn(profile.profile(), terms)
}

function print(advice: Advice, given: Arguments, io: Io): void {
  if (given.has('json')) {
    io.stdout.write(`${JSON.stringify(advice, null, 2)}\n`)
    return
  }
  io.stdout.write(advice.yaml)
  io.stderr.write(adviceReport(advice))
}
