-- Part of other scripts, in place of a line @count: how many entries of a stream are unread, as far as anybody is paged for, and
-- no more than costs little, for entries may be huge.
local COUNTED, BYTES = 1001, 1024 * 1024

-- Counts a stream's entries from there on, so many at most; and whether these are all.
local function count(key, from, most)
  local counted, bytes, page = 0, 0, 1
  while counted < most and bytes < BYTES do
    local some = redis.pcall('XRANGE', key, from, '+', 'COUNT', page)
    for _, entry in ipairs(some) do
      for _, text in ipairs(entry[2]) do bytes = bytes + #text end
    end
    counted = counted + #some
    if #some < page then return counted, true end
    from = '(' .. some[#some][1]
    page = math.min(page * 2, most - counted, math.floor(BYTES * counted / bytes) + 1)
  end
  return counted, false
end
