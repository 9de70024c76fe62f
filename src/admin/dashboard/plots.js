// How do six curves show where a cache helps and where it hurts?
//
// uPlot, one figure each: what the series are, their colours (from the style sheet, so
// that light and dark agree), the dashed line of the objective, and a legend that shows
// the newest values, or those under the pointer. Latencies have a logarithmic axis: the
// cache and the origin are two or three powers of ten apart. Pointers move together.

import { bytes, duration, rate, share } from './figures.js'
import uPlot from './uplot.js'

const TIME = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })

const percentiles = (prefix, hue) => [
  { key: `${prefix}P50`, label: 'p50', colour: `--${hue}-soft` },
  { key: `${prefix}P95`, label: 'p95', colour: `--${hue}`, width: 2 },
  { key: `${prefix}P99`, label: 'p99', colour: `--${hue}`, dash: [2, 3] },
]

const FIGURES = [
  {
    title: 'Hit rate',
    write: share,
    range: () => [0, 1],
    target: slo => ({ value: slo.hitRate, label: 'target' }),
    series: [
      { key: 'hitRate', label: 'hits', colour: '--cache', width: 2, fill: true },
      { key: 'avoidedRate', label: 'with collapsed', colour: '--cache-soft' },
    ],
  },
  {
    title: 'Latency from the cache',
    write: duration,
    logarithmic: true,
    target: slo => ({ value: slo.cached, label: 'limit' }),
    series: percentiles('cached', 'cache'),
  },
  {
    title: 'Latency from the origin',
    write: duration,
    logarithmic: true,
    target: slo => ({ value: slo.uncached, label: 'limit' }),
    series: percentiles('uncached', 'origin'),
  },
  {
    title: 'Requests',
    write: rate,
    range: (_plot, _least, most) => [0, Math.max(1, (most ?? 0) * 1.08)],
    series: [
      { key: 'requests', label: 'from clients', colour: '--cache', fill: true },
      { key: 'originRequests', label: 'to the origin', colour: '--origin', width: 2, fill: true },
    ],
  },
  {
    title: 'Upstream pool',
    write: share,
    range: () => [0, 1],
    target: slo => ({ value: slo.pool, label: 'limit' }),
    series: [{ key: 'pool', label: 'in use', colour: '--origin', width: 2, fill: true }],
  },
  {
    title: 'Memory',
    write: bytes,
    steps: Array.from({ length: 40 }, (_, power) => 2 ** (power + 10)),
    range: (_plot, _least, most) => [0, Math.max(1024, (most ?? 0) * 1.08)],
    series: [
      { key: 'residentBytes', label: 'whole process', colour: '--other' },
      { key: 'storeBytes', label: 'stored responses', colour: '--cache', width: 2, fill: true },
    ],
  },
]

const colourOf = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim()

/** Draws the figures into `place`; `show(curve, slo)` gives them their numbers. */
export function createPlots(place) {
  const figures = FIGURES.map(definition => createFigure(definition, place))
  let shown
  const show = (curve, slo) => {
    shown = [curve, slo]
    for (const figure of figures) figure.show(curve, slo)
  }
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    for (const figure of figures) figure.forget()
    if (shown) show(...shown)
  })
  return { show }
}

function createFigure(definition, place) {
  const root = document.createElement('figure')
  root.className = 'plot'
  root.innerHTML = '<figcaption><h3></h3><ul class="legend"></ul></figcaption><div class="canvas" role="img"></div>'
  root.querySelector('h3').textContent = definition.title
  place.append(root)
  const canvas = root.querySelector('.canvas')
  let plot
  new ResizeObserver(() => plot?.setSize(sizeOf(canvas))).observe(canvas)

  return {
    forget() {
      plot?.destroy()
      plot = undefined
    },
    show(curve, slo) {
      const target = definition.target?.(slo)
      const columns = columnsOf(definition, curve, target)
      if (plot) plot.setData(columns)
      else plot = new uPlot(optionsOf(definition, target, { root, canvas }), columns, canvas)
      canvas.setAttribute('aria-label', wordsOf(definition, columns))
    },
  }
}

const sizeOf = canvas => ({ width: canvas.clientWidth, height: canvas.clientHeight })

function columnsOf(definition, curve, target) {
  const length = curve.requests.length
  const times = Array.from({ length }, (_, at) => curve.from + at * curve.step)
  const columns = [times, ...definition.series.map(({ key }) => curve[key])]
  if (target) columns.push(Array.from({ length }, () => target.value))
  return columns
}

function optionsOf(definition, target, { root, canvas }) {
  const drawn = definition.series.map(line => seriesOf(line))
  if (target) {
    drawn.push(seriesOf({ label: target.label, colour: '--bad', width: 1, dash: [6, 4] }))
  }
  const writeLegend = createLegend(root.querySelector('.legend'), drawn, definition.write)
  return {
    ...sizeOf(canvas),
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: 'pillion' }, drag: { x: false, y: false }, points: { size: 6 } },
    scales: { x: { time: true }, y: scaleOf(definition) },
    axes: [timeAxis(), valueAxis(definition)],
    series: [{}, ...drawn],
    hooks: { setCursor: [writeLegend], setData: [writeLegend], ready: [writeLegend] },
  }
}

const timeAxis = () =>
  axis({
    space: 44,
    size: 26,
    incrs: [60, 300, 600, 900, 1800],
    values: (_plot, ticks) => ticks.map(tick => TIME.format(tick * 1000)),
  })

function valueAxis({ logarithmic, steps, write }) {
  return axis({
    size: 60,
    space: 26,
    values: (_plot, ticks) => ticks.map(tick => write(tick).replace(/\.0\u00a0%$/, '\u00a0%')),
    ...(steps ? { incrs: steps } : {}),
    ...(logarithmic ? { splits: (_plot, _axis, from, to) => powersOfTen(from, to) } : {}),
  })
}

/** Only whole decades: the lines between them say nothing at this height. */
function powersOfTen(from, to) {
  const first = Math.round(Math.log10(from))
  return Array.from({ length: Math.round(Math.log10(to)) - first + 1 }, (_, at) => 10 ** (first + at))
}

function scaleOf(definition) {
  if (!definition.logarithmic) return { range: definition.range }
  return { distr: 3, range: (_plot, least, most) => decades(least, most) }
}

/** Whole powers of ten around what is shown. */
function decades(least, most) {
  if (!(most > 0)) return [0.001, 1]
  const from = 10 ** Math.floor(Math.log10(least > 0 ? least : most))
  const to = 10 ** Math.ceil(Math.log10(most * 1.3))
  return to > from ? [from, to] : [from, from * 10]
}

function axis(own) {
  const grid = { stroke: colourOf('--grid'), width: 1 }
  return {
    stroke: colourOf('--quiet'),
    font: '11px -apple-system, "Segoe UI", Roboto, Arial, "Liberation Sans", "DejaVu Sans", sans-serif',
    grid,
    ticks: { show: false },
    ...own,
  }
}

/** A value between two unknown ones has no line, so it gets a dot. */
function loneValues({ data }, number) {
  const column = data[number]
  const isLone = (value, at) => value !== null && (column[at - 1] ?? null) === null && (column[at + 1] ?? null) === null
  return column.flatMap((value, at) => (isLone(value, at) ? [at] : []))
}

function seriesOf({ label, colour, width = 1.25, fill = false, dash }) {
  const stroke = colourOf(colour)
  const points = { show: false, size: 4, fill: stroke, filter: loneValues }
  return { label, stroke, width, dash, fill: fill ? `${stroke}22` : undefined, points }
}

/** Values under the pointer, else the newest. */
function createLegend(list, drawn, write) {
  const items = drawn.map(({ label, stroke, dash }) => {
    const item = document.createElement('li')
    const line = document.createElement('i')
    line.style.borderTopColor = stroke
    if (dash) line.style.borderTopStyle = dash[0] > 2 ? 'dashed' : 'dotted'
    const value = document.createElement('b')
    item.append(line, `${label} `, value)
    return { item, value }
  })
  list.replaceChildren(...items.map(({ item }) => item))
  return plot => {
    const at = plot.cursor.idx
    items.forEach(({ value }, number) => {
      const column = plot.data[number + 1]
      value.textContent = write(at === null || at === undefined ? newest(column) : column[at])
    })
  }
}

const newest = column => column.findLast(value => value !== null)

/** What a screen reader says for the picture: the newest value and the span of each series. */
function wordsOf({ title, series, write }, columns) {
  const words = series.map(({ label }, at) => {
    const known = columns[at + 1].filter(value => value !== null)
    if (known.length === 0) return `${label} not known yet`
    return `${label} ${write(known.at(-1))}, between ${write(Math.min(...known))} and ${write(Math.max(...known))}`
  })
  return `${title}: ${words.join('; ')}`
}
