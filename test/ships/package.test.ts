// Does what npm publishes work where it is installed?
//
// Packs the checkout, installs the tarball into an empty folder, and runs its command.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { healthProblem } from '../../src/cli/health-check.ts'
import { replyWith, startScene } from '../scenario/start-pillion.ts'

const run = promisify(execFile)
const root = dirname(dirname(import.meta.dirname))

describe('the package', () => {
  let folder = ''
  let packed: readonly string[] = []

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pillion-package-'))
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: root })
    const [{ files }] = JSON.parse(stdout.slice(stdout.indexOf('['))) as [{ files: { path: string }[] }]
    packed = files.map(({ path }) => path)
    await writeFile(join(folder, 'package.json'), '{"private":true}')
    const [tarball] = (await readdir(folder)).filter(name => name.endsWith('.tgz'))
    await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', `./${tarball}`], { cwd: folder })
  })

  after(() => rm(folder, { recursive: true, force: true }))

  test('holds compiled code, the reference configuration and what npm always takes, and nothing else', () => {
    const others = packed.filter(path => !path.startsWith('dist/'))
    assert.deepEqual(others.toSorted(), [
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'config/reference.yaml',
      'package.json',
    ])
    assert.ok(packed.includes('dist/admin/dashboard/page.html'))
    assert.deepEqual(
      packed.filter(path => path.endsWith('.ts')),
      [],
    )
  })

  test('its command runs once installed', async () => {
    const { stdout } = await run('npm', ['exec', '--', 'pillion', '--help'], { cwd: folder })
    assert.match(stdout, /usage: pillion \[COMMAND\]/)
  })

  test('its command validates a configuration once installed', async () => {
    await writeFile(join(folder, 'pillion.yaml'), 'upstream: { url: "http://127.0.0.1:8000" }\n')
    await run('npm', ['exec', '--', 'pillion', 'check'], { cwd: folder })
  })
})

describe("the container's health check", () => {
  test('finds nothing wrong with a process that is alive', async () => {
    await using scene = await startScene('', replyWith('hello'))

    assert.equal(await healthProblem({ ADMIN: scene.app.admin }), undefined)
  })

  test('says so where nobody answers', async () => {
    const problem = await healthProblem({ ADMIN: '127.0.0.1:1' })

    assert.match(problem ?? '', /^GET \/livez on http:\/\/127\.0\.0\.1:1 failed: /)
  })
})
