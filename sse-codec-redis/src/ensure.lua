-- Says where a log is, in a new epoch where it has to begin anew.
--
-- KEYS  1 stream  2 what is known of its epoch  3 bell
-- ARGV  1 six random digits  2 the epoch to end, if it is still the epoch; '' for none
--       3 whether to make a log where there is none: 0 or 1  4 entries of the bell
-- Returns the epoch, the last ID, and 1 if the epoch begins here; '' twice where there is no log.
--
-- An epoch is never a number here: a double has 53 bits.
local i = redis.call('INFO','replication')
if not string.find(i,'role:master',1,true) then return redis.error_reply('NOTMASTER this Redis is a replica') end
local p = string.find(i,'master_replid:',1,true)
local hist = string.sub(i,p+14,p+53)
local function less(a,b) if #a ~= #b then return #a < #b end return a < b end
local m = redis.call('HMGET',KEYS[2],'e','h')
local last
local x = redis.pcall('XINFO','STREAM',KEYS[1])
if not x.err then for k=1,#x,2 do if x[k]=='last-generated-id' then last = x[k+1] end end
elseif not string.find(x.err,'no such key',1,true) then return x end
if not m[1] and not last and ARGV[3]=='0' then return {'','',0} end
local top = last and string.match(last,'^%d+')
if m[1] and last and m[2]==hist and top==m[1] and ARGV[2]~=m[1] then return {m[1],last,0} end
local floor = m[1] or '0'
if top and less(floor,top) then floor = top end
local t = redis.call('TIME')
local e = t[1]..string.format('%03d',math.floor(tonumber(t[2])/1000))..ARGV[1]
if not less(floor,e) then
  if less('9223372036853775807',floor) then return redis.error_reply('EPOCHS exhausted: '..floor) end
  redis.call('HSET',KEYS[2],'n',floor); redis.call('HINCRBY',KEYS[2],'n',1+tonumber(ARGV[1])); e = redis.call('HGET',KEYS[2],'n')
end
redis.call('XADD',KEYS[1],e..'-0','f','')
redis.call('HSET',KEYS[2],'e',e,'h',hist)
redis.call('XADD',KEYS[3],'MAXLEN','~',ARGV[4],'*','k',KEYS[1])
return {e,e..'-0',1}
