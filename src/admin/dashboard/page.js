// What does the page show, and when?
//
// Each report that arrives is kept and drawn whole: state, figures, outcomes, curves and
// routes, for the range that is chosen. The page itself holds no numbers; until the first
// report it is marked busy. An objective is met or missed in words, not by colour alone.

import { connect } from './connection.js'
import { byteParts, bytes, count, duration, durationParts, lasting, rateParts, share, shareParts } from './figures.js'
import { createPlots } from './plots.js'
import { createRoutesTable } from './routes-table.js'

const OUTCOMES = {
  hit: 'hit',
  stale: 'stale',
  collapsed: 'collapsed',
  revalidated: 'revalidated',
  miss: 'miss',
  bypass: 'bypass',
  error: 'error',
}

const byId = id => document.getElementById(id)
const plots = createPlots(byId('plots'))
const table = createRoutesTable(byId('routes'))
const outcomes = createOutcomes()
let report

const range = () => document.querySelector('input[name=range]:checked').value
const period = () => (range() === 'minutes' ? 'hour' : 'minute')

function draw() {
  if (report === undefined) return
  const current = report[period()]
  drawState(report)
  drawQuarantine(report.quarantined)
  drawTiles(report, current)
  outcomes.show(current)
  plots.show(report.curves[range()], report.slo)
  table.show(report, period())
  for (const place of document.querySelectorAll('.period')) {
    place.textContent = range() === 'minutes' ? 'last 60 minutes' : 'last 60 seconds'
  }
  document.querySelector('.span').textContent = range() === 'minutes' ? 'last 60 minutes' : 'last 5 minutes'
  byId('numbers').removeAttribute('aria-busy')
}

function drawState({ phase, upstream, redis, version, uptime, configuration }) {
  chip('chip-phase', phase, phase === 'ready' ? 'good' : 'warn')
  chip('chip-upstream', ...upstreamState(upstream))
  if (redis !== null) chip('chip-redis', redis.up ? 'Redis up' : 'Redis down', redis.up ? 'good' : 'bad')
  byId('chip-redis').hidden = redis === null
  byId('about').textContent = `version ${version} · up ${lasting(uptime)} · configuration ${configuration.slice(0, 8)}`
}

/** The text is only touched when it changes, so that it is announced once. */
function drawQuarantine(quarantined) {
  const banner = byId('quarantine')
  const names = quarantined.map(({ route }) => route).join(', ')
  const text =
    `In quarantine: ${names}. Callers that share a stored response there are owed different ones, so requests pass ` +
    'through uncached. Narrow `share` in the configuration, or lift it with POST /api/quarantine.'
  banner.hidden = quarantined.length === 0
  if (!banner.hidden && banner.textContent !== text) banner.textContent = text
}

function upstreamState({ breaker, reachable }) {
  if (breaker === 'open') return ['upstream: breaker open', 'bad']
  if (breaker === 'half-open') return ['upstream: breaker probing', 'warn']
  if (reachable === false) return ['upstream not answering', 'bad']
  return reachable ? ['upstream answers', 'good'] : ['upstream not asked yet', 'none']
}

function chip(id, words, state) {
  byId(id).textContent = words
  byId(id).dataset.state = state
}

function drawTiles({ slo, upstream, stores, process }, now) {
  const seconds = period() === 'hour' ? Math.min(3600, report.uptime) : Math.min(60, report.uptime)
  const spent = now.originSeconds + now.savedSeconds
  const tail = ({ p50, p99 }) => `p50\u00a0${duration(p50)} · p99\u00a0${duration(p99)}`
  const memory = stores.find(({ tier }) => tier === 'memory') ?? { bytes: 0, limit: 0, entries: 0 }

  tile('hit-rate', shareParts(now.hitRate), `${share(now.avoidedRate)} with collapsed`)
  objective('hit-rate', now.hitRate, slo.hitRate, { write: share, atLeast: true })
  tile(
    'saved',
    shareParts(spent === 0 ? null : now.savedSeconds / spent),
    `${duration(now.originSeconds)} spent, ${bytes(now.bytesSaved)} saved`,
  )
  words('saved', 'target', `${duration(now.savedSeconds)} saved`)
  tile('requests', rateParts(now.requests / Math.max(1, seconds)), `${count(now.requests)} in all, ${bytes(now.bytes)}`)
  words(
    'requests',
    'target',
    now.serverErrors === 1 ? '1 server error' : `${count(now.serverErrors)} server errors`,
    now.serverErrors > 0 ? 'bad' : '',
  )
  tile('cached', durationParts(now.cached.p95), tail(now.cached))
  objective('cached', now.cached.p95, slo.cached, { write: duration })
  tile('uncached', durationParts(now.uncached.p95), tail(now.uncached))
  objective('uncached', now.uncached.p95, slo.uncached, { write: duration })
  tile('pool', shareParts(upstream.utilization), `${count(upstream.running)} running, ${count(upstream.queued)} queued`)
  objective('pool', upstream.utilization, slo.pool, { write: share })
  tile('memory', byteParts(memory.bytes), `${bytes(process.residentBytes)} whole process`)
  words('memory', 'target', `of ${bytes(memory.limit)}, ${count(memory.entries)} stored`)
}

function tile(name, [number, unit], detail) {
  const figure = document.querySelector(`#tile-${name} .figure`)
  const small = document.createElement('small')
  small.textContent = unit
  figure.replaceChildren(number, small)
  words(name, 'detail', detail)
}

function words(name, place, text, state = '') {
  const element = document.querySelector(`#tile-${name} .${place}`)
  element.textContent = text
  element.dataset.state = state
}

function objective(name, value, limit, { write, atLeast = false }) {
  const isKnown = value !== null && value !== undefined
  const isMet = isKnown && (atLeast ? value >= limit : value <= limit)
  const aim = `${atLeast ? '≥' : '≤'} ${write(limit).replace('.0\u00a0%', '\u00a0%')}`
  if (!isKnown) words(name, 'target', `target ${aim}`)
  else words(name, 'target', isMet ? `✓ met, target ${aim}` : `✗ missed, target ${aim}`, isMet ? 'good' : 'bad')
}

function createOutcomes() {
  const parts = Object.entries(OUTCOMES).map(([outcome, label]) => {
    const part = document.createElement('span')
    part.className = outcome
    const item = document.createElement('li')
    const swatch = document.createElement('span')
    swatch.className = `swatch ${outcome}`
    const number = document.createElement('b')
    const portion = document.createTextNode('')
    item.append(swatch, `${label} `, number, portion)
    return { outcome, part, item, number, portion }
  })
  byId('outcome-bar').append(...parts.map(({ part }) => part))
  byId('outcome-list').append(...parts.map(({ item }) => item))
  return {
    show(now) {
      for (const { outcome, part, item, number, portion } of parts) {
        const fraction = now.requests === 0 ? 0 : now.outcomes[outcome] / now.requests
        part.style.width = `${fraction * 100}%`
        number.textContent = count(now.outcomes[outcome])
        portion.data = fraction === 0 ? '' : ` ${share(fraction)}`
        item.toggleAttribute('data-none', fraction === 0)
      }
    },
  }
}

function askToken(wasWrong) {
  const dialog = byId('token-dialog')
  byId('token-error').textContent = wasWrong ? 'That is not the token.' : ''
  byId('token').value = ''
  if (!dialog.open) dialog.showModal()
  byId('token').focus()
  return new Promise(resolve => {
    dialog.querySelector('form').addEventListener('submit', () => resolve(byId('token').value.trim()), { once: true })
  })
}

// Without the token there is nothing to go back to.
byId('token-dialog').addEventListener('cancel', event => event.preventDefault())
for (const input of document.querySelectorAll('input[name=range]')) input.addEventListener('change', draw)

connect({
  askToken,
  onStats(next) {
    report = next
    draw()
  },
  onState(state, text) {
    const place = byId('connection')
    const isLong = text.length > 40
    place.dataset.state = state
    place.textContent = isLong ? 'not connected' : text
    byId('notice').hidden = !isLong
    byId('notice').textContent = isLong ? text : ''
  },
})
