-- The requests of the benchmarks, for wrk. Arguments: what to do (get, post, port, or a path), the token, a number that is another one in every
-- run, so that what is added is new, and how many numbers there are from 610000000 on (1,000,000).
local format, random = string.format, math.random
local what, token, run, numbers, turn

function init(args)
  what, token, run, numbers, turn = args[1], args[2], tonumber(args[3]), tonumber(args[4] or 1000000), 0
  math.randomseed(os.time() + run)
end

local function head(method, path)
  return method .. " " .. path .. " HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer " .. token .. "\r\n"
end

local function post(path, body)
  return head("POST", path) .. "Content-Type: application/json\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
end

-- Operators of the demo data: the numbers of 0xy begin with 60xy.
local donors = { "001", "003", "004", "006", "007", "010", "024", "034" }

function request()
  turn = turn + 1
  if what == "get" then
    return head("GET", format("/v2/msisdns/%d?embed=tenant,imsis", 610000000 + random(0, numbers - 1))) .. "\r\n"
  elseif what == "post" then
    local number = run * 500000 + turn
    return post(format("/v2/orgs/masmovil/msisdns/7%08d", number), format('{"imsi":"21406%010d"}', number))
  elseif what == "port" then
    local donor, number = donors[turn % #donors + 1], (run * 8000 + math.floor(turn / #donors)) % 100000
    local msisdn = format('{"msisdn":{"country_code":"34","number":"60%s%05d"}}', donor:sub(2), number)
    return post("/v1/orgs/masmovil/portabilities", format(
      '{"access_type":"INDIVIDUAL","contract_code":"005%02d%06d","nrn_receptor":"741111","msisdn_ranges":[{"initial_range":%s,"end_range":%s}]}',
      run % 100, turn, msisdn, msisdn))
  end
  return head("GET", what) .. "\r\n"
end

function done(summary, latency)
  local failed = summary.errors
  io.write(format("RESULT %.0f %.0f %.0f %d %d\n", summary.requests / summary.duration * 1e6, latency:percentile(50), latency:percentile(99),
    failed.status + failed.connect + failed.read + failed.write + failed.timeout, summary.requests))
end
