// Where does a Python with FastAPI and Django for the example tests come from?
//
// Debian's own packages, unpacked without root into .cache/ and kept there, beside the
// system's Python of the same Debian. Where there is no apt (another system), undefined.

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const cache = join(import.meta.dirname, '..', '..', '.cache')
const kept = join(cache, 'python-web')
const PYTHON = '/usr/bin/python3'
const PACKAGES =
  'fastapi starlette pydantic uvicorn anyio sniffio idna h11 click typing-extensions django asgiref sqlparse tz'
    .split(' ')
    .map(name => `python3-${name}`)

export interface Python {
  readonly program: string
  readonly environment: Readonly<Record<string, string>>
}

/** Undefined where Debian's packages can't be had. Rejects when fetching them fails. */
export async function obtainPython(): Promise<Python | undefined> {
  if (!existsSync(PYTHON) || !existsSync('/usr/bin/apt-get')) return undefined
  const modules = join(kept, 'usr', 'lib', 'python3', 'dist-packages')
  if (!existsSync(modules)) await fetchFromDebian()
  return { program: PYTHON, environment: { PYTHONPATH: modules, PYTHONDONTWRITEBYTECODE: '1' } }
}

async function fetchFromDebian(): Promise<void> {
  await mkdir(cache, { recursive: true })
  const work = await mkdtemp(join(cache, 'python-'))
  try {
    for (const folder of ['lists/partial', 'cache/archives/partial', 'packages']) {
      await mkdir(join(work, folder), { recursive: true })
    }
    const settings = [`Dir::State::Lists=${join(work, 'lists')}`, `Dir::Cache=${join(work, 'cache')}`]
    const quiet = ['APT::Sandbox::User=root', 'Acquire::Languages=none', 'Debug::NoLocking=1']
    const options = ['-qq', ...[...settings, ...quiet].flatMap(setting => ['-o', setting])]
    await run('apt-get', [...options, 'update'])
    await run('apt-get', [...options, 'download', ...PACKAGES], { cwd: join(work, 'packages') })
    for (const file of await readdir(join(work, 'packages'))) {
      await run('dpkg', ['-x', join(work, 'packages', file), join(work, 'root')])
    }
    // Whoever is first wins; a second test file that fetched at the same time throws its own away.
    await rename(join(work, 'root'), kept).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}
