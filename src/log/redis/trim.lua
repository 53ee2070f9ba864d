#!lua flags=allow-oom
-- Drops what retention allows. Of an inbound stream only what lies below the lowest pending entry and, when none is
-- pending, below the last delivered one; never by length.
--
-- KEYS  1 commands, 2 checkout, 3 internal, 4 answers, 5 events, 6 dead, 7 names of reply streams
-- ARGV  1 commands kept (ms), 2 answers kept (ms), 3 events kept (ms), 4 dead letters kept, 5 prefix of reply streams,
--       6 the age of dead letters kept (ms), or nothing
-- Returns the number of entries dropped.
local call = redis.call
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function since(kept) return string.format('%.0f', math.max(0, now - tonumber(kept))) end
local function ms(id) return tonumber(id:match('^%d+')) end

local function fields(flat)
  local map = {}
  for i = 1, #flat, 2 do map[flat[i]] = flat[i + 1] end
  return map
end

-- @count
-- The server counts a group's lag wrongly after its append-only file was rewritten and read again, and after somebody
-- trimmed what was not read. Who scales by that number is told the right one again as soon as it can be counted.
-- A user who may not do it (NOPERM) does without.
local function count_again(key, group)
  local left, all = count(key, '(' .. group['last-delivered-id'], COUNTED)
  -- it counts none while entries were deleted from among the unread: then there is nothing to set right
  if not all or group.lag == left or (left > 0 and not group.lag) then return end
  local stream = fields(call('XINFO', 'STREAM', key))
  local last = left == 0 and stream['last-generated-id'] or group['last-delivered-id']
  redis.pcall('XGROUP', 'SETID', key, 'jumun', last, 'ENTRIESREAD', stream['entries-added'] - left)
end

local dropped = 0
for k = 1, 3 do
  local pending = redis.pcall('XPENDING', KEYS[k], 'jumun')
  if not pending.err then
    local safe = pending[2]
    for _, flat in ipairs(call('XINFO', 'GROUPS', KEYS[k])) do
      local group = fields(flat)
      if group.name == 'jumun' then
        if pending[1] == 0 then safe = group['last-delivered-id'] end
        count_again(KEYS[k], group)
      end
    end
    if safe then
      local old = since(ARGV[1])
      -- ids of the future never grow old: there, what is done with goes at once
      if ms(safe) < ms(old) or ms(safe) > now then old = safe end
      dropped = dropped + call('XTRIM', KEYS[k], 'MINID', '=', old)
    end
  end
end
dropped = dropped + call('XTRIM', KEYS[4], 'MINID', '=', since(ARGV[2]))
dropped = dropped + call('XTRIM', KEYS[5], 'MINID', '=', since(ARGV[3]))
dropped = dropped + call('XTRIM', KEYS[6], 'MAXLEN', '=', ARGV[4])
if ARGV[6] ~= '' then dropped = dropped + call('XTRIM', KEYS[6], 'MINID', '=', since(ARGV[6])) end
-- the reply streams share the partition's hash slot, so a cluster finds them here too
for _, name in ipairs(call('SMEMBERS', KEYS[7])) do
  local key = ARGV[5] .. name
  dropped = dropped + call('XTRIM', key, 'MINID', '=', since(ARGV[2]))
  if call('EXISTS', key) == 0 then call('SREM', KEYS[7], name) end
end
return dropped
