// Which routes cost the origin most?
//
// A table, one row per configured route, most origin time first; any column can be
// sorted by with its heading's button. Rows are kept and refilled, so that a second's
// update moves neither focus nor selection.

import { count, duration, share, UNKNOWN } from './figures.js'

const COLUMNS = [
  { key: 'route', label: 'Route', read: row => row.route },
  {
    key: 'originSeconds',
    label: 'Origin time',
    read: row => row.period?.originSeconds,
    write: duration,
    meter: 'origin',
  },
  { key: 'originRequests', label: 'Origin requests', read: row => row.period?.originRequests, write: count },
  { key: 'requests', label: 'Requests', read: row => row.period?.requests, write: count },
  { key: 'hitRate', label: 'Hit rate', read: row => row.period?.hitRate, write: share, meter: 'cache' },
  { key: 'savedSeconds', label: 'Time saved', read: row => row.period?.savedSeconds, write: duration },
  { key: 'cached', label: 'p95 cache', read: row => row.period?.cached.p95, write: duration, limit: 'cached' },
  { key: 'uncached', label: 'p95 origin', read: row => row.period?.uncached.p95, write: duration, limit: 'uncached' },
  { key: 'serverErrors', label: '5xx', read: row => row.period?.serverErrors, write: count },
]

export function createRoutesTable(table) {
  const rows = new Map()
  let order = { column: COLUMNS[1], descending: true }
  let shown
  const render = () => {
    if (shown) fill(table, rows, sorted(shown.routes, order), shown.slo)
  }
  const headings = COLUMNS.map(column => {
    const heading = document.createElement('th')
    heading.scope = 'col'
    const button = document.createElement('button')
    button.type = 'button'
    button.textContent = column.label
    button.addEventListener('click', () => {
      const descending = order.column === column ? !order.descending : column.key !== 'route'
      order = { column, descending }
      markOrder(headings, order)
      render()
    })
    heading.append(button)
    return heading
  })
  table.tHead.rows[0].append(...headings)
  markOrder(headings, order)
  return {
    /** `period` is `minute` or `hour`. */
    show({ routes, slo }, period) {
      shown = { slo, routes: routes.map(row => ({ ...row, period: row[period] })) }
      render()
    },
  }
}

function markOrder(headings, { column, descending }) {
  headings.forEach((heading, at) => {
    if (COLUMNS[at] === column) heading.setAttribute('aria-sort', descending ? 'descending' : 'ascending')
    else heading.removeAttribute('aria-sort')
  })
}

function sorted(routes, { column, descending }) {
  const direction = descending ? -1 : 1
  return routes.toSorted((a, b) => {
    const [one, other] = [column.read(a) ?? -1, column.read(b) ?? -1]
    if (one !== other) return one < other ? -direction : direction
    return (b.period?.requests ?? -1) - (a.period?.requests ?? -1) || (a.route < b.route ? -1 : 1)
  })
}

function fill(table, rows, routes, slo) {
  const originTotal = routes.reduce((total, { period }) => total + (period?.originSeconds ?? 0), 0)
  const current = routes.map(route => {
    const row = rows.get(route.route) ?? createRow(route.route)
    rows.set(route.route, row)
    row.update(route, { slo, originTotal })
    return row.element
  })
  for (const name of rows.keys()) if (!routes.some(({ route }) => route === name)) rows.delete(name)
  const body = table.tBodies[0]
  const same = body.rows.length === current.length && current.every((element, at) => body.rows[at] === element)
  if (!same) body.replaceChildren(...current)
}

function createRow(name) {
  const element = document.createElement('tr')
  const heading = document.createElement('th')
  heading.scope = 'row'
  const match = document.createElement('code')
  heading.append(name, match)
  const cells = COLUMNS.slice(1).map(column => createCell(column))
  element.append(heading, ...cells.map(cell => cell.element))
  return {
    element,
    update(route, about) {
      match.textContent = route.match ?? (name === 'default' ? 'what no route matches' : '')
      match.title = match.textContent
      element.toggleAttribute('data-idle', !route.period?.requests && !route.period?.originRequests)
      for (const cell of cells) cell.update(route, about)
    },
  }
}

function createCell(column) {
  const element = document.createElement('td')
  const text = document.createTextNode(UNKNOWN)
  element.append(text)
  const bar = column.meter && createMeter(column.meter)
  if (bar) element.append(bar.element)
  return {
    element,
    update(route, { slo, originTotal }) {
      const value = column.read(route)
      text.data = column.write(value)
      bar?.show(column.meter === 'origin' ? (value ?? 0) / (originTotal || 1) : (value ?? 0))
      const isBad = (column.limit && value > slo[column.limit]) || (column.key === 'serverErrors' && value > 0)
      if (isBad) element.dataset.state = 'bad'
      else delete element.dataset.state
    },
  }
}

/** A picture of the number beside it, so nothing for a screen reader. */
function createMeter(kind) {
  const element = document.createElement('span')
  element.className = 'meter'
  element.setAttribute('aria-hidden', 'true')
  const part = document.createElement('span')
  part.className = `of-${kind}`
  element.append(part)
  return {
    element,
    show(fraction) {
      part.style.width = `${Math.min(100, fraction * 100)}%`
    },
  }
}
