// Where do the figures go?
//
// As JSON into bench/results/QUESTION.json, with the machine and the versions they were
// measured on, and as lines to the terminal. A ratio stands beside its target, whether
// it meets it or not.

import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'

export interface Claim {
  /** What is compared, e.g. "nginx proxy_cache / Pillion, 2 KiB". */
  readonly what: string
  readonly value: number
  readonly target: number
  /** Whether the value should be at least or at most the target. */
  readonly should: 'at least' | 'at most'
  readonly unit?: string
}

export interface Results {
  readonly question: string
  readonly claims: readonly Claim[]
  readonly figures: unknown
}

const FOLDER = join(import.meta.dirname, '../results')

export function isMet({ value, target, should }: Claim): boolean {
  return should === 'at least' ? value >= target : value <= target
}

function claimLine(claim: Claim): string {
  const { what, value, target, should, unit = '' } = claim
  return `${isMet(claim) ? 'met ' : 'LOST'} ${what}: ${value.toFixed(2)}${unit} (${should} ${target}${unit})`
}

/** Writes bench/results/QUESTION.json and says the claims. */
export function report(name: string, results: Results): void {
  mkdirSync(FOLDER, { recursive: true })
  const [cpu] = cpus()
  const machine = {
    cpu: cpu?.model,
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
  }
  const document = { bench: name, at: new Date().toISOString(), machine, versions: versions(), ...results }
  writeFileSync(join(FOLDER, `${name}.json`), `${JSON.stringify(document, null, 2)}\n`)
  for (const claim of results.claims) console.log(claimLine(claim))
}

function versions(): Record<string, string> {
  const own = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as { version: string }
  return {
    pillion: own.version,
    node: process.versions.node,
    nginx: versionOf(['nginx', '-v']),
    varnish: versionOf(['varnishd', '-V']),
    wrk: versionOf(['wrk', '-v']),
  }
}

function versionOf([command = '', ...words]: readonly string[]): string {
  try {
    const quiet = `${command} ${words.join(' ')} 2>&1 || true`
    return /\d+\.\d+(\.\d+)?/.exec(execFileSync('sh', ['-c', quiet], { encoding: 'utf8' }))?.[0] ?? 'not there'
  } catch {
    return 'not there'
  }
}
