-- Appends an event, in a new epoch where the log has to begin anew.
--
-- KEYS  1 stream  2 what is known of its epoch  3 bell  4 token
-- ARGV  1 events kept  2 six random digits  3 the event  4 life of the token in ms, 0 for none
--       5 entries of the bell
-- Returns the ID, 1 if an earlier try has published it, and the history that it is in.
--
-- An epoch is never a number here: a double has 53 bits.
local i = redis.call('INFO','replication')
if not string.find(i,'role:master',1,true) then return redis.error_reply('NOTMASTER this Redis is a replica') end
local p = string.find(i,'master_replid:',1,true)
local hist = string.sub(i,p+14,p+53)
local tok = ARGV[4] ~= '0'
if tok then local was = redis.call('GET',KEYS[4]); if was then return {was,1,hist} end end
local function add(e) return redis.pcall('XADD',KEYS[1],'MAXLEN','=',ARGV[1],e..'-*','d',ARGV[3]) end
local function less(a,b) if #a ~= #b then return #a < #b end return a < b end
local m = redis.call('HMGET',KEYS[2],'e','h')
local e, id = m[1], nil
if e and m[2] == hist then
  id = add(e)
  -- The floor has number 0: without it the stream was deleted.
  if not id.err and string.sub(id,-2) == '-0' then redis.call('DEL',KEYS[1]); id = nil end
end
if not id or id.err then
  local floor, top = e or '0', nil
  local x = redis.pcall('XINFO','STREAM',KEYS[1])
  if not x.err then for k=1,#x,2 do if x[k]=='last-generated-id' then top = string.match(x[k+1],'^%d+') end end
  elseif not string.find(x.err,'no such key',1,true) then return x end
  if id and id.err and not (top and less(e,top)) then return id end
  if top and less(floor,top) then floor = top end
  local t = redis.call('TIME')
  e = t[1]..string.format('%03d',math.floor(tonumber(t[2])/1000))..ARGV[2]
  if not less(floor,e) then
    if less('9223372036853775807',floor) then return redis.error_reply('EPOCHS exhausted: '..floor) end
    redis.call('HSET',KEYS[2],'n',floor); redis.call('HINCRBY',KEYS[2],'n',1+tonumber(ARGV[2])); e = redis.call('HGET',KEYS[2],'n')
  end
  redis.call('XADD',KEYS[1],e..'-0','f','')
  redis.call('HSET',KEYS[2],'e',e,'h',hist)
  id = add(e)
  if id.err then return id end
end
redis.call('XADD',KEYS[3],'MAXLEN','~',ARGV[5],'*','k',KEYS[1])
-- Last, for a script does not roll back: a token stands for an event that is there.
if tok then redis.call('SET',KEYS[4],id,'PX',ARGV[4]) end
return {id,0,hist}
