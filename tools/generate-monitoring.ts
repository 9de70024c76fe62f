// Writes the alert rules and the Grafana dashboard from the objectives under `slo`.
//
//   node tools/generate-monitoring.ts                     what is committed, for the default objectives
//   node tools/generate-monitoring.ts pillion.yaml FOLDER the same for your objectives, into a folder of yours
//
// Three files: rules for Prometheus, the same as a PrometheusRule for its operator, and the
// dashboard. A test fails when the committed ones and this generator have drifted apart.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { stringify } from 'yaml'
import { formatProblem, isError } from '../src/config/problems.ts'
import { prepare } from '../src/insight/prepare.ts'
import { createIdentitySecret } from '../src/routing/identity.ts'
import { grafanaDashboard } from './monitoring/dashboard.ts'
import { type Objectives, type RuleGroup, ruleGroups } from './monitoring/rules.ts'

const ROOT = join(import.meta.dirname, '..')
/** Where the runbooks are read; an address of yours may stand in its place. */
const RUNBOOKS = process.env['RUNBOOKS'] ?? 'docs/alerts.md'
const NOTE = '# Made by tools/generate-monitoring.ts from the objectives under `slo`. docs/alerts.md says what to do.\n'

interface Names {
  readonly rules: string
  readonly operator: string
  readonly dashboard: string
}

const COMMITTED: Names = {
  rules: 'config/prometheus/pillion.rules.yml',
  operator: 'k8s/overlays/prometheus/rules.yaml',
  dashboard: 'k8s/overlays/prometheus/dashboard.json',
}
const PLAIN: Names = { rules: 'pillion.rules.yml', operator: 'prometheus-rule.yaml', dashboard: 'dashboard.json' }

/** Contents by file name. */
export function monitoringFiles(objectives: Objectives, names: Names): Record<string, string> {
  const groups = ruleGroups(objectives, RUNBOOKS)
  return {
    [names.rules]: NOTE + yaml({ groups }),
    [names.operator]: NOTE + yaml(operatorRule(groups)),
    [names.dashboard]: `${JSON.stringify(grafanaDashboard(objectives), undefined, 2)}\n`,
  }
}

/** The objectives that hold where a file names none. */
export function defaultObjectives(): Objectives {
  return objectivesOf('upstream: { url: "http://127.0.0.1:8000" }', 'defaults')
}

export const committedFiles = (): Record<string, string> => monitoringFiles(defaultObjectives(), COMMITTED)

function operatorRule(groups: readonly RuleGroup[]): object {
  return {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'pillion', labels: { 'app.kubernetes.io/name': 'pillion' } },
    spec: { groups },
  }
}

const yaml = (value: object) => stringify(value, { lineWidth: 0, aliasDuplicateObjects: false })

function objectivesOf(text: string, file: string): Objectives {
  const { configuration, problems, source } = prepare({ file, text, environment: process.env }, createIdentitySecret())
  if (configuration !== undefined) return configuration.settings.slo
  const errors = problems.filter(isError).map(problem => formatProblem(problem, source.text, source.file))
  throw new Error(errors.join('\n'))
}

function main([file, folder]: readonly string[]): void {
  const own = file !== undefined
  if (own && folder === undefined) throw new Error('name a configuration file and the folder to write into')
  const base = folder ?? ROOT
  const objectives = own ? objectivesOf(readFileSync(file, 'utf8'), file) : defaultObjectives()
  for (const [name, content] of Object.entries(monitoringFiles(objectives, own ? PLAIN : COMMITTED))) {
    mkdirSync(dirname(join(base, name)), { recursive: true })
    writeFileSync(join(base, name), content)
    console.log(`wrote ${join(base, name)}`)
  }
}

if (import.meta.main) main(process.argv.slice(2))
