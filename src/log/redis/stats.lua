#!lua flags=allow-oom,no-writes
-- KEYS  1 commands, 2 checkout, 3 internal, 4 dead
-- Returns {entries of the producers' streams not read, the lanes' own not read, entries pending in all inbound streams, entries
-- acknowledged in all of them, length of the producers' streams, dead letters}.
-- @count
local pending, lag, steps, settled, length = 0, 0, 0, 0, 0
for k = 1, 3 do
  local groups = redis.pcall('XINFO', 'GROUPS', KEYS[k])
  if k < 3 then length = length + redis.call('XLEN', KEYS[k]) end
  if not groups.err then
    for _, flat in ipairs(groups) do
      local group = {}
      for i = 1, #flat, 2 do group[flat[i]] = flat[i + 1] end
      if group.name == 'jumun' then
        pending = pending + group.pending
        -- none where the server has lost count: then it seems to stand
        if group['entries-read'] then settled = settled + math.max(0, group['entries-read'] - group.pending) end
        -- The server's own count is wrong after its append-only file was rewritten and read again, and after somebody
        -- trimmed what was not read; and it has none once entries were deleted from the middle. So they are counted; where
        -- there are too many, its count is believed, if it has one.
        local unread = '(' .. group['last-delivered-id']
        local behind, all = count(KEYS[k], unread, COUNTED)
        if not all then behind = math.max(behind, group.lag or count(KEYS[k], unread, 10000)) end
        if k < 3 then lag = lag + behind else steps = steps + behind end
      end
    end
  end
end
return { lag, steps, pending, settled, length, redis.call('XLEN', KEYS[4]) }
