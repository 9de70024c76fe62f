-- The heads of bench/harness/load.ts: arguments PATH KEYS SHAPE.
-- plain: Host alone; browser: what Chromium sends, with a request id and a trace id of
-- its own in every head; bearer: also a bearer token, one of 50; condition: also the
-- If-None-Match of what is stored (bench/harness/origin.ts makes "v1-KEY").

local format = string.format
local path, keys, shape, sent = "/items/", 500, "browser", 0
local browser = "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36\r\n"
  .. "Accept: application/json, text/plain, */*\r\nAccept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
  .. "Accept-Encoding: gzip, deflate, br, zstd\r\nReferer: https://app.example.com/patients?page=2\r\n"
  .. 'sec-ch-ua: "Chromium";v="131", "Not_A Brand";v="24"\r\nsec-ch-ua-mobile: ?0\r\nsec-ch-ua-platform: "Linux"\r\n'
  .. "Sec-Fetch-Dest: empty\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Site: same-origin\r\n"

function init(arguments)
  path, keys, shape = arguments[1], tonumber(arguments[2]), arguments[3]
end

function request()
  sent = sent + 1
  local key = sent % keys
  local more = ""
  if shape == "plain" then return format("GET %s%d HTTP/1.1\r\nHost: api.example.com\r\n\r\n", path, key) end
  if shape == "bearer" then
    more = format("Authorization: Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIlMDEwZCJ9.%043d\r\n", key % 50)
  elseif shape == "condition" then
    more = format('If-None-Match: "v1-%d"\r\n', key)
  end
  return format(
    "GET %s%d HTTP/1.1\r\nHost: api.example.com\r\n%s%sX-Request-ID: 9b2f1c3a-77aa-4c1e-8f00-%012x\r\n"
      .. "traceparent: 00-4bf92f3577b34da6a3ce%012x-00f067aa0ba902b7-01\r\n\r\n",
    path, key, browser, more, sent, sent)
end

function done(summary, latency, requests)
  local e = summary.errors
  print(format('{"requests":%d,"bytes":%d,"duration":%d,"p50":%d,"p99":%d,"errors":%d}',
    summary.requests, summary.bytes, summary.duration, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout))
end
