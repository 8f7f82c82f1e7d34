-- Adds one progress event, once, and tells live listeners.
-- KEYS: progress stream, set of emitted keys.  ARGV: event key, data, max length, ttl of the set (s).
-- Returns the entry id, or false when an event of this key was emitted before.
if redis.call('SADD', KEYS[2], ARGV[1]) == 0 then
  return false
end
redis.call('EXPIRE', KEYS[2], ARGV[4])
local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[3], '*', 'data', ARGV[2])
redis.call('PUBLISH', KEYS[1], ARGV[2])
return id
