#!lua flags=allow-oom
-- One atomic step: acknowledge, and publish what this step acknowledged. It may run at maxmemory: draining frees.
--
-- KEYS  1 epoch, 2 commands, 3 internal, 4 answers, 5 events, 6 dead, 7 names of reply streams, 8... reply streams
-- ARGV  1 epoch, 2 answers kept (ms), 3 events kept (ms), 4 dead letters kept, 5 reply streams at most,
--       6 items an array, 7 bytes an array, 8 entries (n), then a name for each reply stream, then n times:
--       stream (an index of KEYS), id, reply stream (an index of KEYS, or empty), answer or empty, events joined or
--       empty; then for each dead letter: its entry (1..n), command, reason, attempts
-- Returns how many it acknowledged; `FENCED epoch` when a later owner has been here.
local call = redis.call
local epoch = tonumber(ARGV[1])
local held = tonumber(call('GET', KEYS[1]) or 0)
if held > epoch then return redis.error_reply(string.format('FENCED %.0f', held)) end
if held < epoch then call('SET', KEYS[1], ARGV[1]) end

local items_max, bytes_max, n = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function since(kept) return string.format('%.0f', math.max(0, now - tonumber(kept))) end

local function list(key, field, minid, kept)
  return { key = key, field = field, minid = minid, kept = kept, items = {}, n = 0, bytes = 0 }
end
local function flush(l)
  if l.n == 0 then return end
  local array = '[' .. table.concat(l.items, ',', 1, l.n) .. ']'
  call('XADD', l.key, 'MINID', '~', l.minid, '*', l.field, array)
  l.n, l.bytes = 0, 0
end
local function push(l, json)
  if l.n > 0 and (l.n >= items_max or l.bytes + #json > bytes_max) then flush(l) end
  l.n, l.bytes = l.n + 1, l.bytes + #json
  l.items[l.n] = json
end

local answers = list(KEYS[4], 'answers', since(ARGV[2]))
local events = list(KEYS[5], 'events', since(ARGV[3]))
local replies = {}
local function reply(index)
  local k = tonumber(index)
  if not replies[k] then
    local name = ARGV[8 + k - 7]
    if call('SISMEMBER', KEYS[7], name) == 1 or call('SCARD', KEYS[7]) < tonumber(ARGV[5]) then
      call('SADD', KEYS[7], name)
      replies[k] = list(KEYS[k], 'answers', answers.minid, ARGV[2])
    else
      replies[k] = answers
    end
  end
  return replies[k]
end

local at = 8 + #KEYS - 7
local tail = at + n * 5
local done = #ARGV > tail and {}
local acknowledged = 0
for i = 1, n do
  if call('XACK', KEYS[ARGV[at + 1] + 0], 'jumun', ARGV[at + 2]) == 1 then
    acknowledged = acknowledged + 1
    if done then done[i] = true end
    local answer, several = ARGV[at + 4], ARGV[at + 5]
    if answer ~= '' then
      local to = ARGV[at + 3]
      push(to == '' and answers or reply(to), answer)
    end
    if several ~= '' then push(events, several) end
  end
  at = at + 5
end
flush(answers)
flush(events)
for _, l in pairs(replies) do
  flush(l)
  if l.kept then call('PEXPIRE', l.key, l.kept) end
end
for d = tail + 1, #ARGV, 4 do
  local i = tonumber(ARGV[d])
  if done[i] then
    call('XADD', KEYS[6], 'MAXLEN', '~', ARGV[4], '*', 'command', ARGV[d + 1], 'reason', ARGV[d + 2],
      'entry', ARGV[tail - (n - i + 1) * 5 + 2], 'attempts', ARGV[d + 3])
  end
end
return acknowledged
