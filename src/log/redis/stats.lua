#!lua flags=allow-oom,no-writes
-- KEYS  1 commands, 2 internal, 3 dead
-- Returns {entries of the commands stream not read, entries pending in both inbound streams, length, dead letters}.
local pending, lag = 0, 0
for k = 1, 2 do
  local groups = redis.pcall('XINFO', 'GROUPS', KEYS[k])
  if not groups.err then
    for _, flat in ipairs(groups) do
      local group = {}
      for i = 1, #flat, 2 do group[flat[i]] = flat[i + 1] end
      if group.name == 'jumun' then
        pending = pending + group.pending
        if k == 1 then
          -- The server's own count is wrong after its append-only file was rewritten and read again, and after somebody
          -- trimmed what was not read; and it has none once entries were deleted from the middle: then count, within reason.
          local unread = '(' .. group['last-delivered-id']
          local first = redis.pcall('XRANGE', KEYS[1], unread, '+', 'COUNT', 1)
          if #first > 0 then lag = group.lag or #redis.call('XRANGE', KEYS[1], unread, '+', 'COUNT', 10000) end
        end
      end
    end
  end
end
return { lag, pending, redis.call('XLEN', KEYS[1]), redis.call('XLEN', KEYS[3]) }
