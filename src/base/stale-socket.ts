// Is this socket file in use, or left behind by a process that was killed?
//
// Binding a unix socket makes a file that only an orderly end removes. One that nobody
// listens on would make every later start fail, so it is removed; one that somebody
// answers, and anything that is no socket, is left alone, and binding says so.

import { lstat, rm } from 'node:fs/promises'
import { createConnection } from 'node:net'

/** Removes the socket file at `path` if nobody listens on it. */
export async function removeStaleSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined)
  if (found?.isSocket() !== true || (await isAnswered(path))) return
  await rm(path, { force: true })
}

/** True also where asking failed for another reason than that nobody listens. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = createConnection({ path })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'))
  })
}
