// What does the dashboard consist of?
//
// A handful of static files, read once at start: the page, its style and its modules
// beside this file, and uPlot from its package. Nothing is built and nothing comes from
// another host. The page may run only these scripts (Content-Security-Policy), talk only
// to this server, and be framed by nobody. It holds no numbers, so it needs no token.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { extname, join } from 'node:path'
import type { WholeAnswer } from './answer.ts'
import type { AdminRoute } from './router.ts'

const OWN = ['page.css', 'page.js', 'connection.js', 'figures.js', 'plots.js', 'routes-table.js']
const UPLOT = { 'uplot.js': 'uplot/dist/uPlot.esm.js', 'uplot.css': 'uplot/dist/uPlot.min.css' }

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
}

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** One route per file; throws where a file is missing, which is a broken installation. */
export function dashboardRoutes(): AdminRoute[] {
  const folder = join(import.meta.dirname, 'dashboard')
  const resolve = createRequire(import.meta.url).resolve
  return [
    fileRoute('/', join(folder, 'page.html')),
    ...OWN.map(name => fileRoute(`/dashboard/${name}`, join(folder, name))),
    ...Object.entries(UPLOT).map(([name, file]) => fileRoute(`/dashboard/${name}`, resolve(file))),
  ]
}

function fileRoute(path: string, file: string): AdminRoute {
  const answer: WholeAnswer = {
    status: 200,
    fields: {
      'Content-Type': MEDIA_TYPES[extname(file)] ?? 'application/octet-stream',
      'Content-Security-Policy': POLICY,
    },
    body: readFileSync(file),
  }
  return { method: 'GET', path, access: 'page', handle: () => answer }
}
