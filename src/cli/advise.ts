// What should be cached, and what should the backend's owners know?
//
// Asks a running Pillion what it makes of the traffic it saw. The YAML goes alone to
// standard output, so that it can be redirected into a file; the report goes to standard
// error, for people. `--json` is both, for machines.

import { adviceReport } from '../insight/advice/advice-report.ts'
import type { Advice } from '../insight/advice.ts'
import { AdminFailure, adminAt, askAdmin } from './admin-client.ts'
import { type Arguments, type Command, EXIT, type ExitCode, type Io, refuse } from './arguments.ts'

export const advise: Command = {
  name: 'advise',
  summary: 'Proposes routes as ready YAML, and says what the owners of the backend should know.',
  usage: 'advise --admin URL',
  options: [
    { name: 'admin', value: 'URL', help: 'The running Pillion whose traffic is looked at.' },
    { name: 'json', help: 'YAML, routes and report in one, for machines.' },
  ],
  notes: [
    'The YAML goes to standard output, the report to standard error:  pillion advise --admin URL > proposed.yaml',
  ],
  run: runAdvise,
}

async function runAdvise(given: Arguments, io: Io): Promise<ExitCode> {
  const url = given.text('admin')
  if (url === undefined) {
    return refuse(advise, [{ message: 'nothing to look at', hint: 'name a running Pillion by --admin URL' }], io)
  }
  try {
    const advice = (await askAdmin(adminAt(url, io.environment), '/api/advice')) as Advice
    if (given.has('json')) io.stdout.write(`${JSON.stringify(advice, null, 2)}\n`)
    else {
      io.stdout.write(advice.yaml)
      io.stderr.write(adviceReport(advice))
    }
    return EXIT.done
  } catch (error) {
    if (!(error instanceof AdminFailure)) throw error
    io.stderr.write(`pillion advise: ${error.message}\n`)
    return EXIT.failed
  }
}
