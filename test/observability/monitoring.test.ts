// Do the alert rules call when they should, and does the dashboard ask for what is there?
//
// The committed files are what the generator makes; rules are unit-tested by promtool, each
// alert once where it must fire and once where it must not; every expression is valid and
// names metrics that Pillion has; every alert has its section in docs/alerts.md.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { parse, stringify } from 'yaml'
import { FAMILIES } from '../../src/observability/families.ts'
import { committedFiles, defaultObjectives, monitoringFiles } from '../../tools/generate-monitoring.ts'
import { alertsOf, ruleGroups } from '../../tools/monitoring/rules.ts'
import { ALERT_CASES, type AlertCase, type Series } from './alert-cases.ts'
import { promtoolPath } from './promtool.ts'

const root = join(import.meta.dirname, '..', '..')
const groups = ruleGroups(defaultObjectives(), 'docs/alerts.md')
const alerts = alertsOf(groups)
const promtool = promtoolPath()
const MISSING = 'promtool is neither on PATH nor could it be fetched with apt-get'

/** Runs promtool on files in a folder of their own; what it said, empty where it agreed. */
function promtoolSays(order: string, name: string, files: Readonly<Record<string, object>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'pillion-rules-'))
  for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, file), stringify(content))
  const run = spawnSync(promtool as string, [order, 'rules', name], { cwd: folder, encoding: 'utf8' })
  rmSync(folder, { recursive: true })
  return run.status === 0 ? '' : `${run.stdout}${run.stderr}`
}

function unitTest(alert: string, series: Series, { at, firing }: { at: number; firing: number }): object {
  const input = Object.entries(series).map(([name, values]) => ({ series: name, values }))
  const expr = `count(ALERTS{alertname="${alert}",alertstate="firing"}) or vector(0)`
  const samples = [{ labels: '{}', value: firing }]
  return {
    name: `${alert} ${firing}`,
    interval: '1m',
    input_series: input,
    promql_expr_test: [{ expr, eval_time: `${at}m`, exp_samples: samples }],
  }
}

describe('what is committed', () => {
  for (const [file, content] of Object.entries(committedFiles())) {
    test(`${file} is what the generator makes (node tools/generate-monitoring.ts)`, () => {
      assert.equal(readFileSync(join(root, file), 'utf8'), content)
    })
  }

  test('objectives of a file stand in the rules, and their latencies as bounds of buckets', () => {
    const slo = { ...defaultObjectives(), hitRate: 0.9, cached: 50, uncached: 2500, pool: 0.5 } as never

    const written = JSON.stringify(ruleGroups(slo, 'https://example.org/alerts'))

    assert.match(written, /ratio_rate5m < 0.9 and/)
    assert.match(written, /le=\\"0.05\\"/)
    assert.match(written, /le=\\"2.5\\"/)
    assert.match(written, /\[5m\]\) > 0.5"/)
    assert.match(written, /https:\/\/example.org\/alerts#pillionpoolbusy/)
  })

  test('the rule for the operator holds the same groups', () => {
    const files = monitoringFiles(defaultObjectives(), { rules: 'plain', operator: 'operator', dashboard: 'board' })

    assert.deepEqual(parse(files['operator'] as string).spec.groups, parse(files['plain'] as string).groups)
  })
})

describe('alert rules', () => {
  test('are accepted by promtool', t => {
    if (promtool === undefined) return t.skip(MISSING)
    assert.equal(promtoolSays('check', 'rules.yml', { 'rules.yml': { groups } }), '')
  })

  test('have a case each', () => {
    assert.deepEqual(Object.keys(ALERT_CASES).toSorted(), alerts.map(({ alert }) => alert).toSorted())
  })

  for (const [alert, { fires, silent, at }] of Object.entries<AlertCase>(ALERT_CASES)) {
    test(`${alert} fires, and just short of that does not`, t => {
      if (promtool === undefined) return t.skip(MISSING)
      const tests = [unitTest(alert, fires, { at, firing: 1 }), unitTest(alert, silent, { at, firing: 0 })]
      const unit = { rule_files: ['rules.yml'], evaluation_interval: '1m', tests }
      assert.equal(promtoolSays('test', 'test.yml', { 'rules.yml': { groups }, 'test.yml': unit }), '')
    })
  }

  test('say where, how much and what to do', t => {
    if (promtool === undefined) return t.skip(MISSING)
    const { fires, at } = ALERT_CASES['PillionErrors'] as AlertCase
    const expected = {
      exp_labels: { severity: 'critical', namespace: 'clinic', job: 'pillion' },
      exp_annotations: {
        summary: 'Clients of pillion get errors',
        description: '6% of all answers have status 5xx.',
        runbook_url: 'docs/alerts.md#pillionerrors',
      },
    }
    const unit = {
      ...unitTest('PillionErrors', fires, { at, firing: 1 }),
      alert_rule_test: [{ eval_time: `${at}m`, alertname: 'PillionErrors', exp_alerts: [expected] }],
    }
    const file = { rule_files: ['rules.yml'], evaluation_interval: '1m', tests: [unit] }
    assert.equal(promtoolSays('test', 'test.yml', { 'rules.yml': { groups }, 'test.yml': file }), '')
  })
})

describe('docs/alerts.md', () => {
  const page = readFileSync(join(root, 'docs', 'alerts.md'), 'utf8')
  const sections = [...page.matchAll(/^### (\w+)\n+([^#]+)/gm)].map(([, name = '', text = '']) => ({ name, text }))

  test('has a section for every alert, in the order of the rules, and no other', () => {
    assert.deepEqual(
      sections.map(({ name }) => name),
      alerts.map(({ alert }) => alert),
    )
  })

  test('is where each alert points to', () => {
    for (const { alert, annotations } of alerts) {
      assert.equal(annotations.runbook_url, `docs/alerts.md#${alert.toLowerCase()}`)
    }
  })

  test('says for each what it means and what to do', () => {
    const silent = sections.filter(({ text }) => !/\*\*Do\*\*/.test(text) || !/\*\*Means\*\*/.test(text))
    assert.deepEqual(silent, [])
  })
})

interface Board {
  readonly panels: readonly { readonly targets?: readonly { readonly expr: string }[] }[]
}

describe('the Grafana dashboard', () => {
  const board = JSON.parse(committedFiles()['k8s/overlays/prometheus/dashboard.json'] as string) as Board
  const expressions = board.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
  const plain = expressions.map(expr => expr.replaceAll(/\$__\w+/g, '5m').replaceAll(/=~"\$\w+"/g, '=~".*"'))

  test('asks for nothing that Prometheus does not understand', t => {
    if (promtool === undefined) return t.skip(MISSING)
    const rules = plain.map((expr, at) => ({ record: `expression:${at}`, expr }))
    assert.equal(promtoolSays('check', 'rules.yml', { 'rules.yml': { groups: [{ name: 'board', rules }] } }), '')
  })

  test('asks, as the rules do, only for metrics that Pillion has', () => {
    const known = new Set<string>(Object.values(FAMILIES).map(({ name }) => name))
    const asked = [...plain, ...groups.flatMap(({ rules }) => rules.map(({ expr }) => expr))]
    const names = asked.flatMap(expr => [...expr.matchAll(/(?<![\w:])pillion_\w+/g)].map(([name]) => name))
    const unknown = names.filter(name => !known.has(name) && !known.has(name.replace(/_(bucket|sum|count)$/, '')))
    assert.ok(names.length > 40)
    assert.deepEqual(unknown, [])
  })
})
