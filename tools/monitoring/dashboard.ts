// What does a team see of Pillion in Grafana?
//
// The same story as Pillion's own dashboard, over days and replicas: is it worth it (hit
// rate, work kept off the backend), is it fast, is the backend well, is Pillion itself
// well, which routes cost most. Built by Grafana's own types; the JSON that comes of it is
// committed and held to this file by a test. Expressions stand on Pillion's metrics alone,
// not on the recording rules, so that the dashboard works wherever the metrics are read.

import {
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  StackingConfigBuilder,
  StackingMode,
  TableSortByFieldStateBuilder,
} from '@grafana/grafana-foundation-sdk/common'
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  VariableRefresh,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table'
import { PanelBuilder as PlotBuilder } from '@grafana/grafana-foundation-sdk/timeseries'
import {
  BACKEND_PLOTS,
  COUNTED,
  FIGURES,
  type Figure,
  HIT,
  type Line,
  type Plot,
  ROUTES,
  SELF_PLOTS,
  TRAFFIC_PLOTS,
} from './panels.ts'
import type { Objectives } from './rules.ts'

const SOURCE = { type: 'prometheus', uid: '$datasource' }
const queries = (lines: readonly Line[]) =>
  lines.map(([expr, legend], at) =>
    new DataqueryBuilder()
      .refId(String.fromCharCode(65 + at))
      .expr(expr)
      .legendFormat(legend),
  )

function limits({ limit, least = false }: Pick<Plot, 'limit' | 'least'>, slo: Objectives): ThresholdsConfigBuilder {
  const [below, above] = least ? ['red', 'green'] : ['green', 'red']
  const steps = [{ value: null, color: limit === undefined ? 'green' : below }]
  return new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps(limit === undefined ? steps : [...steps, { value: limit(slo), color: above }])
}

function plot(of: Plot, slo: Objectives): PlotBuilder {
  const panel = new PlotBuilder().title(of.title).description(of.says).datasource(SOURCE).unit(of.unit)
  panel
    .min(0)
    .targets(queries(of.lines))
    .thresholds(limits(of, slo))
    .fillOpacity(of.stacked ? 40 : 8)
    .height(8)
    .span(12)
  panel.lineWidth(1)
  if (of.max !== undefined) panel.max(of.max)
  if (of.stacked) panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'))
  if (of.limit !== undefined)
    panel.thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed))
  return panel
}

function figure(of: Figure, slo: Objectives): StatBuilder {
  const panel = new StatBuilder().title(of.title).description(of.says).datasource(SOURCE).unit(of.unit)
  return panel
    .targets(queries([[of.expr, '']]))
    .thresholds(limits(of, slo))
    .noValue('none')
    .height(4)
    .span(4)
}

/** The routes that cost the backend most stand first. */
function worstRoutes(): TableBuilder {
  const columns: readonly Line[] = [
    [`sum by (route) (rate(pillion_upstream_duration_seconds_sum{${ROUTES}}[$__range]))`, 'Backend time'],
    [`sum by (route) (rate(pillion_requests_total{${ROUTES}}[$__range]))`, 'Requests'],
    [
      `sum by (route) (rate(pillion_requests_total{${ROUTES},${HIT}}[$__range])) / sum by (route) (rate(pillion_requests_total{${ROUTES},${COUNTED}}[$__range]))`,
      'Hit rate',
    ],
    [`sum by (route) (rate(pillion_upstream_seconds_saved_total{${ROUTES}}[$__range]))`, 'Time saved'],
  ]
  const targets = columns.map(([expr, legend], at) =>
    new DataqueryBuilder()
      .refId(String.fromCharCode(65 + at))
      .expr(expr)
      .legendFormat(legend)
      .format(PromQueryFormat.Table)
      .instant(),
  )
  const names = Object.fromEntries(columns.map(([, name], at) => [`Value #${String.fromCharCode(65 + at)}`, name]))
  const panel = new TableBuilder()
    .title('Routes that cost the backend most')
    .description('Backend time and time saved in seconds per second, over the time shown.')
  panel.datasource(SOURCE).targets(targets).height(9).span(24)
  panel.withTransformation({ id: 'merge', options: {} })
  panel.withTransformation({ id: 'organize', options: { excludeByName: { Time: true }, renameByName: names } })
  panel.sortBy([new TableSortByFieldStateBuilder().displayName('Backend time').desc(true)])
  panel.overrideByName('Hit rate', [{ id: 'unit', value: 'percentunit' }])
  return panel.overrideByName('Requests', [{ id: 'unit', value: 'reqps' }])
}

function variables(): (DatasourceVariableBuilder | QueryVariableBuilder)[] {
  const labels = (name: string, title: string, query: string) =>
    new QueryVariableBuilder(name)
      .label(title)
      .datasource(SOURCE)
      .query({ query, refId: name })
      .refresh(VariableRefresh.OnTimeRangeChanged)
      .includeAll(true)
      .allValue('.*')
      .multi(true)
      .current({ text: 'All', value: '$__all' })
  return [
    new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'),
    labels('job', 'Pillion', 'label_values(pillion_config_info, job)'),
    labels('route', 'Route', 'label_values(pillion_requests_total{job=~"$job"}, route)'),
  ]
}

/** The dashboard as Grafana takes it, by import or by provisioning. */
export function grafanaDashboard(objectives: Objectives): object {
  const board = new DashboardBuilder('Pillion')
    .uid('pillion')
    .description('A caching reverse proxy that rides along with one backend.')
    .tags(['pillion', 'cache'])
    .timezone('browser')
    .time({ from: 'now-1h', to: 'now' })
    .refresh('30s')
    .tooltip(DashboardCursorSync.Crosshair)
    .variables(variables())
  for (const each of FIGURES) board.withPanel(figure(each, objectives))
  for (const [title, panels] of sections(objectives)) {
    board.withRow(new RowBuilder(title))
    for (const panel of panels) board.withPanel(panel)
  }
  return numbered(board.build())
}

function sections(slo: Objectives): [title: string, panels: (PlotBuilder | TableBuilder)[]][] {
  const plots = (list: readonly Plot[]) => list.map(each => plot(each, slo))
  return [
    ['Requests', plots(TRAFFIC_PLOTS)],
    ['Routes', [worstRoutes()]],
    ['Backend', plots(BACKEND_PLOTS)],
    ['Pillion itself', plots(SELF_PLOTS)],
  ]
}

/** With an id for each row too, and without the members that the builders write and Grafana's own schema has not. */
function numbered(board: Dashboard): object {
  const panels = (board.panels ?? []).map((panel, at) => {
    const { footer: _, ...options } = ('options' in panel ? (panel.options ?? {}) : {}) as Record<string, unknown>
    return { ...panel, id: at + 1, ...(Object.keys(options).length > 0 ? { options } : {}) }
  })
  const list = (board.templating?.list ?? []).map(
    ({ auto: _auto, auto_min: _least, auto_count: _count, ...variable }) => variable,
  )
  return { ...board, panels, templating: { list } }
}
