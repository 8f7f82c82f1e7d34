-- Moves a quarantined entry to where discarded ones are kept, with who did it.
-- KEYS: quarantine stream, stream of discarded entries.
-- ARGV: id in quarantine, who, most entries kept there.
-- Returns its id there, or false when there is no such entry in quarantine.
local found = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])
if #found == 0 then
  return false
end
local fields = found[1][2]
fields[#fields + 1], fields[#fields + 2] = 'discarded_by', ARGV[2]
local id = redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], '*', unpack(fields))
redis.call('XDEL', KEYS[1], ARGV[1])
return id
