-- A browser's head, with ids that differ on every request.
local count = 0
request = function()
  count = count + 1
  return wrk.format("GET", "/patients", {
    ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36",
    ["Accept"] = "application/json, text/plain, */*",
    ["Accept-Language"] = "en-GB,en;q=0.9,de;q=0.8",
    ["Accept-Encoding"] = "gzip, deflate, br, zstd",
    ["Referer"] = "http://127.0.0.1/app",
    ["X-Request-ID"] = string.format("req-%012d", count),
    ["traceparent"] = string.format("00-%032x-%016x-01", count, count),
  })
end
