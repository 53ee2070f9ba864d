#!lua flags=allow-oom
-- Takes a partition over: fences earlier owners out, then claims a page of what other consumers left pending (without
-- delivering it) and removes those that have nothing left.
--
-- KEYS  1 epoch, 2... inbound streams
-- ARGV  1 epoch, 2 our consumer, 3 the consumer that we were before (or empty), 4 entries a page
-- Returns {1 when there may be more, entries claimed from others than our former self, the server's run id, and the
-- last delivered id of each stream}.
local call = redis.call
local epoch = tonumber(ARGV[1])
local held = tonumber(call('GET', KEYS[1]) or 0)
if held > epoch then return redis.error_reply(string.format('FENCED %.0f', held)) end
if held < epoch then call('SET', KEYS[1], ARGV[1]) end

local function fields(flat)
  local map = {}
  for i = 1, #flat, 2 do map[flat[i]] = flat[i + 1] end
  return map
end

local budget, foreign, more, last = tonumber(ARGV[4]), 0, 0, {}
for k = 2, #KEYS do
  local made = redis.pcall('XGROUP', 'CREATE', KEYS[k], 'jumun', '0', 'MKSTREAM')
  if made.err and not made.err:find('BUSYGROUP', 1, true) then return made end
  for _, flat in ipairs(call('XINFO', 'CONSUMERS', KEYS[k], 'jumun')) do
    local other = fields(flat)
    if other.name ~= ARGV[2] then
      local left = other.pending
      if left > 0 and budget > 0 then
        local ids = {}
        for i, row in ipairs(call('XPENDING', KEYS[k], 'jumun', '-', '+', budget, other.name)) do ids[i] = row[1] end
        local n = #ids
        ids[n + 1] = 'JUSTID'
        if n > 0 then call('XCLAIM', KEYS[k], 'jumun', ARGV[2], 0, unpack(ids)) end
        budget, left = budget - n, left - n
        if other.name ~= ARGV[3] then foreign = foreign + n end
      end
      -- deleting a consumer drops what it has pending: only when nothing is
      if left == 0 then call('XGROUP', 'DELCONSUMER', KEYS[k], 'jumun', other.name) else more = 1 end
    end
  end
  for _, flat in ipairs(call('XINFO', 'GROUPS', KEYS[k])) do
    local group = fields(flat)
    if group.name == 'jumun' then last[k - 1] = group['last-delivered-id'] end
  end
end
local run = call('INFO', 'server'):match('run_id:(%w+)') or ''
return { more, foreign, run, unpack(last) }
