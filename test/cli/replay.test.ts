// Does `pillion replay` read logs and print figures in the shape of contract §1?

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { progressLine } from '../../src/cli/log-files.ts'
import { replay } from '../../src/cli/replay.ts'
import { run } from './command-run.ts'

const folder = mkdtempSync(join(tmpdir(), 'pillion-replay-'))
after(() => rmSync(folder, { recursive: true }))
const file = (name: string, content: string | Buffer) => {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}
const line = (second: number, target: string) =>
  `::1 - - [17/May/2026:12:00:${String(second).padStart(2, '0')} +0000] "GET ${target} HTTP/1.1" 200 1000 "-" "a"\n`
const config = file(
  'it.yaml',
  'routes:\n  it: { match: "GET /a/**", ttl: 10s, share: everyone }\n  mine: { match: "GET /b/<b>", ttl: 1m, share: user }\n'.replace(
    '<b>',
    '{id}',
  ),
) // prettier-ignore
const log = file('one.log.gz', gzipSync(line(0, '/a/1') + line(5, '/a/1') + line(11, '/a/1')))
const other = file('other.log', `${line(2, '/b/1')}${line(3, '/b/1')}broken\n`)

describe('pillion replay', () => {
  test('--json has the keys of the contract; unnamed callers give bounds', async () => {
    const { exit, stdout, stderr } = await run(replay, ['--json', '-c', config, log, other])
    assert.equal(exit, 0)
    const { routes, ...whole } = JSON.parse(stdout)
    const shape = ['lines', 'malformed', 'requests', 'hits', 'hitRate', 'low', 'high', 'originRequests', 'bytesSaved']
    assert.deepEqual(Object.keys(whole), shape)
    assert.deepEqual([whole.lines, whole.malformed, whole.requests], [6, 1, 5])
    assert.deepEqual(Object.keys(routes.it), shape)
    assert.deepEqual([routes.it.hits, routes.it.hitRate, routes.it.originRequests], [1, 0.3333, 2])
    assert.deepEqual([routes.mine.low, routes.mine.hitRate, routes.mine.high], [0, 0.5, 0.5])
    assert.match(stderr, /1 of 6 lines are malformed; the first: broken/)
    assert.match(stderr, /does not name who asked/)
  })

  test('--sweep gives points by lifetime and by memory', async () => {
    const { stdout } = await run(replay, ['--json', '--sweep', '-c', config, log])
    const points = JSON.parse(stdout).sweep as { route: string; ttl: number | null; memory: number; hitRate: number }[]
    const rateAt = (ttl: number) => points.find(point => point.route === 'it' && point.ttl === ttl)?.hitRate
    assert.deepEqual([rateAt(1), rateAt(5), rateAt(15)], [0, 0, 0.6667])
    assert.ok(points.some(point => point.ttl === null && point.route === '*'))
  })

  test('standard input, text for people, nothing of a progress bar in a pipe', async () => {
    const { stdout, stderr } = await run(replay, ['-c', config, '-'], {}, line(0, '/a/1') + line(1, '/a/1'))
    assert.match(stdout, /2 requests over 1 seconds: hit rate 50 %/)
    assert.equal(stderr.includes('MB'), false)
  })

  test('--html writes a page that asks nothing of any other place', async () => {
    const page = join(folder, 'page.html')
    await run(replay, ['-c', config, '--html', page, file('<script>.log', line(0, '/a/1'))])
    const html = readFileSync(page, 'utf8')
    assert.match(html, /<svg/)
    assert.doesNotMatch(html, /<script|src=|href=|@import|url\(/)
  })

  test('a wrong name is exit 1, no request at all exit 2', async () => {
    assert.equal((await run(replay, ['-c', config, join(folder, 'absent')])).exit, 1)
    const { exit, stderr } = await run(replay, ['-c', config, file('x.log', 'no log\n')])
    assert.equal(exit, 2)
    assert.match(stderr, /the first line is: no log/)
  })

  test('the bar tells share and time left', () => {
    assert.equal(progressLine(5e6, 20e6, 1000), '[######..................]  25 %  5.0 MB of 20 MB, 3 s left')
  })
})
