// How is a share drawn over steps?
//
// One line over evenly spaced steps (lifetimes and memory sizes are read in steps, not in
// seconds), from 0 to 100 %, as SVG that takes its colours from the page. Every point
// tells its value when pointed at, and to screen readers.

export interface Mark {
  readonly label: string
  /** 0 to 1. */
  readonly share: number
}

const WIDTH = 320
const HEIGHT = 180
const LEFT = 44
const RIGHT = 16
const TOP = 10
const BOTTOM = 24
const MOST_LABELS = 6

export function linePlot(marks: readonly Mark[]): string {
  const x = (at: number) => LEFT + (at * (WIDTH - LEFT - RIGHT)) / Math.max(1, marks.length - 1)
  const y = (share: number) => HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
  const grid = [0, 0.5, 1].map(
    share =>
      `<line class="axis" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(share)}" y2="${y(share)}"/>` +
      `<text x="${LEFT - 6}" y="${y(share) + 4}" text-anchor="end">${share * 100} %</text>`,
  )
  const every = Math.ceil(marks.length / MOST_LABELS)
  const labels = marks.map(({ label }, at) =>
    at % every === 0 ? `<text x="${x(at)}" y="${HEIGHT - 8}" text-anchor="middle">${escaped(label)}</text>` : '',
  )
  const points = marks.map(({ share }, at) => `${x(at).toFixed(1)},${y(share).toFixed(1)}`)
  const dots = marks.map(
    ({ label, share }, at) =>
      `<circle cx="${x(at).toFixed(1)}" cy="${y(share).toFixed(1)}" r="3"><title>${escaped(label)}: ${Math.round(share * 100)} %</title></circle>`,
  )
  const told = marks.map(({ label, share }) => `${label} ${Math.round(share * 100)} %`).join(', ')
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(told)}">${grid.join('')}${labels.join('')}<polyline class="curve" points="${points.join(' ')}"/>${dots.join('')}</svg>`
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, character => ENTITIES[character] as string)
}
