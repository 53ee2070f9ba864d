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
          -- what the server says is wrong after it rewrote its file or somebody trimmed the stream: nothing behind the last
          -- delivered entry is no lag; and it doesn't know once entries were deleted from the middle: count, within reason
          local behind = '(' .. group['last-delivered-id']
          if #redis.call('XRANGE', KEYS[1], behind, '+', 'COUNT', 1) > 0 then
            lag = group.lag or #redis.call('XRANGE', KEYS[1], behind, '+', 'COUNT', 10000)
          end
        end
      end
    end
  end
end
return { lag, pending, redis.call('XLEN', KEYS[1]), redis.call('XLEN', KEYS[3]) }
