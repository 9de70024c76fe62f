// Can thousands of generated requests make Pillion give somebody what is not theirs?
//
// The hunt at the settings of the manual, and at settings that are too wide but safe by
// contract; and the proof that it would find leaks: it is let loose on settings and
// origins that are wrong on purpose, and must catch each of them.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Hunt } from './leak-hunt.ts'
import { storyOf } from './leak-story.ts'
import { type Flaws, KINDS, type Kind, TOKEN_SECRET, World } from './leak-world.ts'
import { metric } from './metrics-of.ts'
import { startScene } from './start-pillion.ts'

const IDENTITY = `identity:
  user: [{ header: Authorization }]
  tenant: { header: X-Clinic }
  claim: { jwt: tenant }
  jwt: { secret: "${TOKEN_SECRET}", issuer: idp, audience: api, algorithms: [HS256] }
`
const ROUTES = {
  open: 'share: everyone, setCookie: strip',
  auto: 'share: auto',
  mine: 'share: user',
  members: 'share: signed-in',
  clinic: 'share: [tenant], verify: 10%',
  word: 'share: [tenant], accepted: route',
  claimed: 'share: [claim], accepted: token',
}
const WRITES = {
  write: '{ match: "POST /write/{run}/{object}", purge: ["{run}-{object}"] }',
  logout: '{ match: POST /logout, purge: [user] }',
}

type Settings = Partial<typeof ROUTES & typeof WRITES>

function configured(changed: Settings): string {
  const { write, logout, ...keys } = { ...ROUTES, ...WRITES, ...changed }
  const lines = Object.entries(keys).map(
    ([name, own]) => `  ${name}: { match: "GET /${name}/{run}/{object}", ttl: 1m, tags: ["{run}-{object}"], ${own} }`,
  )
  return `${IDENTITY}routes:\n${lines.join('\n')}\n  write: ${write}\n  logout: ${logout}\n`
}

interface Scenery {
  readonly settings?: Settings
  readonly flaws?: Flaws
  /** The kinds of routes and the objects that stories are about; all of them unless given. */
  readonly on?: readonly Kind[]
  readonly objects?: readonly string[]
}

/** The first leak found, in words, and what was played. */
async function huntWith({ settings = {}, flaws = {}, on = KINDS, objects }: Scenery, limitMs: number) {
  const world = new World(flaws)
  await using scene = await startScene(configured(settings), world.answer)
  const hunt = new Hunt(scene, world)
  const property = fc.asyncProperty(storyOf(on, objects), async steps => {
    const [leak] = await hunt.play(steps)
    if (leak !== undefined) throw new Error(leak)
  })
  const limits = { numRuns: 2000, interruptAfterTimeLimit: limitMs, markInterruptAsFailure: false }
  const outcome = await fc.check(property, { ...limits, endOnFailure: true })
  const leak = outcome.failed ? `${String(outcome.errorInstance)}\n${fc.defaultReportMessage(outcome)}` : undefined
  return { hunt, leak, quarantined: await metric(scene, 'pillion_quarantined{route="clinic"}') }
}

describe('nobody is given from the cache what the origin would not give them (contract §3)', () => {
  test('at the settings of the manual, with hits of every kind', { timeout: 60_000 }, async () => {
    const { hunt, leak, quarantined } = await huntWith({}, 5500)
    assert.equal(leak, undefined)
    assert.equal(quarantined, 0)
    const rare = KINDS.filter(kind => (hunt.hits.get(kind) ?? 0) < 3)
    assert.deepEqual(rare, [], JSON.stringify([hunt.requests, ...hunt.hits]))
  })

  test('where routes are declared wider than the origin is, but each caller has to be accepted', async () => {
    const share = 'share: signed-in'
    const wide = { mine: share, auto: share, claimed: share, clinic: `${share}, vary: [X-Clinic]` }
    const { hunt, leak } = await huntWith({ settings: wide }, 2000)
    assert.equal(leak, undefined)
    assert.ok((hunt.hits.get('mine') ?? 0) > 0)
  })
})

describe('the hunt finds what is wrong on purpose', () => {
  const wrong: Record<string, Scenery> = {
    'personal answers that the route shares with everyone': { settings: { mine: 'share: everyone' }, on: ['mine'] },
    'members’ answers that the route shares with everyone': {
      settings: { members: 'share: everyone' },
      on: ['members'],
    },
    'a clinic’s answers that the route shares with everyone': {
      settings: { clinic: 'share: everyone' },
      on: ['clinic'],
    },
    'a word on the route where the origin has rights per object': {
      flaws: { rightsPerObject: true },
      on: ['word'],
      objects: ['1', 'secret'],
    },
    'personal answers that the origin calls public': { flaws: { marksPersonalPublic: true }, on: ['auto'] },
    'an origin that forgets Vary': { flaws: { forgetsVary: true } },
    'a logout that purges nothing': { settings: { logout: '{ match: POST /logout }' }, on: ['mine', 'members'] },
    'writes that purge nothing': { settings: { write: '{ match: "POST /write/{run}/{object}" }' } },
  }
  for (const [what, scenery] of Object.entries(wrong)) {
    test(what, async () => {
      const { leak } = await huntWith(scenery, 30_000)
      assert.notEqual(leak, undefined)
    })
  }
})
