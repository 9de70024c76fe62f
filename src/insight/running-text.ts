// How is what a running Pillion says told to a person?
//
// What is stored, what would become of the request now, and why the last ones were not
// hits. The answer comes over the network from another version perhaps, so whatever is
// missing or odd is left out instead of failing.

type Answer = Readonly<Record<string, unknown>>

/** Lines, without a newline at the end. */
export function formatRunning(answer: unknown): string {
  const whole = objectOf(answer)
  const live = objectOf(whole?.['live'])
  const rows = [
    ['route', textOf(whole?.['route'])],
    ['stored', storedText(live)],
    ['now', nowText(live)],
    ...decisionRows(whole?.['decisions']),
  ]
  const shown = rows.filter(([, text]) => text !== undefined)
  return shown.map(([label = '', text = '']) => `  ${label.padEnd(10)}${text}`).join('\n')
}

function storedText(live: Answer | undefined): string | undefined {
  if (live === undefined) return undefined
  const stored = objectOf(live['stored'])
  if (stored === undefined) {
    return live['otherVariants'] === true ? 'nothing for these fields, but other variants (Vary)' : 'nothing'
  }
  const left = Number(stored['lifetime']) - Number(stored['age'])
  const fresh = left > 0 ? `fresh for ${left} s more` : `stale for ${-left} s`
  const parts = [
    `${textOf(stored['status'])}, ${textOf(stored['bodyBytes'])} bytes`,
    `${textOf(stored['age'])} s old of ${textOf(stored['lifetime'])} s (${textOf(stored['lifetimeFrom'])}), ${fresh}`,
  ]
  const tags = stored['tags']
  if (Array.isArray(tags) && tags.length > 0) parts.push(`tags ${tags.join(' ')}`)
  return parts.join('; ')
}

const KINDS: Readonly<Record<string, string>> = {
  reuse: 'would be answered from the cache',
  forward: 'would go to the origin',
  refuse: 'would be refused',
}

function nowText(live: Answer | undefined): string | undefined {
  const decision = objectOf(live?.['decision'])
  const kind = textOf(decision?.['kind'])
  return kind === undefined ? undefined : `a GET ${KINDS[kind] ?? kind} (${textOf(decision?.['because'])})`
}

function decisionRows(decisions: unknown): [string, string][] {
  if (!Array.isArray(decisions)) return []
  if (decisions.length === 0) return [['lately', 'no request but hits, or none at all']]
  return decisions.map((each: unknown, at): [string, string] => {
    const decision = objectOf(each) ?? {}
    const reason = textOf(decision['reason']) ?? ''
    const who = textOf(decision['who']) ?? ''
    const text = `${textOf(decision['at'])}  ${textOf(decision['method'])} ${textOf(decision['status'])} ${textOf(decision['outcome'])}`
    return [at === 0 ? 'lately' : '', `${text}${reason === '' ? '' : ` (${reason})`}${who === '' ? '' : ` by ${who}`}`]
  })
}

function objectOf(value: unknown): Answer | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Answer) : undefined
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' ? value.replace(/[^\x20-\x7e\xa0-\uffff]/g, '?') : undefined
}
