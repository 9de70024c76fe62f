// How do all replicas agree on one sequence of purges?
//
// Two sorted sets on one node, users apart (purged-scopes.ts tells why): each purged scope
// scored by the sequence of its last purge. At score -1 the first has a control member in
// JSON (the incarnation's random id, the server process it was made on, the sequence, the
// floors below which records were given up, and the sequence at each hour's first purge, by
// which records expire), the second the id alone, so that both are lost or none. Each
// script is one atomic step; time is the server's own, so no two machines' clocks are ever
// compared (docs/design.md, invariant 4).

import { createHash } from 'node:crypto'
import type { RedisScript } from './redis-client.ts'

/** What Redis holds lives at most so long, so purges older than this name nothing there. */
export const LONGEST_IN_REDIS_HOURS = 7 * 24
/** Records are kept a day longer, for fills that were under way. */
const RECORD_HOURS = LONGEST_IN_REDIS_HOURS + 24
const MOST_RECORDS = 100_000
/** Records of each set in one reply. */
const PAGE = 2000

const CONTROL = `
local function read(key, users)
  local member = redis.call('ZRANGEBYSCORE', key, -1, -1)[1]
  local control = member and cjson.decode(member)
  if control and redis.call('ZRANGEBYSCORE', users, -1, -1)[1] ~= control.id then return member, control, true end
  return member, control, not control
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
 * KEYS: purged scopes, purged users. ARGV: known id, known sequence, at least, fresh id.
 * Returns id, sequence, floor, the users' floor, expired sequence, the sequence up to which
 * the reply is complete, then member and score of records after the known sequence (after
 * none, where the id is another).
 *
 * A new incarnation begins when there is none, or when another server process answers
 * than the one it was made on: a restart or a failover may have lost purges. The sequence
 * then rises above what this caller knows; so it does whenever `at least` asks for it.
 */
export const SYNC = script(`
local key, users, at_least = KEYS[1], KEYS[2], tonumber(ARGV[3])
local run, said = '', redis.pcall('INFO', 'server')
if type(said) == 'string' then run = string.match(said, 'run_id:(%x+)') or '' end
local former, control, broken = read(key, users)
if broken or control.run ~= run then
  local reached = math.max(control and control.seq or 0, tonumber(ARGV[2]), at_least) + 1
  control = { id = ARGV[4], run = run, seq = reached, floor = 0, users = 0, expired = 0, hours = {} }
  write(key, former, control)
  redis.call('ZREMRANGEBYSCORE', users, -1, -1)
  redis.call('ZADD', users, -1, control.id)
elseif control.seq < at_least then
  control.seq = at_least
  write(key, former, control)
end
local since = control.id == ARGV[1] and ARGV[2] or '0'
local reply = { control.id, control.seq, control.floor, control.users, control.expired, control.seq }
for _, set in ipairs({ key, users }) do
  local page = redis.call('ZRANGEBYSCORE', set, '(' .. since, '+inf', 'WITHSCORES', 'LIMIT', 0, ${PAGE})
  if #page == ${2 * PAGE} then reply[6] = math.min(reply[6], tonumber(page[#page]) - 1) end
  for _, part in ipairs(page) do reply[#reply + 1] = part end
end
return reply
`)

/**
 * KEYS: purged scopes, purged users. ARGV: id, channel, members; a user's begins with "u".
 * Returns the purge's sequence, or -1 where the incarnation is another one.
 */
export const PURGE = script(`
local key, users = KEYS[1], KEYS[2]
local former, control, broken = read(key, users)
if broken or control.id ~= ARGV[1] then return -1 end
control.seq = control.seq + 1
local members = {}
for at = 3, #ARGV do
  redis.call('ZADD', string.sub(ARGV[at], 1, 1) == 'u' and users or key, control.seq, ARGV[at])
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
    for _, set in ipairs(KEYS) do redis.call('ZREMRANGEBYSCORE', set, 0, expired) end
  end
end
local function trim(set, floor)
  local surplus = redis.call('ZCARD', set) - 1 - ${MOST_RECORDS}
  if surplus <= 0 then return floor end
  local last = redis.call('ZRANGE', set, surplus, surplus, 'WITHSCORES')[2]
  redis.call('ZREMRANGEBYRANK', set, 1, surplus)
  return tonumber(last)
end
control.floor, control.users = trim(key, control.floor), trim(users, control.users)
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
