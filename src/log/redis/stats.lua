#!lua flags=allow-oom,no-writes
-- KEYS  1 commands, 2 checkout, 3 internal, 4 dead
-- Returns {entries of the producers' streams not read, entries pending in all inbound streams, length of the producers'
-- streams, dead letters}.
local COUNTED = 1001
local pending, lag, length = 0, 0, 0
for k = 1, 3 do
  local groups = redis.pcall('XINFO', 'GROUPS', KEYS[k])
  if k < 3 then length = length + redis.call('XLEN', KEYS[k]) end
  if not groups.err then
    for _, flat in ipairs(groups) do
      local group = {}
      for i = 1, #flat, 2 do group[flat[i]] = flat[i + 1] end
      if group.name == 'jumun' then
        pending = pending + group.pending
        if k < 3 then
          -- The server's own count is wrong after its append-only file was rewritten and read again, and after somebody
          -- trimmed what was not read; and it has none once entries were deleted from the middle. So they are counted, as far
          -- as anybody is paged for; beyond, its count is believed, where it has one.
          local unread = '(' .. group['last-delivered-id']
          local function count(most) return #redis.pcall('XRANGE', KEYS[k], unread, '+', 'COUNT', most) end
          local there = count(COUNTED)
          if there == COUNTED then there = math.max(there, group.lag or count(10000)) end
          lag = lag + there
        end
      end
    end
  end
end
return { lag, pending, length, redis.call('XLEN', KEYS[4]) }
