// How do all replicas agree on one sequence of purges?
//
// One sorted set holds it all, so that it is lost all at once or not at all: each purged
// scope scored by the sequence of its last purge, and at score -1 one control member in
// JSON: the incarnation's random id, the server process it was made on, the sequence, the
// floor (older records were given up), and the sequence at each hour's first purge, by
// which records expire. Each script is one atomic step on that one key; time is the
// server's own, so no two machines' clocks are ever compared (docs/design.md, invariant 4).

import { createHash } from 'node:crypto'
import type { RedisScript } from './redis-client.ts'

/** What Redis holds lives at most so long, so purges older than this name nothing there. */
export const LONGEST_IN_REDIS_HOURS = 7 * 24
/** Records are kept a day longer, for fills that were under way. */
const RECORD_HOURS = LONGEST_IN_REDIS_HOURS + 24
const MOST_RECORDS = 100_000
/** Records in one reply. */
export const PAGE = 2000

const CONTROL = `
local function read(key)
  local member = redis.call('ZRANGEBYSCORE', key, -1, -1)[1]
  return member, member and cjson.decode(member)
end
local function write(key, former, control)
  if former then redis.call('ZREM', key, former) end
  redis.call('ZADD', key, -1, cjson.encode(control))
end
`

function script(body: string): RedisScript {
  const text = CONTROL + body
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}

/**
 * KEYS: epochs. ARGV: known id, known sequence, at least, fresh id.
 * Returns id, sequence, floor, expired sequence, then member and score of up to PAGE
 * records after the known sequence (after none, where the id is another).
 *
 * A new incarnation begins when there is none, or when another server process answers
 * than the one it was made on: a restart or a failover may have lost purges. The sequence
 * then rises above what this caller knows; so it does whenever `at least` asks for it.
 */
export const SYNC = script(`
local key, at_least = KEYS[1], tonumber(ARGV[3])
local run, said = '', redis.pcall('INFO', 'server')
if type(said) == 'string' then run = string.match(said, 'run_id:(%x+)') or '' end
local former, control = read(key)
if not control or control.run ~= run then
  local reached = math.max(control and control.seq or 0, tonumber(ARGV[2]), at_least) + 1
  control = { id = ARGV[4], run = run, seq = reached, floor = 0, expired = 0, hours = {} }
  write(key, former, control)
elseif control.seq < at_least then
  control.seq = at_least
  write(key, former, control)
end
local since = control.id == ARGV[1] and ARGV[2] or '0'
local reply = { control.id, control.seq, control.floor, control.expired }
for _, part in ipairs(redis.call('ZRANGEBYSCORE', key, '(' .. since, '+inf', 'WITHSCORES', 'LIMIT', 0, ${PAGE})) do
  reply[#reply + 1] = part
end
return reply
`)

/**
 * KEYS: epochs. ARGV: id, channel, members.
 * Returns the purge's sequence, or -1 where the incarnation is another one.
 */
export const PURGE = script(`
local key = KEYS[1]
local former, control = read(key)
if not control or control.id ~= ARGV[1] then return -1 end
control.seq = control.seq + 1
local members = {}
for at = 3, #ARGV do
  redis.call('ZADD', key, control.seq, ARGV[at])
  members[#members + 1] = ARGV[at]
end
local hour = math.floor(tonumber(redis.call('TIME')[1]) / 3600)
if not control.hours[tostring(hour)] then
  control.hours[tostring(hour)] = control.seq
  local expired, kept = control.expired, {}
  for name, sequence in pairs(control.hours) do
    if tonumber(name) < hour - ${RECORD_HOURS} then expired = math.max(expired, sequence - 1)
    else kept[name] = sequence end
  end
  control.hours = kept
  if expired > control.expired then
    control.expired = expired
    redis.call('ZREMRANGEBYSCORE', key, 0, expired)
  end
end
local surplus = redis.call('ZCARD', key) - 1 - ${MOST_RECORDS}
if surplus > 0 then
  control.floor = tonumber(redis.call('ZRANGE', key, surplus, surplus, 'WITHSCORES')[2])
  redis.call('ZREMRANGEBYRANK', key, 1, surplus)
end
write(key, former, control)
redis.call('PUBLISH', ARGV[2], cjson.encode({ i = control.id, n = control.seq, s = members }))
return control.seq
`)

/**
 * KEYS: lease. ARGV: token, milliseconds.
 * Returns nothing when the lease is ours, else for how long it is held and the holder's
 * token; a "+" behind the token says that somebody waits.
 */
export const ACQUIRE = script(`
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return false end
local token = redis.call('GET', KEYS[1])
if string.sub(token, -1) ~= '+' then redis.call('APPEND', KEYS[1], '+') end
return { redis.call('PTTL', KEYS[1]), token }
`)

/** KEYS: lease. ARGV: token, channel, wake-up message. Returns 1 when the lease was still held. */
export const RELEASE = script(`
local token = redis.call('GET', KEYS[1])
if token ~= ARGV[1] and token ~= ARGV[1] .. '+' then return 0 end
redis.call('DEL', KEYS[1])
if token ~= ARGV[1] then redis.call('PUBLISH', ARGV[2], ARGV[3]) end
return 1
`)
