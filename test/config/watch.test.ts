// Is every way in which a configuration file changes noticed, and nothing else?
//
// Against a real folder. The barrier is the change itself: each test waits for what the
// watch reports, and what must not be reported is shown by what is reported next.

import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { milliseconds } from '../../src/base/units.ts'
import { configurationHash } from '../../src/config/source-document.ts'
import { createConfigurationWatch } from '../../src/config/watch.ts'

interface Watched {
  readonly folder: string
  readonly file: string
  /** The next content that is reported. */
  readonly next: () => Promise<string>
  readonly nextNotice: () => Promise<string>
}

interface Setup {
  readonly content?: string
  readonly prepare?: (folder: string, file: string) => void
  readonly every?: number
  readonly mounts?: (folder: string, file: string) => string
}

function watched(context: TestContext, setup: Setup = {}): Watched {
  const folder = mkdtempSync(join(tmpdir(), 'pillion-watch-'))
  const file = join(folder, 'pillion.yaml')
  const content = setup.content ?? 'one'
  if (setup.prepare === undefined) writeFileSync(file, content)
  else setup.prepare(folder, file)
  const reports = new EventEmitter()
  const pending: Record<string, string[]> = { change: [], notice: [] }
  const report = (kind: string, text: string) => {
    pending[kind]?.push(text)
    reports.emit(kind)
  }
  const watch = createConfigurationWatch({
    file,
    hash: configurationHash(content),
    onChange: text => report('change', text),
    onNotice: message => report('notice', message),
    every: milliseconds(setup.every ?? 50),
    settle: milliseconds(20),
    ...(setup.mounts === undefined ? {} : { mounts: setup.mounts(folder, file) }),
  })
  context.after(() => {
    watch.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const take = async (kind: 'change' | 'notice') => {
    const queue = pending[kind] as string[]
    while (queue.length === 0) await once(reports, kind)
    return queue.shift() as string
  }
  return { folder, file, next: () => take('change'), nextNotice: () => take('notice') }
}

describe('a change of content is reported', () => {
  test('when the file is written in place', async context => {
    const { file, next } = watched(context)
    writeFileSync(file, 'two')
    assert.equal(await next(), 'two')
  })

  test("when an editor's rename replaces it, again and again", async context => {
    const { folder, file, next } = watched(context)
    for (const content of ['two', 'three', 'four']) {
      writeFileSync(join(folder, '.swap'), content)
      renameSync(join(folder, '.swap'), file)
      assert.equal(await next(), content)
    }
  })

  test("when a ConfigMap's symlink is swapped, again and again", async context => {
    const publish = (folder: string, version: string) => {
      mkdirSync(join(folder, `..${version}`))
      writeFileSync(join(folder, `..${version}`, 'pillion.yaml'), version)
      symlinkSync(`..${version}`, join(folder, '..data_tmp'))
      renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
    }
    const { folder, next } = watched(context, {
      prepare: (where, file) => {
        publish(where, 'one')
        symlinkSync(join('..data', 'pillion.yaml'), file)
      },
    })
    for (const version of ['two', 'three', 'four']) {
      publish(folder, version)
      rmSync(join(folder, version === 'two' ? '..one' : '..two'), { recursive: true, force: true })
      assert.equal(await next(), version)
    }
  })

  test('by the folder alone, without waiting for the next look', async context => {
    const { folder, file, next } = watched(context, { every: 60_000 })
    writeFileSync(join(folder, '.swap'), 'two')
    renameSync(join(folder, '.swap'), file)
    assert.equal(await next(), 'two')
  })

  test('by looking alone, where it changes behind a link into another folder', async context => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'pillion-elsewhere-'))
    context.after(() => rmSync(elsewhere, { recursive: true }))
    const { next } = watched(context, {
      prepare: (_, file) => {
        writeFileSync(join(elsewhere, 'real.yaml'), 'one')
        symlinkSync(join(elsewhere, 'real.yaml'), file)
      },
    })
    writeFileSync(join(elsewhere, 'real.yaml'), 'two')
    assert.equal(await next(), 'two')
  })

  test('when it happened between loading and watching', async context => {
    const { next } = watched(context, { prepare: (_, file) => writeFileSync(file, 'two') })
    assert.equal(await next(), 'two')
  })
})

describe('nothing else is reported', () => {
  test('not a new time stamp or the same content once more', async context => {
    const { file, next } = watched(context)
    utimesSync(file, 1, 1)
    writeFileSync(file, 'one')
    writeFileSync(file, 'two')
    assert.equal(await next(), 'two')
  })

  test('not half a file: what grows is reported once it rests', async context => {
    const { file, next } = watched(context)
    const whole = Array.from({ length: 200 }, (_, at) => `line ${at}`).join('\n')
    for (let end = 0; end <= whole.length; end += 50) writeFileSync(file, whole.slice(0, end))
    writeFileSync(file, whole)
    assert.equal(await next(), whole)
  })
})

describe('a file that is not there', () => {
  test('is noticed once, and its return is a change', async context => {
    const { file, next, nextNotice } = watched(context)
    rmSync(file)
    assert.match(await nextNotice(), /pillion\.yaml cannot be read \(ENOENT\); the configuration in effect stays/)
    writeFileSync(file, 'two')
    assert.equal(await next(), 'two')
  })

  test('may have lost its folder too', async context => {
    const { folder, file, next, nextNotice } = watched(context)
    rmSync(folder, { recursive: true })
    assert.match(await nextNotice(), /cannot be read/)
    mkdirSync(folder)
    writeFileSync(file, 'two')
    assert.equal(await next(), 'two')
  })
})

test('a file mounted by itself is noticed, since it will never change', async context => {
  const { nextNotice } = watched(context, {
    mounts: (folder, file) => {
      const table = join(folder, 'mountinfo')
      writeFileSync(table, `36 35 98:0 /volume ${file} ro,noatime - ext4 /dev/sda ro\n`)
      return table
    },
  })
  assert.match(await nextNotice(), /mounted as a single file \(subPath\)/)
})
