// How do the numbers get here, and what if they stop?
//
// Server-sent events read with fetch, because EventSource can't send a token. A stream
// that ends or falls silent is opened again after a pause; a hidden tab lets go of it.
// The token is asked for on the first 401, kept in sessionStorage, which is this tab's
// alone, and sent to this server and nobody else.

const TOKEN_KEY = 'pillion-admin-token'
const SILENCE_MS = 10_000
const PAUSES_MS = [500, 1000, 2000, 5000]

/**
 * Calls `onStats(report)` for each event and `onState(state, words)` for each change:
 * `connecting`, `live`, `lost`, `paused`. `askToken(wasWrong)` resolves to a token.
 */
export function connect({ onStats, onState, askToken }) {
  let failures = 0
  const opened = () => {
    failures = 0
    onState('live', 'live')
  }
  const run = async () => {
    for (;;) {
      await visible(onState)
      const trouble = await readStream(onStats, opened, askToken)
      if (trouble === undefined) continue
      onState('lost', trouble)
      await pause(PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)])
      failures += 1
    }
  }
  run().catch(error => onState('lost', error.message))
}

/** Resolves to words for what went wrong, or undefined where the next attempt may follow at once. */
async function readStream(onStats, opened, askToken) {
  const controller = new AbortController()
  const stop = () => document.hidden && controller.abort()
  document.addEventListener('visibilitychange', stop)
  try {
    const response = await fetch('api/events', { headers: authorization(), signal: controller.signal })
    if (response.status === 401) return await takeToken(askToken)
    if (!response.ok) return await problemOf(response)
    opened()
    await readEvents(response.body, onStats, controller)
    return document.hidden ? undefined : 'connection lost, trying again'
  } catch {
    return document.hidden ? undefined : 'connection lost, trying again'
  } finally {
    document.removeEventListener('visibilitychange', stop)
    controller.abort()
  }
}

async function readEvents(body, onStats, controller) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  for (;;) {
    const silence = setTimeout(() => controller.abort(), SILENCE_MS)
    const { value, done } = await reader.read().finally(() => clearTimeout(silence))
    if (done) return
    const messages = (text + value).split('\n\n')
    text = messages.pop()
    const last = messages.at(-1)
    if (last !== undefined) onStats(JSON.parse(last.slice(last.indexOf('data: ') + 'data: '.length)))
  }
}

function authorization() {
  const token = sessionStorage.getItem(TOKEN_KEY)
  return token === null ? {} : { Authorization: `Bearer ${token}` }
}

async function takeToken(askToken) {
  const wasWrong = sessionStorage.getItem(TOKEN_KEY) !== null
  sessionStorage.removeItem(TOKEN_KEY)
  sessionStorage.setItem(TOKEN_KEY, await askToken(wasWrong))
  return undefined
}

async function problemOf(response) {
  const problem = await response.json().catch(() => ({}))
  return problem.detail ?? `the server answered ${response.status}`
}

function visible(onState) {
  if (!document.hidden) return Promise.resolve()
  onState('paused', 'paused')
  return new Promise(resolve => document.addEventListener('visibilitychange', resolve, { once: true }))
}

const pause = time => new Promise(resolve => setTimeout(resolve, time))
