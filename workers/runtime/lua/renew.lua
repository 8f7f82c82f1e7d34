-- Says that we live, and prolongs our leases.
-- ARGV 5.. context, token, context, token, ...
-- Returns the contexts that are no longer ours, each followed by the token we held it with.

redis.call('SET', base .. 'hb:' .. me, now, 'PX', ttl)
redis.call('ZADD', base .. 'consumers', now, me)
-- What was delivered before any of us came belongs to others, who may never acknowledge it.
if redis.call('EXISTS', base .. 'gated') == 0 then
  redis.call('SET', base .. 'gated', delivered())
end

local lost = {}
for i = 5, #ARGV, 2 do
  if redis.call('HGET', base .. 'run', ARGV[i]) == me .. '|' .. ARGV[i + 1] then
    redis.call('ZADD', base .. 'due', 'XX', now + ttl, ARGV[i])
  else
    lost[#lost + 1] = ARGV[i]
    lost[#lost + 1] = ARGV[i + 1]
  end
end
return lost
