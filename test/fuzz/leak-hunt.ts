// Is anybody ever given what was made for somebody else?
//
// Streams of requests, generated with structure (fast-check): callers with and without
// credentials and cookies, ranges, conditions, cache directives, writes, several at once,
// over routes of each kind of sharing. The origin marks every answer with whom it is for,
// and by the target decides whether it may be shared. What a client gets must be marked
// for it, or for everybody where the origin or the route says so, and must be the answer
// to its own target. A hunt is only worth what it finds: the test beside it plays a
// configuration that is too wide, and demands that the hunt says so.

import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { RawResponse } from '../clients/raw-client.ts'
import type { OriginExchange } from '../origin/exchange.ts'
import { wireField } from '../origin/wire.ts'
import { type Scene, startScene } from '../scenario/start-pillion.ts'

/** Routes that say the truth about the origin below. */
export const HONEST = `
routes:
  public: { match: "GET /{run}/public/**", ttl: 1m, share: everyone }
  own: { match: "GET /{run}/own/**", ttl: 1m, share: user }
  auto: { match: "GET /{run}/auto/**" }
  writes: { match: "POST|DELETE /{run}/own/**", purge: [user] }
`

interface Step {
  readonly caller: number
  readonly area: 'public' | 'own' | 'auto'
  readonly item: number
  readonly method: 'GET' | 'HEAD' | 'POST'
  readonly extra: readonly string[]
  readonly byCookie: boolean
}

const EXTRAS: readonly (readonly string[])[] = [
  [],
  [],
  ['Range', 'bytes=0-3'],
  ['If-None-Match', '"made-up"'],
  ['Cache-Control', 'no-cache'],
  ['Cache-Control', 'max-stale'],
  ['X-Forwarded-Host', 'other.example'],
  ['X_Authorization', 'user-9'],
  ['Accept-Encoding', 'gzip'],
  ['Pillion-Purpose', 'refresh'],
]

const step: fc.Arbitrary<Step> = fc.record({
  caller: fc.integer({ min: 0, max: 3 }),
  area: fc.constantFrom('public', 'own', 'auto'),
  item: fc.integer({ min: 0, max: 2 }),
  method: fc.constantFrom('GET', 'GET', 'GET', 'GET', 'HEAD', 'POST'),
  extra: fc.constantFrom(...EXTRAS),
  byCookie: fc.boolean(),
})

/** Turns one after another; the requests of a turn run side by side, and may be collapsed. */
const turns = fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 6 })

/** Of /auto, 1 is public by the origin's word, 2 has a lifetime alone; both are personal to look at. */
function answer(exchange: OriginExchange): void {
  const { fields, target } = exchange.request
  const caller = wireField(fields, 'authorization') ?? /id=([\w-]+)/.exec(wireField(fields, 'cookie') ?? '')?.[1]
  const shared = /^\/\w+\/(?:public\/|auto\/1)/.test(target)
  const control = target.includes('/auto/1') ? 'public, max-age=60' : target.includes('/auto/2') ? 'max-age=60' : ''
  exchange.respond({
    fields: control === '' ? [] : ['Cache-Control', control],
    body: `for=${shared ? 'all' : (caller ?? 'nobody')};target=${target};`,
  })
}

function nameOf({ caller }: Step): string {
  return caller === 0 ? 'nobody' : `user-${caller}`
}

async function ask(scene: Scene, each: Step, run: string): Promise<void> {
  const target = `/${run}/${each.area}/${each.item}`
  const credentials = each.byCookie ? ['Cookie', `id=${nameOf(each)}`] : ['Authorization', nameOf(each)]
  const fields = [...(each.caller === 0 ? [] : credentials), ...each.extra]
  check(each, target, await scene.request([each.method, target], fields, each.method === 'POST' ? '' : undefined))
}

function check(each: Step, target: string, { body }: RawResponse): void {
  const owner = /for=([\w-]+);/.exec(body)?.[1]
  if (owner !== undefined && owner !== 'all') assert.equal(owner, nameOf(each), 'given what was made for somebody else')
  const answered = /target=([^;]+);/.exec(body)?.[1]
  if (answered !== undefined) assert.equal(answered, target, 'given the answer to another request')
}

/** Rejects with the smallest turns that show a leak, and the seed that made them. */
export async function huntLeaks(configuration: string, runs: number): Promise<void> {
  await using scene = await startScene(configuration, answer)
  let run = 0
  const property = fc.asyncProperty(turns, async played => {
    run += 1
    for (const turn of played) await Promise.all(turn.map(each => ask(scene, each, `r${run}`)))
  })
  await fc.assert(property, { numRuns: runs })
}
