// Where is Redis, and in which form does it run?
//
// One URL says it: `redis://host:port/db` (one server), `redis+sentinel://h1,h2/NAME`
// (whoever the sentinels call master), `redis+cluster://h1,h2` (slots over many); with
// `rediss` instead of `redis` all of it over TLS. User and password stand before '@',
// percent-encoded; those of the sentinels themselves in `?sentinelUser=…&sentinelPassword=…`.
// Malformed text is a problem to be shown, with what to write instead, never an exception.

export interface RedisNode {
  readonly host: string
  readonly port: number
}

export interface RedisAddress {
  readonly kind: 'single' | 'sentinel' | 'cluster'
  readonly tls: boolean
  /** At least one. */
  readonly nodes: readonly RedisNode[]
  /** What the sentinels call the master; '' elsewhere. */
  readonly masterName: string
  readonly username: string | undefined
  readonly password: string | undefined
  readonly sentinelUsername: string | undefined
  readonly sentinelPassword: string | undefined
  readonly database: number
}

const SHAPE = /^(rediss?)(?:\+(sentinel|cluster))?:\/\/(?:([^/?#@]*)@)?([^/?#@]*)(\/[^?#]*)?(?:\?([^#]*))?$/
const DEFAULT_PORT = 6379
const SENTINEL_PORT = 26379
const FORMS = 'redis://host:6379, rediss://…, redis+sentinel://h1,h2/NAME or redis+cluster://h1,h2'

/** The address, or in a sentence what is wrong with it. Passwords never appear in the sentence. */
export function parseRedisUrl(text: string): RedisAddress | string {
  const match = SHAPE.exec(text.trim())
  if (match === null) return `this is no Redis URL; write ${FORMS}`
  const [, scheme, form, credentials, hosts = '', path = '', query = ''] = match
  const kind = form === 'sentinel' || form === 'cluster' ? form : 'single'
  const nodes = parseNodes(hosts, kind === 'sentinel' ? SENTINEL_PORT : DEFAULT_PORT)
  if (typeof nodes === 'string') return nodes
  if (kind === 'single' && nodes.length > 1) return `one host is enough for redis://; for several write ${FORMS}`
  const place = parsePath(kind, path)
  if (typeof place === 'string') return place
  const who = parseCredentials(credentials)
  if (typeof who === 'string') return who
  const parameters = new URLSearchParams(query)
  for (const name of parameters.keys()) {
    if (!/^sentinel(User|Password)$/.test(name))
      return `the parameter ${name} is not known; sentinelUser and sentinelPassword are`
  }
  return {
    kind,
    tls: scheme === 'rediss',
    nodes,
    ...place,
    ...who,
    sentinelUsername: parameters.get('sentinelUser') ?? undefined,
    sentinelPassword: parameters.get('sentinelPassword') ?? undefined,
  }
}

function parseNodes(hosts: string, port: number): RedisNode[] | string {
  const nodes: RedisNode[] = []
  for (const text of hosts.split(',')) {
    const match = /^(\[[0-9A-Fa-f:.]+\]|[^:[\]\s]+)(?::(\d{1,5}))?$/.exec(text)
    if (match === null)
      return `${JSON.stringify(text)} is no host; write host or host:port, several separated by commas`
    const given = match[2] === undefined ? port : Number(match[2])
    if (given < 1 || given > 65535) return `port ${given} is out of range; ports are 1 to 65535`
    nodes.push({ host: (match[1] as string).replace(/^\[|\]$/g, ''), port: given })
  }
  return nodes
}

function parsePath(kind: RedisAddress['kind'], path: string): Pick<RedisAddress, 'masterName' | 'database'> | string {
  const parts = path.split('/').filter(part => part !== '')
  if (kind === 'sentinel' && parts.length === 0)
    return 'the master’s name is missing; write redis+sentinel://h1,h2/NAME'
  const masterName = kind === 'sentinel' ? decoded(parts.shift() as string) : ''
  const [database = '0', ...rest] = parts
  if (masterName === undefined || rest.length > 0 || !/^\d{1,4}$/.test(database)) {
    return `the path ${JSON.stringify(path)} is not understood; after the hosts stands at most a database number (sentinel: NAME, then the number)`
  }
  if (kind === 'cluster' && database !== '0') return 'a cluster has database 0 alone; leave the path out'
  return { masterName, database: Number(database) }
}

function parseCredentials(text: string | undefined): Pick<RedisAddress, 'username' | 'password'> | string {
  if (text === undefined || text === '') return { username: undefined, password: undefined }
  const colon = text.indexOf(':')
  const username = decoded(colon === -1 ? text : text.slice(0, colon))
  const password = colon === -1 ? undefined : decoded(text.slice(colon + 1))
  if (username === undefined || (colon !== -1 && password === undefined)) {
    return 'user or password before "@" is not percent-encoded properly; encode %, @, :, / and ? as %25, %40, %3A, %2F and %3F'
  }
  return { username: username === '' ? undefined : username, password }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

/** For logs and people: everything but the secrets. */
export function describeAddress({ kind, tls, nodes, masterName }: RedisAddress): string {
  const scheme = `${tls ? 'rediss' : 'redis'}${kind === 'single' ? '' : `+${kind}`}`
  const hosts = nodes.map(({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)).join(',')
  return `${scheme}://${hosts}${masterName === '' ? '' : `/${masterName}`}`
}
