// How has the traffic been, just now and over the last hour?
//
// Bounded rolling windows for the dashboard and /api/stats. The whole: 300 slots of a
// second and 60 of a minute. Each route: 12 of 5 s and 12 of 5 min (about 20 KiB),
// allocated when it first has traffic. A curve's point looks back over five slots of
// seconds, or at one slot of minutes, so that percentiles rest on more than a handful.

import type { Clock } from '../base/clock.ts'
import type { Telemetry } from '../base/events.ts'
import { type Milliseconds, milliseconds } from '../base/units.ts'
import { RollingWindow } from './rolling-window.ts'
import { addTally, summarise, type Tally, type TrafficSummary, tallyRequest, tallyUpstream } from './traffic-tally.ts'
import { type Verification, VerificationTally } from './verification-tally.ts'

/** `minute` is the last 60 s, `hour` the last 60 min. */
type TrafficPeriod = 'minute' | 'hour'

export interface RouteTraffic {
  readonly route: string
  readonly minute: TrafficSummary
  readonly hour: TrafficSummary
}

/** One summary per slot, oldest first, the newest still filling. */
export interface TrafficCurve {
  readonly slotLength: Milliseconds
  readonly points: readonly TrafficSummary[]
}

export interface TrafficReport {
  readonly total: Readonly<Record<TrafficPeriod, TrafficSummary>>
  readonly seconds: TrafficCurve
  readonly minutes: TrafficCurve
  readonly routes: readonly RouteTraffic[]
}

export interface TrafficStatistics extends Telemetry {
  /** Routes in force: others are forgotten, and what still comes in for them counts under `default`. */
  useRoutes(names: Iterable<string>): void
  /** What another process counted on a route in the last moment. */
  add(route: string, counted: Tally): void
  report(): TrafficReport
  /** What comparing hits with fresh answers showed; routes where nothing was compared are left out. */
  verified(): Verification[]
}

const SECOND = milliseconds(1000)
const MINUTE = milliseconds(60_000)
const CURVE_SECONDS = 300
/** Slots of a second that one point of a curve looks back over; the ring keeps as many more. */
const LOOK_BACK = 5

interface RouteWindows {
  readonly minute: RollingWindow
  readonly hour: RollingWindow
}

const routeWindows = (): RouteWindows => ({
  minute: new RollingWindow(12, milliseconds(5000)),
  hour: new RollingWindow(12, milliseconds(300_000)),
})

export function createTrafficStatistics(clock: Clock): TrafficStatistics {
  const seconds = new RollingWindow(CURVE_SECONDS + LOOK_BACK, SECOND)
  const minutes = new RollingWindow(60, MINUTE)
  const perRoute = new Map<string, RouteWindows>()
  const verification = new VerificationTally()
  let known = new Set(['default'])

  const windowsOf = (route: string): RouteWindows => {
    const name = known.has(route) ? route : 'default'
    const found = perRoute.get(name)
    if (found) return found
    const made = routeWindows()
    perRoute.set(name, made)
    return made
  }
  const tallies = (route: string): Tally[] => {
    const now = clock.monotonic()
    const own = windowsOf(route)
    return [seconds.at(now), minutes.at(now), own.minute.at(now), own.hour.at(now)]
  }

  return {
    emit(event) {
      if (event.kind === 'request') for (const tally of tallies(event.route)) tallyRequest(tally, event)
      else if (event.kind === 'verified') verification.count(event)
      else if (event.kind === 'upstream') for (const tally of tallies(event.route)) tallyUpstream(tally, event)
    },
    add: (route, counted) => addToAll(tallies(route), counted),
    verified: () => verification.report(),
    useRoutes(names) {
      known = new Set(['default', ...names])
      for (const name of perRoute.keys()) if (!known.has(name)) perRoute.delete(name)
    },
    report() {
      const now = clock.monotonic()
      return {
        total: { minute: summarise(seconds.sum(now, 60)), hour: summarise(minutes.sum(now)) },
        seconds: curve(seconds, now, { length: CURVE_SECONDS, lookBack: LOOK_BACK }),
        minutes: curve(minutes, now, { length: minutes.slots, lookBack: 1 }),
        routes: [...perRoute].map(([route, windows]) => routeTraffic(route, windows, now)),
      }
    },
  }
}

function routeTraffic(route: string, { minute, hour }: RouteWindows, now: Milliseconds): RouteTraffic {
  return { route, minute: summarise(minute.sum(now)), hour: summarise(hour.sum(now)) }
}

function addToAll(tallies: readonly Tally[], counted: Tally): void {
  for (const tally of tallies) addTally(tally, counted)
}

interface CurveShape {
  readonly length: number
  /** Slots that a point sums up, its own included. */
  readonly lookBack: number
}

function curve(window: RollingWindow, now: Milliseconds, { length, lookBack }: CurveShape): TrafficCurve {
  const points = Array.from({ length }, (_, at) => {
    const then = milliseconds(now - (length - 1 - at) * window.slotLength)
    return summarise(window.sum(then, lookBack))
  })
  return { slotLength: window.slotLength, points }
}
