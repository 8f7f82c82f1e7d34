-- What take, settle, renew and reap share. It is put before each of them; none runs without it.
--
-- KEYS[1] is the agent's inbox. Every other key begins with `base`, whose hash tag is the name of
-- the inbox, so that a script stays in one Cluster slot (PROTOCOL, section 3):
--   gated       newest inbox id that was put in a queue      ctxof     hash id -> context
--   q:<ctx>     list of ids, oldest first, the head runs     attempts  hash id -> starts so far
--   parked:<ctx> list of ids behind what the context waits for
--   run         hash ctx -> consumer|token                   due       zset ctx -> ms: end of the
--   token       the last fencing token                                 lease, or not-before
--   hb:<consumer> lives as long as its process               consumers zset of our names -> ms
--   later     zset text of an entry -> ms when it is to be put into the inbox
-- ARGV 1 group, 2 base, 3 our consumer, 4 time of a lease in ms.
--
-- An entry stays in the stream, and pending with one of our consumers, until it is settled. Queues
-- hold ids only: whatever a queue says, an entry that is not pending with us is not run.

local stream, group, base, me, ttl = KEYS[1], ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

-- A larger entry is not parsed here (bytes); the worker refuses it with a better reason.
local LARGEST = 262144
local LONGEST_CONTEXT = 1000
local OURS = 'signoff:'
local PAGE = 500

local function is_id(text)
  return string.match(text, '^%d+%-%d+$') ~= nil
end

-- Whether stream id a comes before b. What is no id, because somebody wrote it by hand, comes first.
local function before(a, b)
  if not is_id(a) then return true end
  local am, as = string.match(a, '^(%d+)-(%d+)$')
  local bm, bs = string.match(b, '^(%d+)-(%d+)$')
  am, as, bm, bs = tonumber(am), tonumber(as), tonumber(bm), tonumber(bs)
  if am ~= bm then return am < bm end
  return as < bs
end

local function is_ours(consumer)
  return string.sub(consumer, 1, #OURS) == OURS
end

-- Who of us an entry is pending with; nil if nobody of us, so that it is not for us to touch.
local function owner(id)
  if not is_id(id) then return nil end
  local found = redis.call('XPENDING', stream, group, id, id, 1)
  if #found > 0 and is_ours(found[1][2]) then return found[1][2] end
  return nil
end

-- The text of an entry; nil when somebody deleted it.
local function body(id)
  local found = redis.call('XRANGE', stream, id, id)
  if #found == 0 then return nil end
  local fields = found[1][2]
  for i = 1, #fields, 2 do
    if fields[i] == 'data' then return fields[i + 1] end
  end
  return ''
end

-- The context an entry belongs to. What has none shares the queue '', which no context can have.
local function context_of(data)
  if #data > LARGEST then return '' end
  local ok, event = pcall(cjson.decode, data)
  if not ok or type(event) ~= 'table' or type(event.context_id) ~= 'string' then return '' end
  if #event.context_id > LONGEST_CONTEXT then return '' end
  return event.context_id
end

-- Puts an id into a list of ids where it belongs; at the end, nearly always.
local function insert(list, id)
  local last = redis.call('LINDEX', list, -1)
  if not last or before(last, id) then
    redis.call('RPUSH', list, id)
    return
  end
  for _, other in ipairs(redis.call('LRANGE', list, 0, -1)) do
    if other == id then return end
    if is_id(other) and before(id, other) then
      redis.call('LINSERT', list, 'BEFORE', other, id)
      return
    end
  end
end

-- Forgets an entry whose context is done with it.
local function forget(id)
  redis.call('HDEL', base .. 'ctxof', id)
  redis.call('HDEL', base .. 'attempts', id)
end

-- Queues an entry of ours that is in no queue.
local function enqueue(id)
  if redis.call('HEXISTS', base .. 'ctxof', id) == 1 then return false end
  local data = body(id)
  if not data then
    redis.call('XACK', stream, group, id)
    return false
  end
  local ctx = context_of(data)
  redis.call('HSET', base .. 'ctxof', id, ctx)
  insert(base .. 'q:' .. ctx, id)
  redis.call('ZADD', base .. 'due', 'NX', now, ctx)
  return true
end

-- Queues everything that was delivered to us up to an id, in the order of the stream. Whoever
-- comes first queues for all: a worker that read 11 cannot start it before another's 5.
local function gate(newest)
  local last = redis.call('GET', base .. 'gated') or '0-0'
  if not before(last, newest) then return end
  local from = '(' .. last
  while true do
    local page = redis.call('XPENDING', stream, group, from, newest, PAGE)
    for _, entry in ipairs(page) do
      if is_ours(entry[2]) then enqueue(entry[1]) end
    end
    if #page < PAGE then break end
    from = '(' .. page[#page][1]
  end
  redis.call('SET', base .. 'gated', newest)
end

-- The newest id that the group gave to anybody. Without a stream there was nothing to give.
local function delivered()
  local groups = redis.pcall('XINFO', 'GROUPS', stream)
  if groups.err then return '0-0' end
  for _, info in ipairs(groups) do
    local fields = {}
    for i = 1, #info, 2 do fields[info[i]] = info[i + 1] end
    if fields['name'] == group then return fields['last-delivered-id'] end
  end
  return '0-0'
end

-- Never goes back, also when the broker lost its newest writes: it follows the clock. In
-- microseconds, because milliseconds are fewer than the leases of a busy second.
local function next_token()
  local last = tonumber(redis.call('GET', base .. 'token') or '0')
  local token = string.format('%.0f', math.max(last + 1, clock[1] * 1000000 + clock[2]))
  redis.call('SET', base .. 'token', token)
  return token
end

-- The oldest entry of a context that can be run: its id, text and owner. What was settled, deleted
-- or taken from us meanwhile is dropped.
local function head(ctx)
  local queue = base .. 'q:' .. ctx
  while true do
    local id = redis.call('LINDEX', queue, 0)
    if not id then return nil end
    local holder = owner(id)
    local data = holder and body(id)
    if data then return id, data, holder end
    if holder then redis.call('XACK', stream, group, id) end
    redis.call('LPOP', queue)
    forget(id)
  end
end

-- Gives the head of a context to us: context, token, id, starts, text.
local function start(ctx, token, id, data, holder)
  if holder ~= me then redis.call('XCLAIM', stream, group, me, 0, id, 'JUSTID') end
  redis.call('HSET', base .. 'run', ctx, me .. '|' .. token)
  redis.call('ZADD', base .. 'due', now + ttl, ctx)
  local starts = redis.call('HINCRBY', base .. 'attempts', id, 1)
  return {ctx, token, id, starts, data}
end

-- Nobody runs the context; it may be started from `at` on.
local function hand_over(ctx, at)
  redis.call('HDEL', base .. 'run', ctx)
  redis.call('ZADD', base .. 'due', at, ctx)
end

local function rest(ctx)
  redis.call('HDEL', base .. 'run', ctx)
  redis.call('ZREM', base .. 'due', ctx)
end
