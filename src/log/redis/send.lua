#!lua flags=allow-oom
-- Appends the lanes' own steps, all or none. They may go at maxmemory: an entry that waits for one can't be acknowledged
-- before, so without this nothing would drain.
-- KEYS  1 internal        ARGV  the steps
-- Returns their ids.
local ids = {}
for i, step in ipairs(ARGV) do ids[i] = redis.call('XADD', KEYS[1], '*', 'command', step) end
return ids
