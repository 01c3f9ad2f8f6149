"""Seats in Redis, as scripts: each is one atomic step (RTE-22).

`counts` holds calls by key; `call:<id>` what each slot of a call holds, with its instance, epoch
and note; `calls:<instance>` the calls of an instance; `heard` when it gave its last sign of life;
`epochs` its epoch; `starts:<key>` the calls that began in the last second.
"""

from __future__ import annotations

from typing import Final

_FREE: Final = """
local p = KEYS[1]
local counts, heard, epochs = p .. 'counts', p .. 'heard', p .. 'epochs'
local changed = {}

local function free(id, only)
    local call = p .. 'call:' .. id
    local fields = redis.call('HGETALL', call)
    local instance, left = nil, 0
    for i = 1, #fields, 2 do
        local slot, held = fields[i], fields[i + 1]
        if slot == '_instance' then
            instance = held
        elseif slot ~= '_epoch' and slot ~= '_course' then
            if only == '' or slot == only then
                for _, key in ipairs(cjson.decode(held)) do
                    local calls = redis.call('HINCRBY', counts, key, -1)
                    if calls <= 0 then redis.call('HDEL', counts, key) end
                    changed[#changed + 1] = key
                    changed[#changed + 1] = calls
                end
                redis.call('HDEL', call, slot)
            else
                left = left + 1
            end
        end
    end
    if left == 0 then
        redis.call('DEL', call)
        if instance then redis.call('SREM', p .. 'calls:' .. instance, id) end
    end
end
"""

TAKE: Final = (
    _FREE
    + """
local id, instance, now, force = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4] == '1'
local call = p .. 'call:' .. id
local wanted, more = {}, {}
for _, each in ipairs(cjson.decode(ARGV[5])) do
    if redis.call('HEXISTS', call, each.slot) == 0 then wanted[#wanted + 1] = each end
end
for _, each in ipairs(wanted) do
    for place, claim in ipairs(each.claims) do
        local key, limit, speed = claim.key, claim.limit, claim.speed
        local taken = tonumber(redis.call('HGET', counts, key) or '0')
        local calls, full = taken + (more[key] or 0), false
        if limit >= 0 then full = calls >= limit or limit - calls < claim.free end
        if speed >= 0 and not full then
            local starts = p .. 'starts:' .. key
            redis.call('ZREMRANGEBYSCORE', starts, '-inf', now - 1)
            full = redis.call('ZCARD', starts) >= speed
        end
        if full and not force then return {each.slot, place - 1, calls, key, taken} end
        more[key] = (more[key] or 0) + 1
    end
end
for _, each in ipairs(wanted) do
    local held = {}
    for place, claim in ipairs(each.claims) do
        local key = claim.key
        held[place] = key
        changed[#changed + 1] = key
        changed[#changed + 1] = redis.call('HINCRBY', counts, key, 1)
        if claim.speed >= 0 and not force then
            local starts = p .. 'starts:' .. key
            redis.call('ZADD', starts, now, id .. ' ' .. each.slot)
            redis.call('EXPIRE', starts, 2)
        end
    end
    redis.call('HSET', call, each.slot, cjson.encode(held), '_instance', instance)
end
if ARGV[6] ~= '' then redis.call('HSET', call, '_course', ARGV[6]) end
local epoch = redis.call('HGET', epochs, instance)
if epoch then redis.call('HSETNX', call, '_epoch', epoch) end
redis.call('ZADD', heard, 'NX', now, instance)
redis.call('SADD', p .. 'calls:' .. instance, id)
return {-1, 0, 0, unpack(changed)}
"""
)
"""Id, instance, now, whether limits are looked past, slots with their claims, note: slot and place
of the claim that refused with its calls, or -1; keys and their counts in turn."""

FREE: Final = _FREE + "free(ARGV[1], ARGV[2]); return changed"
"""Id, slot, where an empty slot is all of them: keys and their counts in turn."""

RENEW: Final = (
    _FREE
    + """
local instance, epoch, now = ARGV[1], ARGV[2], ARGV[3]
redis.call('ZADD', heard, now, instance)
local known = redis.call('HGET', epochs, instance)
if known == epoch then return {1} end
if known then
    for _, id in ipairs(redis.call('SMEMBERS', p .. 'calls:' .. instance)) do
        if redis.call('HGET', p .. 'call:' .. id, '_epoch') ~= epoch then free(id, '') end
    end
end
table.insert(changed, 1, 0)
return changed
"""
)
"""Instance, epoch, now: 1 when the seats are known; keys and their counts in turn."""

ADOPT: Final = (
    _FREE
    + """
local instance, epoch, now = ARGV[1], ARGV[2], ARGV[3]
redis.call('ZADD', heard, now, instance)
redis.call('HSET', epochs, instance, epoch)
for _, id in ipairs(redis.call('SMEMBERS', p .. 'calls:' .. instance)) do
    redis.call('HSET', p .. 'call:' .. id, '_epoch', epoch)
end
"""
)
"""Instance, epoch, now: every seat of the instance belongs to the epoch."""

EXPIRE: Final = (
    _FREE
    + """
local lost = {}
for _, instance in ipairs(redis.call('ZRANGEBYSCORE', heard, '-inf', '(' .. ARGV[1])) do
    for _, id in ipairs(redis.call('SMEMBERS', p .. 'calls:' .. instance)) do
        free(id, '')
        lost[#lost + 1] = id
    end
    redis.call('ZREM', heard, instance)
    redis.call('HDEL', epochs, instance)
end
return lost
"""
)
"""The time before which an instance must not have been heard last: ids of the lost calls."""
