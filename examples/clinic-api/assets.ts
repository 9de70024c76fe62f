// Which files does the web application in front of this API consist of?
//
// A page and three assets whose names carry a digest of their content, so that a
// changed file is a new URL and the old one may be kept for ever. Made at the start;
// their content only has the size and the look of the real thing.

import { createHash } from 'node:crypto'

export interface Asset {
  readonly type: string
  readonly body: Buffer
}

/** Path → file; '/' is the page that names the others. */
export function createAssets(): ReadonlyMap<string, Asset> {
  const files = new Map<string, Asset>()
  for (const [name, type, text] of [
    ['app.js', 'text/javascript; charset=utf-8', applicationText()],
    ['app.css', 'text/css; charset=utf-8', styleText()],
    ['logo.svg', 'image/svg+xml', LOGO],
  ] as const) {
    files.set(`/static/${withDigest(name, text)}`, { type, body: Buffer.from(text) })
  }
  files.set('/', { type: 'text/html; charset=utf-8', body: Buffer.from(pageText([...files.keys()])) })
  return files
}

function withDigest(name: string, text: string): string {
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 10)
  return name.replace('.', `.${digest}.`)
}

const LOGO = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path fill="#16697a" d="M9 2h6v7h7v6h-7v7H9v-7H2V9h7z"/></svg>`

function applicationText(): string {
  const screens = Array.from(
    { length: 400 },
    (_, at) => `export function screen${at}(state) { return ['screen', ${at}, state.user, state.clinic].join(':') }`,
  )
  return `${screens.join('\n')}\n`
}

function styleText(): string {
  const rules = Array.from({ length: 250 }, (_, at) => `.tile-${at} { grid-row: ${at}; padding: ${at % 9}px }`)
  return `body { font: 16px/1.5 system-ui; max-width: 48rem; margin: 2rem auto }\n${rules.join('\n')}\n`
}

function pageText(paths: readonly string[]): string {
  const [script, style, logo] = paths
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Clinic</title>
<link rel="stylesheet" href="${style}">
<script type="module" src="${script}"></script>
<h1><img src="${logo}" alt="" width="32"> Clinic</h1>
<p>This page stands for a web application. Its API wants a bearer token and the header X-Clinic:</p>
<ul>
<li>POST /api/v1/auth/sign-in with {"login": "visitor", "password": "visitor-demo"}
<li>GET /api/v1/dashboard/stats, /api/v1/settings, /api/v1/notifications, /api/v1/clinic, /api/v1/labs
<li>GET /api/v1/patients?page=1&amp;limit=20&amp;sort=family&amp;q=…, /api/v1/patients/1, /api/v1/patients/1/notes
<li>GET /api/v1/appointments?from=2026-11-02&amp;to=2026-11-06, /api/v1/reports/monthly, /api/v1/events
</ul>
</html>
`
}
