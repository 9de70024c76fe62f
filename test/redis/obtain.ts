// Where does a redis-server for the tests come from?
//
// From PATH where there is one. Otherwise from Debian's packages, unpacked without root
// into .cache/ and kept there: package lists of our own, so that neither root nor a
// recent `apt-get update` is needed. Nothing is installed. Where neither works, the error
// says what to install.
//
// `node test/redis/obtain.ts` prints the path and fetches it if need be.

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, cp, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const cache = join(import.meta.dirname, '..', '..', '.cache')
const kept = join(cache, 'redis')
const PACKAGES = ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1', 'libatomic1']

/** The path of a redis-server that runs. */
export async function obtainRedis(): Promise<string> {
  const onPath = findOnPath('redis-server')
  if (onPath !== undefined) return onPath
  const server = join(kept, 'redis-server')
  if (!existsSync(server)) await fetchFromDebian()
  return server
}

function findOnPath(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return folders.map(folder => join(folder, name)).find(path => existsSync(path))
}

async function fetchFromDebian(): Promise<void> {
  await mkdir(cache, { recursive: true })
  const work = await mkdtemp(join(cache, 'redis-'))
  try {
    await download(work)
    await assemble(work)
    // Whoever is first wins; a second test file that fetched at the same time throws its own away.
    await rename(join(work, 'redis'), kept).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    })
  } catch (error) {
    throw new Error(
      'There is no redis-server on PATH, and fetching Debian’s packages failed. Install it (apt-get install redis-server, brew install redis) and run the tests again.',
      { cause: error },
    )
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function download(work: string): Promise<void> {
  for (const folder of ['lists/partial', 'cache/archives/partial', 'packages']) {
    await mkdir(join(work, folder), { recursive: true })
  }
  const settings = {
    'Dir::State::Lists': join(work, 'lists'),
    'Dir::Cache': join(work, 'cache'),
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
    'Debug::NoLocking': '1',
  }
  const options = ['-qq', ...Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])]
  await run('apt-get', [...options, 'update'])
  await run('apt-get', [...options, 'download', ...PACKAGES], { cwd: join(work, 'packages') })
}

/** The binary, its libraries, and a launcher that brings the two together and keeps the process id. */
async function assemble(work: string): Promise<void> {
  const root = join(work, 'root')
  const packages = await readdir(join(work, 'packages'))
  for (const file of packages) await run('dpkg', ['-x', join(work, 'packages', file), root])
  const target = join(work, 'redis')
  await mkdir(join(target, 'lib'), { recursive: true })
  for (const triplet of await readdir(join(root, 'usr', 'lib'))) {
    const libraries = join(root, 'usr', 'lib', triplet)
    const files = triplet.includes('linux-gnu') ? await readdir(libraries) : []
    for (const file of files.filter(name => name.includes('.so'))) {
      await cp(join(libraries, file), join(target, 'lib', file), { verbatimSymlinks: true })
    }
  }
  // In Debian's packages the server and its two checkers are one binary under several names.
  await cp(join(root, 'usr', 'bin', 'redis-check-rdb'), join(target, 'lib', 'redis-server'), { dereference: true })
  const launcher = '#!/bin/sh\nhere=$(dirname "$0")/lib\nLD_LIBRARY_PATH="$here" exec "$here/redis-server" "$@"\n'
  await writeFile(join(target, 'redis-server'), launcher)
  await chmod(join(target, 'redis-server'), 0o755)
  await run(join(target, 'redis-server'), ['--version'])
}

if (process.argv[1] === import.meta.filename) console.log(await obtainRedis())
