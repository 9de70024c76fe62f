// Which keys does `store.redis` have, and what do they mean?
//
// An empty URL is no Redis, so that `url: ${REDIS_URL:-}` serves with and without one;
// likewise an empty secret. Passwords in the URL and secrets are never repeated, in no
// message and no effective configuration. Whether Redis is there is not asked here.

import { z } from 'zod'
import type { Milliseconds } from '../base/units.ts'
import { key } from './keys.ts'
import { list, own, printers, section, text, timeLimit } from './kinds.ts'
import { accepted, refused } from './parsed.ts'
import { DURATION_PATTERN, formatDuration, parseDuration } from './quantities.ts'
import { describeAddress, parseRedisUrl, type RedisAddress } from './redis-url.ts'

const URL_HINT = 'write redis://HOST:6379, rediss://…, redis+sentinel://H1,H2/NAME or redis+cluster://H1,H2'

const redisUrl = own<RedisAddress | undefined>(
  written => {
    if (written.text === '') return accepted(undefined)
    const address = parseRedisUrl(written.text)
    return typeof address === 'string' ? refused(address, URL_HINT) : accepted(address)
  },
  {
    title: 'URL',
    json: { type: 'string', pattern: '^(rediss?(\\+(sentinel|cluster))?://|$)' },
    print: address => (address === undefined ? '' : describeAddress(address)),
  },
)

const partition = own<Milliseconds | 'ttl'>(
  written => (written.text === 'ttl' ? accepted('ttl') : parseDuration(written.text)),
  {
    title: 'ttl | duration',
    json: { type: 'string', pattern: `^ttl$|${DURATION_PATTERN}` },
    print: value => (value === 'ttl' ? value : formatDuration(value)),
  },
)

const oneSecret = () => text({ title: 'secret', secret: true, mayBeEmpty: true })

/** None is an empty list. */
const secrets = z
  .union([list(oneSecret()), oneSecret().transform(secret => [secret])])
  .transform((all): readonly string[] => [...new Set(all.filter(secret => secret !== ''))])
printers.add(secrets, { print: (all: readonly string[]) => all.map(() => '***') })

const file = () => text({ title: 'file name' })

const tls = section({
  ca: key(file(), { prose: "PEM file with the authorities that sign Redis's certificate, instead of the system's." }),
  cert: key(file(), { prose: 'PEM file with the client certificate shown to Redis.' }),
  key: key(file(), { prose: 'PEM file with the key of `cert`.' }),
  servername: key(
    text({ title: 'host name', pattern: /^[A-Za-z0-9_.-]+$/, hint: 'write a host name, without scheme or port' }),
    { prose: "Name sent by SNI and expected in the certificate, instead of the URL's host." },
  ),
})

export const redisSchema = section({
  url: key(redisUrl, {
    prose:
      'Where Redis or Valkey (6.2 or newer) is: `redis://`, `rediss://` (TLS), `redis+sentinel://h1,h2/NAME` or `redis+cluster://h1,h2`, with `user:password@` before the hosts. Also by --redis or REDIS_URL. Empty or absent: memory alone.',
    examples: [`\${REDIS_URL:-}`, 'redis://cache:6379'],
  }),
  tls: key(tls, { default: {}, prose: 'For a `rediss` URL. Verification of the certificate cannot be turned off.' }),
  timeout: key(timeLimit(), { default: '50ms', prose: 'A slower Redis counts as absent for that request.' }),
  partition: key(partition, {
    default: '5s',
    prose:
      'How long memory is trusted while purges of other replicas cannot be received; then it is stale: validated, not deleted. `ttl`: fully, for a single replica.',
  }),
  prefix: key(
    text({
      title: 'prefix',
      pattern: /^[A-Za-z0-9_.:-]{1,64}$/,
      hint: 'use 1 to 64 letters, digits, `_`, `.`, `:` and `-`',
    }),
    { default: 'pillion', prose: 'First part of every name in Redis; deployments that share a Redis need their own.' },
  ),
  secret: key(secrets, {
    default: [],
    prose:
      'Encrypts what is kept in Redis (AES-256-GCM) and its names (HMAC). Without it only responses for `everyone`, or stored under `auto`, go there. A list rotates: the first writes, all read. Also by CACHE_SECRET.',
    examples: [`\${CACHE_SECRET:-}`, [`\${CACHE_SECRET}`, `\${CACHE_SECRET_BEFORE}`]],
  }),
})

export type RedisSettings = z.output<typeof redisSchema>
