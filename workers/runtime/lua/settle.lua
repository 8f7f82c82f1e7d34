-- Ends our work on the head of a context, if the context is still ours.
-- ARGV 5 context, 6 token, 7 id, 8 verb, 9 delay in ms, 10 '1' if the context waits for nothing,
--      11 reason, 12 error, 13 most entries kept in quarantine.
-- Verbs:
--   done     it had its effect: acknowledged and deleted, the next of the context follows
--   last     as done, but the next is for another worker: we are stopping
--   dead     as done, and a copy goes to quarantine
--   park     it waits, unacknowledged, behind what the context waits for; the next follows
--   retry    it stays the head and is started again after the delay
--   release  as retry, and the start does not count: we are stopping
-- Returns {'lost'}, {'idle'}, or {'next', context, token, id, starts, text}.
-- Safe to be sent again when the reply was lost: what is no longer the head is not removed twice.

local ctx, token, id, verb = ARGV[5], ARGV[6], ARGV[7], ARGV[8]
if redis.call('HGET', base .. 'run', ctx) ~= me .. '|' .. token then return {'lost'} end

local queue, parked = base .. 'q:' .. ctx, base .. 'parked:' .. ctx

local function quarantine(data, reason, why, entry_id)
  redis.call('XADD', base .. 'dlq', 'MAXLEN', '~', ARGV[13], '*', 'data', data, 'reason', reason,
    'error', why, 'entry_id', entry_id, 'context_id', ctx, 'worker', me, 'at_ms', now,
    'attempts', redis.call('HGET', base .. 'attempts', entry_id) or 0)
end

-- Brings the oldest parked entry to the front; it is older than anything in the queue.
local function unpark()
  while true do
    local oldest = redis.call('LPOP', parked)
    if not oldest then return end
    if redis.call('HGET', base .. 'ctxof', oldest) ~= ctx then
      -- Somebody wrote here by hand; it must not block the rest.
      quarantine(oldest, 'parked', 'What was parked is no entry of this inbox.', '')
    elseif owner(oldest) then
      redis.call('LPUSH', queue, oldest)
      return
    else
      forget(oldest)
    end
  end
end

if verb == 'retry' or verb == 'release' then
  if verb == 'release' then redis.call('HINCRBY', base .. 'attempts', id, -1) end
  hand_over(ctx, now + tonumber(ARGV[9]))
  return {'idle'}
end

if redis.call('LINDEX', queue, 0) == id then
  if verb == 'dead' then quarantine(body(id) or '', ARGV[11], ARGV[12], id) end
  redis.call('LPOP', queue)
  if verb == 'park' then
    insert(parked, id)
    redis.call('HDEL', base .. 'attempts', id)
  else
    redis.call('XACK', stream, group, id)
    redis.call('XDEL', stream, id)
    forget(id)
  end
  if ARGV[10] == '1' then unpark() end
end

local next_id, data, holder = head(ctx)
if not next_id then
  rest(ctx)
  return {'idle'}
end
if verb == 'last' then
  hand_over(ctx, now)
  return {'idle'}
end
local started = start(ctx, token, next_id, data, holder)
return {'next', unpack(started)}
