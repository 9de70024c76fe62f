// Which tag does this request's response carry, or this write purge?
//
// Text with `{name}` holes, filled with the raw value of the path's parameter. A hole
// that can't be filled stays in the text as written: for a stored response the tag then
// doesn't apply, for a purge it means every tag of that shape (contract §2 `purge`).
// Names are checked when the configuration is compiled, so a hole is never a typing error.

import type { TextFlaw } from './path-pattern.ts'

type TagPiece = { readonly text: string } | { readonly hole: string }

export interface TagTemplate {
  /** As written. */
  readonly text: string
  readonly pieces: readonly TagPiece[]
}

export type ParsedTag = { readonly template: TagTemplate } | { readonly flaw: TextFlaw }

/** A tag with every hole filled, or `complete: false` and the unfilled holes left as `{name}`. */
export interface RenderedTag {
  readonly tag: string
  readonly complete: boolean
}

const HOLE = /\{([^{}]*)\}/g

/** Reads a tag; `known` are the names that holes may have. Never throws. */
export function parseTag(text: string, known: readonly string[]): ParsedTag {
  const shape = shapeFlaw(text)
  if (shape !== undefined) return { flaw: shape }
  const pieces: TagPiece[] = []
  let end = 0
  for (const found of text.matchAll(HOLE)) {
    const name = found[1] as string
    if (!known.includes(name)) return { flaw: unknownName(name, known, found.index) }
    if (found.index > end) pieces.push({ text: text.slice(end, found.index) })
    pieces.push({ hole: name })
    end = found.index + found[0].length
  }
  if (end < text.length) pieces.push({ text: text.slice(end) })
  return { template: { text, pieces } }
}

function shapeFlaw(text: string): TextFlaw | undefined {
  if (text === '') return { message: 'a tag is empty', at: 0 }
  const space = text.search(/[\s,]/)
  if (space >= 0) {
    const hint = 'white space and commas separate tags in Surrogate-Key and Cache-Tag'
    return { message: `the tag "${text}" holds ${text[space] === ',' ? 'a comma' : 'white space'}`, hint, at: space }
  }
  const stray = text.replaceAll(HOLE, hole => '.'.repeat(hole.length)).search(/[{}]/)
  if (stray < 0) return undefined
  return { message: `"${text[stray]}" without its counterpart in the tag "${text}"`, at: stray }
}

function unknownName(name: string, known: readonly string[], at: number): TextFlaw {
  const names = known.map(one => `{${one}}`).join(', ')
  const hint = names === '' ? 'the path of `match` has no {name} segment' : `known here: ${names}`
  return { message: `{${name}} is no parameter of this route's path`, hint, at }
}

/** Fills the holes with the values at hand. */
export function renderTag(template: TagTemplate, values: ReadonlyMap<string, string>): RenderedTag {
  let tag = ''
  let complete = true
  for (const piece of template.pieces) {
    const text = 'text' in piece ? piece.text : values.get(piece.hole)
    if (text === undefined || text === '') complete = false
    tag += 'text' in piece ? piece.text : text || `{${piece.hole}}`
  }
  return { tag, complete }
}

/**
 * Every name that a purge may have for the tag of this response: itself, and, because a purge
 * whose own holes can't all be filled means every tag of that shape, the same with holes left.
 */
export function tagsOf(template: TagTemplate, values: ReadonlyMap<string, string>): string[] {
  if (!renderTag(template, values).complete) return []
  const holes = template.pieces.flatMap(piece => ('hole' in piece ? [piece.hole] : []))
  const names = [...new Set(holes)].slice(0, MOST_HOLES)
  const tags = new Set<string>()
  for (let left = 0; left < 2 ** names.length; left++) {
    const filled = new Map(values)
    for (const [at, name] of names.entries()) if ((left >> at) % 2 === 1) filled.delete(name)
    tags.add(renderTag(template, filled).tag)
  }
  return [...tags.add(template.text)]
}

/** Combinations double with each. */
const MOST_HOLES = 4

/** Whether the template could give this very tag for some values: what `explain` shows as purging it. */
export function couldRender(template: TagTemplate, tag: string): boolean {
  return matchesFrom(template.pieces, 0, tag)
}

/** Few pieces and short tags: the plain search is enough, and no request reaches it. */
function matchesFrom(pieces: readonly TagPiece[], index: number, tag: string): boolean {
  const piece = pieces[index]
  if (piece === undefined) return tag === ''
  if ('text' in piece) return tag.startsWith(piece.text) && matchesFrom(pieces, index + 1, tag.slice(piece.text.length))
  for (let length = 1; length <= tag.length; length += 1) {
    if (matchesFrom(pieces, index + 1, tag.slice(length))) return true
  }
  return false
}
