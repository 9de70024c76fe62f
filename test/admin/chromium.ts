// Which browser opens the dashboard in tests?
//
// One on PATH; else Debian's headless shell with the libraries that the machine lacks,
// unpacked into a cache folder without root and without installing anything. Where
// neither works, tests that need it skip and say so.

import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'

const NAMES = ['chromium', 'chromium-headless-shell', 'google-chrome', 'google-chrome-stable', 'chromium-browser']
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
]

export const NO_BROWSER = 'no Chromium on PATH (CHROMIUM names another), and apt-get could not fetch one'

/** Undefined where there is no browser to be had. */
export async function launchChromium(): Promise<Browser | undefined> {
  const found = onPath() ?? unpacked()
  if (found === undefined) return undefined
  return chromium.launch({
    executablePath: found.path,
    headless: true,
    args: FLAGS,
    env: { ...process.env, ...found.env },
  })
}

interface Found {
  readonly path: string
  readonly env: Readonly<Record<string, string>>
}

function onPath(): Found | undefined {
  const asked = process.env['CHROMIUM']
  const folders = (process.env['PATH'] ?? '').split(':')
  const candidates = asked === undefined ? NAMES.flatMap(name => folders.map(folder => join(folder, name))) : [asked]
  const path = candidates.find(candidate => existsSync(candidate))
  return path === undefined ? undefined : { path, env: {} }
}

function unpacked(): Found | undefined {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'chromium-debian')
  try {
    if (!existsSync(cache)) fetchInto(cache)
    const path = join(cache, 'usr/lib/chromium/chromium-headless-shell')
    const env = { LD_LIBRARY_PATH: libraryFolders(cache).join(':'), FONTCONFIG_FILE: join(cache, 'fonts.conf') }
    const works = spawnSync(path, ['--version'], { env: { ...process.env, ...env } }).status === 0
    return works ? { path, env } : undefined
  } catch {
    return undefined
  }
}

function libraryFolders(root: string): string[] {
  return ['usr/lib', 'usr/lib/*-linux-gnu', 'usr/lib/*-linux-gnu/*', 'lib/*-linux-gnu'].flatMap(pattern =>
    globSync(pattern, { cwd: root }).map(folder => join(root, folder)),
  )
}

function fetchInto(cache: string): void {
  const work = mkdtempSync(join(tmpdir(), 'pillion-chromium-'))
  try {
    for (const folder of ['lists/partial', 'cache/archives/partial', 'root'])
      mkdirSync(join(work, folder), { recursive: true })
    const own = [
      `Dir::State::Lists=${work}/lists`,
      `Dir::Cache=${work}/cache`,
      'APT::Sandbox::User=root',
      'Debug::NoLocking=1',
    ]
    const apt = (...words: string[]) =>
      execFileSync('apt-get', ['-qq', '-y', ...own.flatMap(option => ['-o', option]), ...words], {
        stdio: 'pipe',
        timeout: 150_000,
      })
    apt('update')
    apt('install', '--download-only', '--no-install-recommends', 'chromium-headless-shell', 'fonts-dejavu-core')
    for (const archive of globSync(`${work}/cache/archives/*.deb`))
      execFileSync('dpkg-deb', ['-x', archive, join(work, 'root')])
    writeFileSync(join(work, 'root/fonts.conf'), fontConfiguration(cache))
    mkdirSync(join(cache, '..'), { recursive: true })
    renameSync(join(work, 'root'), cache)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** The machine's own rules, where it has some, and the unpacked fonts. */
function fontConfiguration(cache: string): string {
  const folders = ['/usr/share/fonts', join(cache, 'usr/share/fonts')].map(folder => `<dir>${folder}</dir>`).join('')
  const own = '<include ignore_missing="yes">/etc/fonts/fonts.conf</include>'
  return `<?xml version="1.0"?><fontconfig>${own}${folders}<cachedir>${cache}/fonts</cachedir></fontconfig>\n`
}
