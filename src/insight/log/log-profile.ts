// What does a log show of the traffic, in the form that advice is drawn from?
//
// Hands each record to the same gatherer that a running Pillion feeds. A log has no
// digests, so it shows neither changes nor whether callers were given the same; where it
// holds response fields it shows what the heads said.

import { bytes } from '../../base/units.ts'
import { responseDirectives } from '../../http/cache-control.ts'
import { fieldValue, hasField } from '../../http/fields.ts'
import type { CompiledRoutes } from '../../routing/compiled-routes.ts'
import { TrafficGatherer } from '../gather/traffic-gatherer.ts'
import { patternOf } from '../live-observation.ts'
import { bareRequest } from '../replay/presented-record.ts'
import type { TrafficProfile } from '../traffic-profile.ts'
import type { LogRecord } from './log-record.ts'

export class LogProfile {
  readonly #gatherer: TrafficGatherer
  readonly #compiled: CompiledRoutes

  constructor(compiled: CompiledRoutes) {
    this.#compiled = compiled
    this.#gatherer = new TrafficGatherer('log', name => patternOf(compiled.written.get(name)?.match))
  }

  take(record: LogRecord): void {
    const { at, method, path, query, status, user } = record
    const route = this.#compiled.router.match(bareRequest(record)).name
    const originTime = record.origin ?? record.duration
    const caller = user === undefined || record.tenant === undefined ? user : `${user} ${record.tenant}`
    const size = bytes(record.bytes)
    this.#gatherer.record({ at, route, method, path, query: query ?? '', status, size, originTime, caller, weight: 1 })
    this.#takeHead(record, route)
  }

  profile(): TrafficProfile {
    return this.#gatherer.profile(name => (this.#compiled.written.get(name)?.purge.length ?? 0) > 0)
  }

  /** Only of whole answers: a 304 has little to say. */
  #takeHead({ fields, method, path, status, bytes: size }: LogRecord, route: string): void {
    if (fields === undefined || status !== 200) return
    const { directives, source } = responseDirectives(fields)
    const type = fieldValue(fields, 'content-type')
    const plain = type !== undefined && COMPRESSES.test(type) && !hasField(fields, 'content-encoding')
    this.#gatherer.head({
      kind: 'origin-head',
      route,
      method,
      path,
      etag: hasField(fields, 'etag'),
      lastModified: hasField(fields, 'last-modified'),
      silent: source === 'none' && !hasField(fields, 'expires'),
      forbidding: directives.noStore || directives.private,
      setsCookie: hasField(fields, 'set-cookie'),
      uncompressed: plain ? bytes(size) : undefined,
    })
  }
}

const COMPRESSES = /^(?:text\/(?!event-stream)|application\/(?:[\w.+-]*\+)?(?:json|xml|javascript)|image\/svg)/i
