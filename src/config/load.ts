// How does a file, with options and environment over it, become Settings?
//
// Read, parse, validate, lay options over it, check keys against each other: every step
// runs on what the step before could make of the text, so that one attempt finds all
// problems. Precedence is option, environment, file, default (contract §1). Nothing is
// started or looked up here but the file itself.

import type { Problem } from './problems.ts'
import type { RoutingSettings, Settings } from './settings.ts'
import type { ConfigurationSource } from './source-document.ts'
import type { Environment } from './variables.ts'

/** Command-line options as given; absent ones undefined. */
export interface Overrides {
  readonly upstream?: string | undefined
  readonly listen?: string | undefined
  readonly admin?: string | undefined
  readonly logLevel?: string | undefined
}

export interface ConfigurationInput {
  /** `--config`; without it PILLION_CONFIG, else `pillion.yaml` in the working directory if there is one. */
  readonly file?: string | undefined
  /** Instead of the file's content; `file` then only names it. */
  readonly text?: string | undefined
  readonly environment: Environment
  readonly overrides?: Overrides
}

export interface LoadedConfiguration {
  /** Only when no problem is an error. */
  readonly settings: Settings | undefined
  /** What could be made of the routes in spite of errors, so that routing can add its own problems. */
  readonly routing: RoutingSettings
  /** In the order of the file. */
  readonly problems: readonly Problem[]
  readonly source: ConfigurationSource
}

export function loadConfiguration(_input: ConfigurationInput): LoadedConfiguration {
  throw new Error('not yet')
}
