// Whom does a quarantine concern, for how long, and who is told?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TelemetryEvent } from '../../src/base/events.ts'
import { Quarantine, type QuarantineChange } from '../../src/cache/quarantine.ts'
import { PurgeEpochs } from '../../src/store/purge-epochs.ts'
import { routeScope } from '../../src/store/scopes.ts'
import { aClock } from '../observability/events.ts'
import { aRoute } from '../routing/builders.ts'

const wide = aRoute('ttl: 1m, share: everyone')
const narrow = aRoute('ttl: 1m, share: user')

function aQuarantine() {
  const epochs = new PurgeEpochs()
  const events: TelemetryEvent[] = []
  const quarantine = new Quarantine({ clock: aClock(), epochs, telemetry: { emit: event => events.push(event) } })
  const told: QuarantineChange[] = []
  quarantine.use([wide])
  quarantine.onChange(change => told.push(change))
  return { quarantine, epochs, events, told }
}

describe('quarantine (contract §2 `verify`)', () => {
  test('purges what is stored for the route, logs an error, and tells others, once', async () => {
    const { quarantine, epochs, events, told } = aQuarantine()
    const stored = { scopes: [routeScope('it')], sequence: epochs.current() }
    await quarantine.impose(wide, 'evidence')
    await quarantine.impose(wide, 'evidence again')
    assert.equal(quarantine.holds(wide), true)
    assert.equal(epochs.standing(stored), 'hard')
    assert.deepEqual(
      told.map(({ route, imposed }) => [route, imposed]),
      [['it', true]],
    )
    assert.deepEqual(
      events.map(event => (event.kind === 'notice' ? event.level : event.kind)),
      ['error', 'purge'],
    )
  })

  test('lasts through a reload that leaves the definition alone, and ends with one that changes it', async () => {
    const { quarantine } = aQuarantine()
    await quarantine.impose(wide, 'evidence')
    quarantine.use([aRoute('share: everyone, ttl: 60s')])
    assert.equal(quarantine.holds(wide), true)
    quarantine.use([narrow])
    assert.equal(quarantine.holds(narrow), false)
    assert.deepEqual(quarantine.all, [])
    quarantine.use([wide])
    assert.equal(quarantine.holds(wide), false)
  })

  test('what another worker found holds here, is not told again, and may be heard twice', () => {
    const [there, here] = [aQuarantine(), aQuarantine()]
    there.quarantine.onChange(change => {
      here.quarantine.receive(change)
      here.quarantine.receive(change)
    })
    const stored = { scopes: [routeScope('it')], sequence: here.epochs.current() }
    void there.quarantine.impose(wide, 'evidence')
    assert.equal(here.quarantine.holds(wide), true)
    assert.equal(here.epochs.standing(stored), 'hard')
    assert.deepEqual(here.told, [])

    assert.equal(there.quarantine.lift('it'), true)
    assert.equal(here.quarantine.holds(wide), false)
  })

  test('found by a replica with other rules it does not concern this one, until it has them too', () => {
    const { quarantine } = aQuarantine()
    quarantine.receive({ route: 'it', definition: narrow.definition, imposed: true, evidence: 'evidence' })
    assert.deepEqual([quarantine.holds(wide), quarantine.all], [false, []])
    quarantine.use([narrow])
    assert.equal(quarantine.holds(narrow), true)
  })

  test('what others found is bounded in number', () => {
    const { quarantine } = aQuarantine()
    for (let at = 0; at < 1000; at += 1) {
      quarantine.receive({ route: `r${at}`, definition: `d${at}`, imposed: true, evidence: 'evidence' })
    }
    const held = Array.from({ length: 1000 }, (_, at) => quarantine.holds({ definition: `d${at}` }))
    assert.equal(held.filter(Boolean).length, 256)
  })

  test('a route that is not in it can not be lifted', () => {
    const { quarantine, told } = aQuarantine()
    assert.equal(quarantine.lift('it'), false)
    assert.deepEqual(told, [])
  })
})
