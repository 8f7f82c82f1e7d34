-- Puts a decision into the inbox of a worker that cannot tell calls apart, unless somebody decided
-- this call before. The mark and the message are set together or not at all.
-- KEYS: hash of first decisions, inbox stream.  ARGV: call, mark, ttl of the hash (s), data.
-- Without the inbox, which on a Cluster lies elsewhere, the mark alone is set.
-- Returns the entry id (or 'marked'), or false when the call was decided before.
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then
  return false
end
local id = 'marked'
if KEYS[2] then
  id = redis.call('XADD', KEYS[2], '*', 'data', ARGV[4])
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
-- Not all users may: where permissions know no keys to write alone, EXPIRE deletes as well as DEL.
redis.pcall('EXPIRE', KEYS[1], ARGV[3])
return id
