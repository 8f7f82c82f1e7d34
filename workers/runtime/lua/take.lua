-- Queues what was delivered, then leases contexts that are due to us.
-- ARGV 5 newest id we were given ('' for none), 6 how many contexts we can run.
-- Returns one {context, token, id, starts, text} for each context that is ours now.

if ARGV[5] ~= '' then gate(ARGV[5]) end

local free, taken = tonumber(ARGV[6]), {}
while #taken < free do
  local due = redis.call('ZRANGEBYSCORE', base .. 'due', '-inf', now, 'LIMIT', 0, free - #taken)
  if #due == 0 then break end
  for _, ctx in ipairs(due) do
    local id, data, holder = head(ctx)
    if id then
      taken[#taken + 1] = start(ctx, next_token(), id, data, holder)
    else
      rest(ctx)
    end
  end
end
return taken
