-- Puts a quarantined entry back into the inbox it came from, once, whoever asks twice.
-- KEYS: inbox stream, quarantine stream.  ARGV: id in quarantine.
-- Returns the new inbox id, false when there is no such entry, or 'empty' when it has no data.
local found = redis.call('XRANGE', KEYS[2], ARGV[1], ARGV[1])
if #found == 0 then
  return false
end
local fields, kept = found[1][2], {}
for i = 1, #fields, 2 do kept[fields[i]] = fields[i + 1] end
if (kept.data or '') == '' then
  return 'empty'
end
local id = redis.call('XADD', KEYS[1], '*', 'data', kept.data)
redis.call('XDEL', KEYS[2], ARGV[1])

-- The worker knows an invocation by the inbox id it first came with, and drops any other entry with
-- the same content as sent twice. This one takes the place of the first; others stay twice.
local ok, event = pcall(cjson.decode, kept.data)
local body = ok and type(event) == 'table' and event.data
if kept.entry_id and type(body) == 'table' and type(body.invocation_id) == 'string'
    and type(body.caller_agent) == 'string' then
  local base = string.sub(KEYS[2], 1, -#'dlq' - 1)
  local seen = base .. 'seen:' .. body.caller_agent .. ':' .. body.invocation_id
  if redis.call('TYPE', seen).ok == 'hash' then
    local marks = redis.call('HGETALL', seen)
    for i = 1, #marks, 2 do
      if marks[i + 1] == kept.entry_id then redis.call('HSET', seen, marks[i], id) end
    end
  end
end
return id
