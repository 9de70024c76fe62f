// Has the configuration's content changed?
//
// The folder is watched, not the file: an editor's rename and a ConfigMap's symlink swap
// replace the file, after which a watch on it is deaf. Every second the content's hash is
// compared as well, since a folder's watch misses what happens behind a symlink, on some
// network file systems, and after the folder itself was replaced. A new hash counts once
// it was seen twice, a moment apart: then nobody is still writing.

import { type FSWatcher, watch } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { type Milliseconds, milliseconds } from '../base/units.ts'
import { configurationHash } from './source-document.ts'

export interface WatchedConfiguration {
  readonly file: string
  /** Hash of what is in effect; the next different one fires. */
  readonly hash: string
  readonly onChange: (text: string, hash: string) => void
  /** One sentence for the log: the file is gone, can't be watched, or will never change. */
  readonly onNotice: (message: string) => void
  /** How often the content is looked at without being told to. */
  readonly every?: Milliseconds
  /** How long a new content must stay the same. */
  readonly settle?: Milliseconds
  /** Where the kernel lists mounts. */
  readonly mounts?: string
}

export interface ConfigurationWatch {
  close(): void
}

export function createConfigurationWatch(watched: WatchedConfiguration): ConfigurationWatch {
  return new ContentWatch(watched)
}

class ContentWatch implements ConfigurationWatch {
  readonly #watched: WatchedConfiguration
  readonly #every: Milliseconds
  readonly #settle: Milliseconds
  #folder: FSWatcher | undefined
  #timer: NodeJS.Timeout | undefined
  #current: string
  #candidate: string | undefined
  #missing = false
  #looking = false
  #closed = false

  constructor(watched: WatchedConfiguration) {
    this.#watched = watched
    this.#current = watched.hash
    this.#every = watched.every ?? milliseconds(1000)
    this.#settle = watched.settle ?? milliseconds(100)
    this.#watchFolder()
    this.#warnOfSubPath()
    this.#lookIn(this.#settle)
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#folder?.close()
  }

  #watchFolder(): void {
    try {
      this.#folder = watch(dirname(resolve(this.#watched.file)), () => this.#lookSoon())
      this.#folder.on('error', error => this.#onlyPolling(error))
    } catch (error) {
      this.#onlyPolling(error)
    }
  }

  #onlyPolling(error: unknown): void {
    this.#folder?.close()
    this.#folder = undefined
    const reason = error instanceof Error ? error.message : String(error)
    this.#watched.onNotice(
      `the folder of ${this.#watched.file} cannot be watched (${reason}); its content is still looked at every ${this.#every} ms`,
    )
  }

  /** Not while a change is settling: being told again must not shorten the wait. */
  #lookSoon(): void {
    if (this.#candidate === undefined) this.#lookIn(milliseconds(0))
  }

  #lookIn(wait: Milliseconds): void {
    if (this.#closed || this.#looking) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#look(), wait)
  }

  async #look(): Promise<void> {
    this.#looking = true
    const text = await this.#read()
    this.#looking = false
    if (this.#closed) return
    const settling = text !== undefined && this.#consider(text)
    this.#lookIn(settling ? this.#settle : this.#every)
  }

  async #read(): Promise<string | undefined> {
    try {
      const text = await readFile(this.#watched.file, 'utf8')
      this.#missing = false
      return text
    } catch (error) {
      if (!this.#missing && !this.#closed) {
        const code = (error as NodeJS.ErrnoException).code ?? 'unknown error'
        this.#watched.onNotice(`${this.#watched.file} cannot be read (${code}); the configuration in effect stays`)
      }
      this.#missing = true
      return undefined
    }
  }

  /** True while a change was seen once and has to be seen again. */
  #consider(text: string): boolean {
    const hash = configurationHash(text)
    if (hash === this.#current) {
      this.#candidate = undefined
      return false
    }
    if (hash !== this.#candidate) {
      this.#candidate = hash
      return true
    }
    this.#candidate = undefined
    this.#current = hash
    this.#watched.onChange(text, hash)
    return false
  }

  /** A file that is itself a mount (Kubernetes `subPath`, a single file in Docker) never sees a rename. */
  #warnOfSubPath(): void {
    const { file, mounts = '/proc/self/mountinfo', onNotice } = this.#watched
    readFile(mounts, 'utf8').then(
      table => {
        const isMount = table.split('\n').some(line => line.split(' ')[4] === resolve(file))
        if (isMount && !this.#closed)
          onNotice(
            `${file} is mounted as a single file (subPath): Kubernetes never updates it; mount its folder to have changes seen`,
          )
      },
      // No such table on this system: nothing to warn of.
      () => undefined,
    )
  }
}
