// Which keys under `store.redis` contradict each other, or leave something to be said?
//
// Errors where TLS could not be spoken as asked; warnings where a secret could be guessed,
// and where narrower routes stay in memory for want of one (contract §3), because then
// they are neither shared nor asked for once over all replicas.

import type { Finding } from './cross-checks.ts'
import { describeAddress } from './redis-url.ts'
import type { WrittenPolicy } from './route-schema.ts'
import type { FileSettings } from './schema.ts'

const SHORT_SECRET = 16
const redis = ['store', 'redis'] as const

export function checkRedis(settings: FileSettings): Finding[] {
  const { url } = settings.store.redis
  return [...checkTls(settings), ...checkSecrets(settings), ...(url === undefined ? [] : checkReach(settings))]
}

function checkTls({ store: { redis: redisSettings } }: FileSettings): Finding[] {
  const { url, tls } = redisSettings
  const findings: Finding[] = []
  if (tls.cert !== undefined && tls.key === undefined)
    findings.push(['error', [...redis, 'tls', 'cert'], 'store.redis.tls.cert has no key', 'set `key` too'])
  if (tls.key !== undefined && tls.cert === undefined)
    findings.push(['error', [...redis, 'tls', 'key'], 'store.redis.tls.key has no certificate', 'set `cert` too'])
  if (url !== undefined && !url.tls && Object.values(tls).some(value => value !== undefined)) {
    const message = `store.redis.tls has no meaning for ${describeAddress(url)}`
    findings.push(['error', [...redis, 'tls'], message, 'use a rediss:// URL, or remove `tls`'])
  }
  return findings
}

function checkSecrets({ store }: FileSettings): Finding[] {
  const short = store.redis.secret.filter(secret => secret.length < SHORT_SECRET)
  return short.map(secret => {
    const message = `store.redis.secret has ${secret.length} characters and could be guessed`
    return ['warning', [...redis, 'secret'], message, 'use at least 32 random characters', 'redis-secret']
  })
}

function checkReach({ store, routes, defaults }: FileSettings): Finding[] {
  if (store.redis.secret.length > 0) return []
  const usual = defaults as WrittenPolicy
  const kept = Object.entries(routes).filter(([, route]) => staysInMemory(route as WrittenPolicy, usual))
  if (kept.length === 0) return []
  const names = kept.map(([name]) => `\`${name}\``).join(', ')
  const message = `without \`store.redis.secret\` responses of ${names} stay in this process's memory: they are shared more narrowly than with everyone`
  const hint = 'set `secret` (CACHE_SECRET) to share them with other replicas, or `store: memory` on these routes'
  return [['warning', [...redis, 'secret'], message, hint, 'redis-secret']]
}

function staysInMemory(route: WrittenPolicy, usual: WrittenPolicy): boolean {
  const share = route.share ?? usual.share
  if (share === undefined || REACHES.has(share.kind)) return false
  return (route.cache ?? usual.cache) !== 'off' && (route.store ?? usual.store) !== 'memory'
}

const REACHES: ReadonlySet<string> = new Set(['auto', 'everyone'])
