-- Put before scripts that write about a context: who lost the lease on it writes nothing more.
-- Returns whether a higher token has been seen; else this one is remembered. Token 0 is no lease.
local function is_fenced(key, token, ttl)
  if token == '0' then return false end
  local seen = redis.call('GET', key)
  if seen and tonumber(seen) > tonumber(token) then return true end
  if seen ~= token then redis.call('SET', key, token, 'EX', ttl) end
  return false
end
