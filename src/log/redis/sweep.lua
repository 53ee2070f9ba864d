#!lua flags=allow-oom
-- Claims and delivers what a superseded reader, still waiting in its blocked read, was handed after the takeover.
--
-- KEYS  1 epoch, 2... inbound streams
-- ARGV  1 epoch, 2 our consumer, 3 entries at most
-- Returns rows of {index of KEYS, id, times delivered, fields}, and the time as the last.
local call = redis.call
local held = tonumber(call('GET', KEYS[1]) or 0)
if held > tonumber(ARGV[1]) then return redis.error_reply(string.format('FENCED %.0f', held)) end

local budget, rows = tonumber(ARGV[3]), {}
for k = 2, #KEYS do
  for _, flat in ipairs(call('XINFO', 'CONSUMERS', KEYS[k], 'jumun')) do
    local other = {}
    for i = 1, #flat, 2 do other[flat[i]] = flat[i + 1] end
    if other.name ~= ARGV[2] then
      local left = other.pending
      if left > 0 and budget > 0 then
        local ids, times = {}, {}
        for i, row in ipairs(call('XPENDING', KEYS[k], 'jumun', '-', '+', budget, other.name)) do
          ids[i], times[row[1]] = row[1], row[4]
        end
        if #ids > 0 then
          for _, entry in ipairs(call('XCLAIM', KEYS[k], 'jumun', ARGV[2], 0, unpack(ids))) do
            rows[#rows + 1] = { k, entry[1], times[entry[1]] + 1, entry[2] }
          end
        end
        budget, left = budget - #ids, left - #ids
      end
      if left == 0 then call('XGROUP', 'DELCONSUMER', KEYS[k], 'jumun', other.name) end
    end
  end
end
rows[#rows + 1] = call('TIME')
return rows
