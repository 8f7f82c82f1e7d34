-- Sets a mark, if it is the first of its name.
-- KEYS: hash of marks, the agent's fence.  ARGV: name, mark, ttl of the hash (s), fencing token.
-- Returns {whether it is the first, the mark that counts}, or {0, 'fenced'}.
if is_fenced(KEYS[2], ARGV[4], ARGV[3]) then
  return {0, 'fenced'}
end
local is_first = redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return {is_first, redis.call('HGET', KEYS[1], ARGV[1])}
