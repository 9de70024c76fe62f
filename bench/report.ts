// What do all the benches say together?
//
// Writes docs/performance.md from the JSON in bench/results/: every claim with its target,
// met or lost, and the machine and versions it was measured on. Nothing is left out.
//
//   npm run bench -- report

import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type Claim, isMet } from './harness/report.ts'

interface Document {
  readonly question: string
  readonly at: string
  readonly machine: {
    readonly cpu: string
    readonly cores: number
    readonly memoryGiB: number
    readonly kernel: string
  }
  readonly versions: Readonly<Record<string, string>>
  readonly claims: readonly Claim[]
}

const INTRODUCTION = `# What does Pillion cost?

Made from \`bench/results/\` by \`npm run bench -- report\`; losses stand here as plainly as wins. What counts is CPU time of the
whole process tree over requests served, peer and Pillion in turns in one run, the median of the rounds: this holds better
than requests per second on a machine that is not alone, but not perfectly, so measure on your own:

\`\`\`
apt-get install nginx varnish wrk
npm run bench -- hit
\`\`\`

A flame graph: \`npm exec -- node --cpu-prof src/cli/main.ts serve …\`, load, SIGTERM, and the \`.cpuprofile\` opens in Chromium's
developer tools or in speedscope.
`

function section(file: string): string {
  const { question, at, machine, versions, claims } = JSON.parse(readFileSync(file, 'utf8')) as Document
  const rows = claims.map(claim => {
    const { what, value, should, target, unit = '' } = claim
    return `| ${what} | ${value.toFixed(2)}${unit} | ${should} ${target}${unit} | ${isMet(claim) ? 'met' : '**lost**'} |`
  })
  const spoken = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  const where = `${at.slice(0, 10)}, ${machine.cores} cores of ${machine.cpu}, Linux ${machine.kernel}; ${spoken.join(', ')}.`
  const table = ['| figure | measured | should be | |', '| --- | --- | --- | --- |', ...rows].join('\n')
  return `## ${question}\n\n\`npm run bench -- ${basename(file, '.json')}\`. ${where}\n\n${table}\n`
}

const folder = import.meta.dirname
const isDocument = (file: string) => Array.isArray((JSON.parse(readFileSync(file, 'utf8')) as Partial<Document>).claims)
const files = globSync(join(folder, 'results/*.json')).filter(isDocument).sort()
writeFileSync(join(folder, '../docs/performance.md'), [INTRODUCTION, ...files.map(section)].join('\n'))
console.log(`docs/performance.md: ${files.length} questions`)
