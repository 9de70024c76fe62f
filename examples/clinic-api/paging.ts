// Which part of a list was asked for?
//
// `page`, `limit` and `sort` as every list here takes them. A value out of range is
// refused rather than bent, so that two different URLs never quietly mean the same page.

import { type OpenCall, Refusal } from './call.ts'

const LARGEST_PAGE = 100

export interface Page {
  readonly page: number
  readonly limit: number
  readonly offset: number
}

export function pageOf(call: OpenCall): Page {
  const page = countOf(call, 'page', { otherwise: 1, most: 100_000 })
  const limit = countOf(call, 'limit', { otherwise: 20, most: LARGEST_PAGE })
  return { page, limit, offset: (page - 1) * limit }
}

function countOf(call: OpenCall, name: string, range: { otherwise: number; most: number }): number {
  const written = call.query.get(name)
  if (written === null) return range.otherwise
  const count = /^\d{1,6}$/.test(written) ? Number(written) : 0
  if (count < 1 || count > range.most)
    throw new Refusal(400, `"${name}" must be a whole number from 1 to ${range.most}, not "${written}".`)
  return count
}

/** The ORDER BY for `sort`; a leading '-' turns it round. Only names of `columns` get into the SQL. */
export function orderOf(call: OpenCall, columns: Readonly<Record<string, string>>): string {
  const written = call.query.get('sort') ?? Object.keys(columns)[0] ?? ''
  const descending = written.startsWith('-')
  const column = columns[descending ? written.slice(1) : written]
  if (column === undefined)
    throw new Refusal(400, `"sort" must be one of ${Object.keys(columns).join(', ')}, with or without a leading "-".`)
  return `${column} ${descending ? 'DESC' : 'ASC'}, id`
}

/** One page as the client gets it. */
export function pageAnswer(page: Page, total: number, items: readonly unknown[]): Record<string, unknown> {
  return { page: page.page, limit: page.limit, total, pages: Math.ceil(total / page.limit), items }
}
