// Where is promtool? On PATH, or fetched from Debian's package without root and without
// installing it (the installed package would start a service), kept in a cache folder.

import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'

/** Undefined where it can't be had on this machine. */
export function promtoolPath(): string | undefined {
  if (spawnSync('promtool', ['--version']).status === 0) return 'promtool'
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'prometheus-debian')
  const cached = join(cache, 'promtool')
  if (existsSync(cached)) return cached
  try {
    return fetchInto(cache)
  } catch {
    return undefined
  }
}

function fetchInto(cache: string): string {
  const work = mkdtempSync(join(tmpdir(), 'pillion-prometheus-'))
  try {
    for (const folder of ['lists/partial', 'cache/archives/partial', 'root'])
      mkdirSync(join(work, folder), { recursive: true })
    const own = [
      '-qq',
      '-o',
      `Dir::State::Lists=${work}/lists`,
      '-o',
      `Dir::Cache=${work}/cache`,
      '-o',
      'APT::Sandbox::User=root',
    ]
    const run = (command: string, options: string[]) =>
      execFileSync(command, options, { cwd: work, stdio: 'pipe', timeout: 120_000 })
    run('apt-get', [...own, '-o', 'Debug::NoLocking=1', 'update'])
    run('apt-get', [...own, 'download', 'prometheus'])
    run('sh', ['-c', 'dpkg-deb -x prometheus_*.deb root'])
    mkdirSync(cache, { recursive: true })
    renameSync(join(work, 'root/usr/bin/promtool'), join(cache, 'promtool'))
    return join(cache, 'promtool')
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
