// How does a prediction look, for passing on?
//
// One HTML file that asks nothing of any other place: styles and plots (SVG) are in it,
// and no script. It follows the reader's light or dark setting and fits a phone. All text
// from the log or the configuration is escaped.

import type { LogTally } from '../log/read-logs.ts'
import type { ReplayReport } from './replay.ts'
import { count, durationText, memoryText, percent, rates, sizeText, spoken } from './replay-text.ts'
import { escaped, linePlot } from './svg-plot.ts'
import type { SweepPoint } from './sweep.ts'

export interface PageFacts {
  readonly logs: readonly string[]
  readonly file: string | undefined
  readonly tally: LogTally
}

const STYLE = `
:root{color-scheme:light dark;--ink:#1d2330;--dim:#5c6577;--paper:#fff;--card:#f4f6f9;--line:#d5dae3;--main:#0b62c4}
@media (prefers-color-scheme:dark){:root{--ink:#e8ebf1;--dim:#a3acbd;--paper:#14171d;--card:#1d222b;--line:#363d4a;--main:#6db3ff}}
body{margin:0 auto;max-width:60rem;padding:1rem;font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}p,figcaption{color:var(--dim)}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.75rem}
.figures div{background:var(--card);border-radius:.5rem;padding:.75rem}.figures b{display:block;font-size:1.4rem;color:var(--ink)}
.figures span{color:var(--dim);font-size:.85rem}.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:.35rem .6rem;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}th:first-child,td:first-child{text-align:left}
.bar{display:block;background:var(--line);border-radius:3px;height:.5rem;min-width:6rem;position:relative;overflow:hidden}
.bar i{position:absolute;inset:0 auto 0 0;background:var(--main)}.bar u{position:absolute;top:0;bottom:0;background:var(--main);opacity:.35}
.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(17rem,1fr));gap:1rem}figure{margin:0;background:var(--card);border-radius:.5rem;padding:.75rem}
@media(max-width:30rem){.range{display:none}}
svg{width:100%;height:auto;display:block}svg text{fill:var(--dim);font:11px system-ui,sans-serif}svg .axis{stroke:var(--line)}
svg .curve{stroke:var(--main);fill:none;stroke-width:2}svg circle{fill:var(--main)}figcaption{font-size:.9rem;overflow-wrap:anywhere}`

/** The whole document. */
export function replayPage(report: ReplayReport, facts: PageFacts): string {
  const { tally, logs, file } = facts
  const span = tally.first === undefined || tally.last === undefined ? '' : ` over ${spoken(tally.last - tally.first)}`
  const about = `${escaped(logs.join(', '))} against ${escaped(file ?? 'no configuration')}: ${count(report.requests)} requests${span}, ${count(report.malformed)} malformed lines.`
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Pillion replay</title><style>${STYLE}</style></head><body>
<h1>What Pillion would have kept off the backend</h1>
<p>${about}</p>
${headline(report)}
<h2>Routes</h2>
<p>Most requests at the backend first. The pale part of a bar lies between the lower and the upper bound, where the log does not name who asked.</p>
<div class="scroll"><table><thead><tr><th>route</th><th class="range"></th><th>hit rate</th><th>requests</th><th>at the backend</th><th>bytes saved</th></tr></thead>
<tbody>${routeRows(report)}</tbody></table></div>
${plots(report.sweep ?? [])}
</body></html>
`
}

function headline(report: ReplayReport): string {
  const saved = report.requests - report.originRequests
  const figures = [
    [rates(report), 'hit rate'],
    [count(saved), 'requests not sent to the backend'],
    [sizeText(report.bytesSaved), 'not sent by the backend'],
    [percent(saved / Math.max(1, report.requests)), 'of all requests saved'],
  ]
  return `<div class="figures">${figures.map(([value, name]) => `<div><b>${value}</b><span>${name}</span></div>`).join('')}</div>`
}

function routeRows({ routes }: ReplayReport): string {
  const sorted = Object.entries(routes).sort(([, one], [, other]) => other.originRequests - one.originRequests)
  return sorted
    .map(([name, figures]) => {
      const { low, high, hitRate, requests, originRequests, bytesSaved } = figures
      const bar = `<span class="bar"><i style="width:${hitRate * 100}%"></i><u style="left:${low * 100}%;width:${(high - low) * 100}%"></u></span>`
      const cells = [rates(figures), count(requests), count(originRequests), sizeText(bytesSaved)]
      return `<tr><td>${escaped(name)}</td><td class="range">${bar}</td>${cells.map(cell => `<td>${cell}</td>`).join('')}</tr>`
    })
    .join('\n')
}

const MOST_PLOTS = 24

function plots(sweep: readonly SweepPoint[]): string {
  if (sweep.length === 0) return ''
  const byMemory = sweep.filter(({ ttl, route }) => ttl === null && route === '*')
  const byTtl = sweep.filter(({ ttl }) => ttl !== null)
  const routes = [...new Set(byTtl.map(({ route }) => route))].slice(0, MOST_PLOTS)
  const ttlPlots = routes.map(route => {
    const points = byTtl.filter(point => point.route === route)
    const caption = route === '*' ? 'all routes' : escaped(route)
    return figure(caption, points, ({ ttl }) => durationText(ttl ?? 0))
  })
  return `<h2>Hit rate over memory</h2><p>Lifetimes as configured.</p>
<div class="plots">${figure('all routes', byMemory, ({ memory }) => memoryText(memory))}</div>
<h2>Hit rate over lifetime</h2><p>If every route had this <code>ttl</code>; memory as configured.</p>
<div class="plots">${ttlPlots.join('\n')}</div>`
}

function figure(caption: string, points: readonly SweepPoint[], label: (point: SweepPoint) => string): string {
  const marks = points.map(point => ({ label: label(point), share: point.hitRate }))
  return `<figure><figcaption>${caption}</figcaption>${linePlot(marks)}</figure>`
}
