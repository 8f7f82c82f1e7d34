-- Looks after what dead workers left. One worker at a time does it for all.
-- ARGV 5 for how many ms nobody else need do it, 6 where to go on looking for strays ('-' at first).
-- Returns {contexts freed, strays queued, consumers removed, where to go on}.

if not redis.call('SET', base .. 'sweeper', me, 'NX', 'PX', ARGV[5]) then
  return {0, 0, 0, ARGV[6]}
end

-- Delivered, and its reader died before it could queue it.
gate(delivered())

-- What was to come later and is due: an entry like any other.
for _, data in ipairs(redis.call('ZRANGEBYSCORE', base .. 'later', '-inf', now, 'LIMIT', 0, PAGE)) do
  redis.call('XADD', stream, '*', 'data', data)
  redis.call('ZREM', base .. 'later', data)
end

local dead = {}
local function is_dead(consumer)
  if dead[consumer] == nil then
    dead[consumer] = redis.call('EXISTS', base .. 'hb:' .. consumer) == 0
  end
  return dead[consumer]
end

-- By context, not by message: taking messages one by one from the dead livelocks under many deaths.
local freed, runs = 0, redis.call('HGETALL', base .. 'run')
for i = 1, #runs, 2 do
  local holder = string.match(runs[i + 1], '^(.*)|%d+$')
  if not holder or is_dead(holder) then
    hand_over(runs[i], now)
    freed = freed + 1
  end
end

-- Ours, delivered and in no queue: a page at a time, because foreign workers may have left a
-- million entries that they never acknowledge.
local strays = 0
local page = redis.call('XPENDING', stream, group, ARGV[6], '+', PAGE)
for _, entry in ipairs(page) do
  if is_ours(entry[2]) and enqueue(entry[1]) then strays = strays + 1 end
end
local cursor = #page == PAGE and '(' .. page[#page][1] or '-'

-- A consumer that has something pending is not removed: that would lose it.
local removed = 0
for _, consumer in ipairs(redis.call('ZRANGEBYSCORE', base .. 'consumers', '-inf', now - ttl)) do
  if is_dead(consumer) then
    local left = redis.call('XPENDING', stream, group, '-', '+', PAGE, consumer)
    for _, entry in ipairs(left) do
      if enqueue(entry[1]) then strays = strays + 1 end
      redis.call('XCLAIM', stream, group, me, 0, entry[1], 'JUSTID')
    end
    if #left < PAGE then
      left = redis.call('XPENDING', stream, group, '-', '+', 1, consumer)
      if #left == 0 then
        redis.call('XGROUP', 'DELCONSUMER', stream, group, consumer)
        redis.call('ZREM', base .. 'consumers', consumer)
        removed = removed + 1
      end
    end
  end
end
return {freed, strays, removed, cursor}
