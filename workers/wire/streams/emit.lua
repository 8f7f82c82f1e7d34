-- Adds one progress event, once, and tells live listeners.
-- KEYS: progress stream, set of emitted keys, the agent's fence.
-- ARGV: event key, data, max length, ttl of the set (s), fencing token.
-- Returns the entry id, false when an event of this key was emitted before, or 'fenced'.
if is_fenced(KEYS[3], ARGV[5], ARGV[4]) then
  return 'fenced'
end
if redis.call('SADD', KEYS[2], ARGV[1]) == 0 then
  return false
end
redis.call('EXPIRE', KEYS[2], ARGV[4])
local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[3], '*', 'data', ARGV[2])
redis.call('PUBLISH', KEYS[1], ARGV[2])
return id
