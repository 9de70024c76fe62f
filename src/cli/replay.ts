// What hit rate would a configuration have on the traffic of an access log?
//
// Reads the logs once, plays every request through the simulation, and tells what came of
// it: a table for people, `--json` for machines, `--html` as a page with plots. What the
// reader must know to trust the figures (malformed lines, no identity in the log, only
// slow requests, unknown response heads) is said on standard error.

import { writeFileSync } from 'node:fs'
import { memoryAuto } from '../config/memory-limit.ts'
import { isError } from '../config/problems.ts'
import { emptyTally, type LogTally, readLogs } from '../insight/log/read-logs.ts'
import { Replay, type ReplayReport } from '../insight/replay/replay.ts'
import { replayNotes } from '../insight/replay/replay-notes.ts'
import { replayPage } from '../insight/replay/replay-page.ts'
import { formatReplay } from '../insight/replay/replay-text.ts'
import { type Arguments, type Command, EXIT, type ExitCode, type Io, refuse } from './arguments.ts'
import { IDENTITY_OPTIONS, openLogs, UnreadableLog } from './log-files.ts'
import {
  asServed,
  CONFIG_OPTION,
  printProblems,
  type ReadConfiguration,
  readWithoutUpstream,
} from './read-configuration.ts'

export const replay: Command = {
  name: 'replay',
  summary: 'Predicts hit rates by running access logs against a configuration.',
  usage: 'replay LOG…',
  operands: { min: 1, max: 10_000 },
  options: [
    CONFIG_OPTION,
    ...IDENTITY_OPTIONS,
    { name: 'sweep', help: 'Also the hit rate over lifetimes and over memory.' },
    { name: 'json', help: 'For machines.' },
    { name: 'html', value: 'FILE', help: 'Also writes a page with plots.' },
  ],
  notes: [
    'Logs: combined (nginx, Apache) or JSON lines (nginx, Envoy, Traefik, Caddy, Pillion), recognised by themselves;\n' +
      'gzip too; "-" is standard input. Rotated files may be named in any order.',
    'Routes under `observe` are played as if they served.',
    'Where a log does not name the user, the hit rate is given with a lower and an upper bound.',
  ],
  run: runReplay,
}

async function runReplay(given: Arguments, io: Io): Promise<ExitCode> {
  const read = readWithoutUpstream(given.text('config'), io, asServed)
  const errors = read.problems.filter(isError)
  if (errors.length > 0 || read.settings === undefined) {
    printProblems(errors, read, io)
    return EXIT.usage
  }
  try {
    const tally = emptyTally()
    const { report, simulation } = await played(given, { read, settings: read.settings, tally }, io)
    if (tally.records === 0) {
      const sample = tally.sample === undefined ? undefined : `the first line is: ${tally.sample}`
      return refuse(replay, [{ message: 'there is no request in these logs', hint: sample }], io)
    }
    for (const note of replayNotes({ tally, report, simulation, compiled: read.compiled })) {
      io.stderr.write(`note: ${note}\n`)
    }
    print(report, { given, read, tally }, io)
    return EXIT.done
  } catch (error) {
    if (!(error instanceof UnreadableLog)) throw error
    io.stderr.write(`pillion replay: ${error.message}\n`)
    return EXIT.failed
  }
}

interface Setting {
  readonly read: ReadConfiguration
  readonly settings: NonNullable<ReadConfiguration['settings']>
  readonly tally: LogTally
}

async function played(given: Arguments, { read, settings: { store }, tally }: Setting, io: Io) {
  const simulation = new Replay({
    compiled: read.compiled,
    memory: store.memory === 'auto' ? memoryAuto() : store.memory,
    maxBody: store.maxBody,
    sweep: given.has('sweep') || given.has('html'),
  })
  const { streams, progress } = openLogs(given.operands, io)
  try {
    const identity = { user: given.text('user-field'), tenant: given.text('tenant-field') }
    for await (const records of readLogs(streams, identity, tally)) {
      for (const record of records) simulation.take(record)
    }
  } finally {
    progress.end()
  }
  return { simulation, report: simulation.report(tally) }
}

interface Printed {
  readonly given: Arguments
  readonly read: ReadConfiguration
  readonly tally: LogTally
}

function print(report: ReplayReport, { given, read, tally }: Printed, io: Io): void {
  const page = given.text('html')
  if (page !== undefined) {
    writeFileSync(page, replayPage(report, { logs: given.operands, file: read.source.file, tally }))
    io.stderr.write(`wrote ${page}\n`)
  }
  const { sweep: _, ...plain } = report
  const shown = given.has('sweep') ? report : plain
  io.stdout.write(given.has('json') ? `${JSON.stringify(shown, null, 2)}\n` : formatReplay(shown, tally))
}
