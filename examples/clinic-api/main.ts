// How is the clinic API started on its own?
//
// `node examples/clinic-api/main.ts` listens on 127.0.0.1:8000, the upstream that
// config/demo.yaml names; PORT, HOST and QUERY_MS change that. Prints one JSON line with
// its address, so that a program can start it too. Ends on SIGTERM, SIGINT, and when
// the program that forked it is gone.

import { startClinicApi } from './server.ts'

const environment = (name: string, otherwise: number) => {
  const written = process.env[name] ?? String(otherwise)
  if (/^\d{1,5}$/.test(written)) return Number(written)
  console.error(`${name} must be a whole number from 0 to 99999, not "${written}".`)
  process.exit(2)
}

const port = environment('PORT', 8000)
const queryMilliseconds = environment('QUERY_MS', 9)
const host = process.env['HOST'] ?? '127.0.0.1'

try {
  const api = await startClinicApi({ port, host, queryMilliseconds })
  console.log(JSON.stringify({ msg: 'listening', url: api.url }))
  let ending = false
  const end = () => {
    if (ending) return
    ending = true
    void api.close().then(() => process.exit(0))
  }
  for (const event of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.on(event, end)
} catch (error) {
  console.error(`The clinic API can't listen on ${host}:${port} (${(error as Error).message}). Choose another PORT.`)
  process.exit(1)
}
