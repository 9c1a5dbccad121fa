-- For wrk: every request from another address of 198.18.0.0/15, which nobody bans. Told in X-Forwarded-For, since wrk
-- cannot choose its own address. The requests are built before the load begins, so that building costs none of it.
local ADDRESSES = 20000
local requests, current = {}, 0

function init(args)
  math.randomseed(tonumber(args[1]))
  for i = 1, ADDRESSES do
    local address = string.format("198.%d.%d.%d", math.random(18, 19), math.random(0, 255), math.random(0, 255))
    requests[i] = wrk.format("GET", "/", { ["X-Forwarded-For"] = address })
  end
end

function request()
  current = current % ADDRESSES + 1
  return requests[current]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"requests":%d,"microseconds":%d,"refused":%d,"failed":%d,"medianLatencyUs":%d,"p99LatencyUs":%d}\n',
    summary.requests, summary.duration, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
