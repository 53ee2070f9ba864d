#!lua flags=allow-oom
-- Makes each stream and its consumer group, from the first entry on.
-- KEYS  the inbound streams
for _, key in ipairs(KEYS) do
  local made = redis.pcall('XGROUP', 'CREATE', key, 'jumun', '0', 'MKSTREAM')
  if made.err and not made.err:find('BUSYGROUP', 1, true) then return made end
end
return #KEYS
