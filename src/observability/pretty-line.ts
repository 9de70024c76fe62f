// How does a log line look on a terminal?
//
// One line: local time, level, what happened, then `name=value` for each field, dimmed.
// An access-log line becomes `200 hit GET /path 1.2 ms route`. Only a person reads
// these; machines get JSON. Control characters from the outside are shown, not sent:
// a path must not be able to drive a terminal.

import type { EpochMs } from '../base/units.ts'
import { errorSummary, type LoggedError } from './error-lines.ts'

const RESET = '\x1b[0m'
const DIM = '\x1b[2m'
const LEVELS = {
  debug: '\x1b[90mdebug\x1b[0m',
  info: '\x1b[36minfo \x1b[0m',
  warn: '\x1b[33mwarn \x1b[0m',
  error: '\x1b[31merror\x1b[0m',
} as const

type PrettyLevel = keyof typeof LEVELS

export interface PrettyNotice {
  readonly at: EpochMs
  readonly level: PrettyLevel
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly error: LoggedError | undefined
}

export function prettyNotice(notice: PrettyNotice): string {
  const parts = [`${DIM}${timeOfDay(notice.at)}${RESET}`, LEVELS[notice.level], visible(notice.message)]
  for (const [name, value] of Object.entries(notice.fields)) parts.push(`${DIM}${name}=${RESET}${shown(value)}`)
  if (notice.error) parts.push(`${DIM}error=${RESET}${visible(errorSummary(notice.error))}`)
  return parts.join(' ')
}

export interface PrettyAccess {
  readonly at: EpochMs
  readonly status: number
  readonly outcome: string
  readonly reason: string
  readonly method: string
  readonly target: string
  readonly route: string
  readonly duration: number
}

export function prettyAccess(access: PrettyAccess): string {
  const because = access.reason === '' || access.reason === access.outcome ? '' : ` ${DIM}(${access.reason})${RESET}`
  return [
    `${DIM}${timeOfDay(access.at)}${RESET}`,
    `${statusColour(access.status)}${access.status || '---'}${RESET}`,
    `${access.outcome.padEnd(11)}`,
    visible(`${access.method} ${access.target}`),
    `${access.duration} ms`,
    `${DIM}${access.route}${RESET}${because}`,
  ].join(' ')
}

function statusColour(status: number): string {
  if (status >= 500 || status === 0) return '\x1b[31m'
  return status >= 400 ? '\x1b[33m' : '\x1b[32m'
}

function timeOfDay(at: EpochMs): string {
  const date = new Date(at)
  const two = (value: number) => String(value).padStart(2, '0')
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')
  return `${clock}.${String(date.getMilliseconds()).padStart(3, '0')}`
}

function shown(value: unknown): string {
  return visible(typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value)))
}

/** Control characters, escape sequences among them, as `\xNN`. */
function visible(text: string): string {
  return text.replace(/\p{Cc}/gu, character => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
}
