// How does a rider get a flight's content in a coding of its own?
//
// Through a CodedStream that rides the flight in its clients' place: one for each coding,
// shared by all riders that want it while the content is being kept. A form that came to
// its end together with a stored response is left to it, so that the first hit finds it.

import type { Choice } from '../encoding/choice.ts'
import type { TaggedCoding } from '../http/content-coding.ts'
import type { ResponseHead } from '../http/message.ts'
import { CodedStream } from './coded-stream.ts'
import type { Flight } from './flight.ts'
import type { RoutedRequest } from './routed-request.ts'
import type { BodyReader } from './shared-body.ts'

const underWay = new WeakMap<Flight, Map<TaggedCoding, CodedStream>>()

/** Streams the flight's content to the client in the chosen form. The flight was boarded; this rides or leaves it. */
export function rideCoded(routed: RoutedRequest, flight: Flight, choice: Choice, head: ResponseHead): void {
  const { exchange } = routed
  const target = choice.target as TaggedCoding
  const sink = exchange.stream(head, flight.trailer)
  const shared = underWay.get(flight)?.get(target)
  if (shared?.joinable === true) {
    shared.serve(exchange, sink)
    flight.leave()
    return
  }
  let input: BodyReader | undefined
  const letGo = () => {
    if (input !== undefined) flight.alight(input)
  }
  const announced = flight.announced
  const stream = new CodedStream(choice, {
    announced,
    limits: flight.limits,
    keeps: () => flight.boarding || flight.committed !== undefined,
    onWhole: body => {
      const { committed } = flight
      if (committed === undefined) return
      routed.forms?.formsOf(routed, committed).adopt({ coding: target, body, hard: target === 'identity' })
    },
    onBroken: letGo,
    onUnwanted: letGo,
  })
  const streams = underWay.get(flight) ?? new Map<TaggedCoding, CodedStream>()
  underWay.set(flight, streams.set(target, stream))
  stream.serve(exchange, sink)
  input = flight.ride(stream)
}
