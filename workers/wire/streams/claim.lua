-- Takes or renews a lease that says who looks at a request, or gives it back. It holds nobody back.
-- KEYS: the claim.  ARGV: the holder's own words, ttl (ms; 0 gives back).
-- Returns the words of another holder, who keeps it, or false.
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then
  return held
end
if ARGV[2] ~= '0' then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
elseif held then
  redis.call('DEL', KEYS[1])
end
return false
