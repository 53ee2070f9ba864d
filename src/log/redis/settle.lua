#!lua flags=allow-oom
-- One atomic step: acknowledge, and publish what this step acknowledged. It may run at maxmemory: draining frees.
--
-- The arrays come ready-made, since joining strings is what a script is slowest at; only when some entries were
-- acknowledged before are the arrays taken apart, and what belongs to those is left out.
--
-- KEYS  1 epoch, 2 commands, 3 checkout, 4 internal, 5 answers, 6 events, 7 dead, 8 names of reply streams,
--       9... reply streams
-- ARGV  1 epoch, 2 answers kept (ms), 3 events kept (ms), 4 dead letters kept, 5 reply streams at most,
--       6 entries of commands, 7 those and entries of checkout, 8 entries in all (n), 9 arrays (m), then a name for each
--       reply stream, then n ids (in the order of the streams), then m times: stream (an index of KEYS), a JSON array, its items as ` entry:bytes` each,
--       then for each dead letter: its entry (1..n), command, stream, reason, attempts
-- Returns how many it acknowledged; `FENCED epoch` when a later owner has been here.
local call = redis.call
local epoch = tonumber(ARGV[1])
local held = tonumber(call('GET', KEYS[1]) or 0)
if held > epoch then return redis.error_reply(string.format('FENCED %.0f', held)) end
if held < epoch then call('SET', KEYS[1], ARGV[1]) end

local commands, produced, n, m = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
local names = 9 - 8
local ids = 9 + #KEYS - 8
local arrays = ids + n

local key, acknowledged, before = KEYS[2], 0, {}
for i = 1, n do
  if i > produced then key = KEYS[4] elseif i > commands then key = KEYS[3] end
  if call('XACK', key, 'jumun', ARGV[ids + i]) == 1 then
    acknowledged = acknowledged + 1
  else
    before[i] = true
  end
end
if acknowledged == 0 then return 0 end

local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function since(kept) return string.format('%.0f', math.max(0, now - tonumber(kept))) end
local young_answers, young_events = since(ARGV[2]), since(ARGV[3])

local function left(array, items)
  local some, at = {}, 2
  for entry, bytes in items:gmatch(' (%d+):(%d+)') do
    if not before[tonumber(entry)] then some[#some + 1] = array:sub(at, at + bytes - 1) end
    at = at + bytes + 1
  end
  return some[1] and '[' .. table.concat(some, ',') .. ']'
end

local function has_stream(name)
  if call('SISMEMBER', KEYS[8], name) == 1 then return true end
  return call('SCARD', KEYS[8]) < tonumber(ARGV[5]) and call('SADD', KEYS[8], name) == 1
end

for a = arrays + 1, arrays + m * 3, 3 do
  local k, array = tonumber(ARGV[a]), ARGV[a + 1]
  if acknowledged < n then array = left(array, ARGV[a + 2]) end
  if array then
    if k == 6 then
      call('XADD', KEYS[6], 'MINID', '~', young_events, '*', 'events', array)
    elseif k == 5 or not has_stream(ARGV[names + k]) then
      call('XADD', KEYS[5], 'MINID', '~', young_answers, '*', 'answers', array)
    else
      call('XADD', KEYS[k], 'MINID', '~', young_answers, '*', 'answers', array)
      call('PEXPIRE', KEYS[k], ARGV[2])
    end
  end
end
for d = arrays + m * 3 + 1, #ARGV, 5 do
  local i = tonumber(ARGV[d])
  if not before[i] then
    call('XADD', KEYS[7], 'MAXLEN', '~', ARGV[4], '*', 'command', ARGV[d + 1], 'stream', ARGV[d + 2],
      'reason', ARGV[d + 3], 'entry', ARGV[ids + i], 'attempts', ARGV[d + 4])
  end
end
return acknowledged
