// How does a command ask a running Pillion?
//
// One POST of JSON (or a GET) to its admin API, with the token from ADMIN_TOKEN, and a limit on how
// long that may take. Whatever goes wrong is an AdminFailure whose message says what was
// asked, where, and what came of it; the token is in no message.

import { Agent, fetch } from 'undici'
import { type Address, formatAddress } from '../config/addresses.ts'
import type { Environment } from '../config/variables.ts'

const LONGEST_MS = 10_000

/** Nothing useful came back. */
export class AdminFailure extends Error {
  override readonly name = 'AdminFailure'
}

export interface AdminAddress {
  /** `http://127.0.0.1:9090` */
  readonly url: string
  readonly token: string | undefined
  /** Of a unix listener; `url` then only says Host and is `http://localhost`. */
  readonly socketPath?: string
}

/** The admin API at `url` (or `unix:/path`), with the token of the environment. */
export function adminAt(url: string, environment: Environment): AdminAddress {
  const token = environment['ADMIN_TOKEN'] || undefined
  if (!url.startsWith('unix:')) return { url, token }
  return { url: 'http://localhost', token, socketPath: url.slice('unix:'.length) }
}

/** Where to connect for what listens on `address`: loopback for every interface. */
export function reachable(address: Address): string {
  if (address.kind === 'unix') return formatAddress(address)
  const everywhere = address.host === undefined || address.host === '0.0.0.0'
  const host = everywhere ? '127.0.0.1' : address.host === '::' ? '::1' : address.host
  return `http://${formatAddress({ ...address, host })}`
}

/** The answer's JSON; AdminFailure when there is none or its status is no success. Without `content` it is a GET. */
export async function askAdmin(admin: AdminAddress, path: string, content?: object): Promise<unknown> {
  const method = content === undefined ? 'GET' : 'POST'
  const asked = `${method} ${path} to ${admin.socketPath === undefined ? admin.url : `unix:${admin.socketPath}`}`
  const target = URL.parse(path, admin.url)
  if (target === null || !/^https?:$/.test(target.protocol)) {
    throw new AdminFailure(`${admin.url} is no URL of an admin API, such as http://127.0.0.1:9090`)
  }
  const headers = {
    'Content-Type': 'application/json',
    ...(admin.token === undefined ? {} : { Authorization: `Bearer ${admin.token}` }),
  }
  const signal = AbortSignal.timeout(LONGEST_MS)
  try {
    const answer = await fetch(target, {
      method,
      headers,
      ...(content === undefined ? {} : { body: JSON.stringify(content) }),
      signal,
      redirect: 'error',
      ...(admin.socketPath === undefined
        ? {}
        : { dispatcher: new Agent({ connect: { socketPath: admin.socketPath } }) }),
    })
    const text = await answer.text()
    if (!answer.ok) throw new AdminFailure(`${asked} was answered ${answer.status}${explained(answer.status, text)}`)
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof AdminFailure) throw error
    throw new AdminFailure(`${asked} failed: ${reasonOf(error)}`, { cause: error })
  }
}

function explained(status: number, text: string): string {
  if (status === 401) return ': set ADMIN_TOKEN to its admin.token'
  const detail = detailOf(text)
  return detail === undefined ? '' : `: ${detail}`
}

/** RFC 9457 `detail`, else `title`. */
function detailOf(text: string): string | undefined {
  try {
    const problem = JSON.parse(text) as { detail?: unknown; title?: unknown } | null
    const said = problem?.detail ?? problem?.title
    return typeof said === 'string' ? said : undefined
  } catch {
    return undefined
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer within ${LONGEST_MS / 1000} s`
  const cause = error.cause as NodeJS.ErrnoException | undefined
  return cause?.code ?? cause?.message ?? error.message
}
