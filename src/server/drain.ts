// How does a listener stop without losing a connection that a client believes it has?
//
// The kernel completes handshakes by itself, and resets what nobody has accepted when a
// listening socket closes: a client that connected just then sees its connection reset
// and can't know whether its request was read. So new connections are taken until none
// has come for a moment, or for a second at most, and the socket is closed in a turn of
// the event loop that had none to take and was over at once. Who comes later is refused outright, which every
// client and load balancer may answer by going elsewhere.

import type { Server } from 'node:http'
import { Server as NetServer } from 'node:net'
import { setImmediate, setTimeout } from 'node:timers/promises'
import type { Clock } from '../base/clock.ts'
import type { Milliseconds } from '../base/units.ts'

/** How long no connection must have come. */
const QUIET_MS = 100
const MOST_CHECKS = 10
/** Turns of the event loop, in case none is idle. */
const MOST_TURNS = 1_000
/** A turn that did nothing but look. */
const IDLE_TURN_MS = 0.1

/** Resolves once the socket is closed to newcomers; `over` resolves when all its connections have ended. */
export async function stopAccepting(
  server: Server,
  timeout: Milliseconds,
  clock: Clock,
): Promise<{ over: Promise<void> }> {
  let taken = 0
  server.on('connection', () => {
    taken += 1
  })
  const checks = Math.min(MOST_CHECKS, Math.floor(timeout / QUIET_MS))
  for (let check = 0, seen = -1; check < checks && seen !== taken; check += 1) {
    seen = taken
    await setTimeout(QUIET_MS)
  }
  for (let turn = 0, idle = false; turn < MOST_TURNS && !idle; turn += 1) {
    const [seen, begun] = [taken, clock.monotonic()]
    await setImmediate()
    idle = seen === taken && clock.monotonic() - begun < IDLE_TURN_MS
  }
  // http.Server's own close would break idle connections at once.
  return { over: new Promise<void>(resolve => NetServer.prototype.close.call(server, () => resolve())) }
}
