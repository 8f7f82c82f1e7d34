-- Removes consumers of a group that hold nothing; what holds something would be lost with them.
-- KEYS: inbox stream.  ARGV: group, then names.
-- Returns how many were removed.
local removed = 0
for i = 2, #ARGV do
  if #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[i]) == 0 then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[i])
    removed = removed + 1
  end
end
return removed
