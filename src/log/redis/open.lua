#!lua flags=allow-oom
-- The first server of a namespace writes its shape.
-- KEYS  1 meta        ARGV  1 partitions, 2 protocol
-- Returns {partitions, protocol} as stored.
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], 'partitions', ARGV[1], 'protocol', ARGV[2])
end
return redis.call('HMGET', KEYS[1], 'partitions', 'protocol')
