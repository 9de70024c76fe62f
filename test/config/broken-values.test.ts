// Is every wrong value found, placed and answered with what to write instead?

import { describe, test } from 'node:test'
import { assertBroken, type BrokenFile } from './broken-file.ts'

const quantities: BrokenFile[] = [
  {
    name: 'a duration without a unit',
    text: 'routes:\n  a:\n    match: /a\n    ttl: ▸60\n',
    code: 'unit-missing',
    says: 'routes.a.ttl: `60` has no unit',
    hint: 'write `60s` for seconds (units: ms, s, m, h, d)',
  },
  {
    name: 'a zero without a unit',
    text: 'defaults: { staleIfError: ▸0 }',
    code: 'unit-missing',
    says: /`0` has no unit/,
    hint: /`0s`/,
  },
  {
    name: 'a duration with a unit spelt out',
    text: 'defaults: { ttl: ▸5min }',
    code: 'value',
    says: 'defaults.ttl: `5min` is not a duration',
    hint: 'did you mean `5m`? (units: ms, s, m, h, d)',
  },
  {
    name: 'a space between number and unit',
    text: 'shutdown:\n  delay: ▸5 s\n',
    code: 'value',
    says: /`5 s` is not a duration/,
    hint: /did you mean `5s`/,
  },
  {
    name: 'a compound duration',
    text: 'limits: { idle: ▸1h30m }',
    code: 'value',
    says: /`1h30m` is not a duration/,
    hint: /one number and one unit, such as `90m`/,
  },
  { name: 'a negative duration', text: 'defaults: { ttl: ▸-5s }', code: 'value', says: /negative/ },
  {
    name: 'a timeout of zero',
    text: 'upstream:\n  url: http://b:1\n  timeout: ▸0s\n',
    code: 'range',
    says: 'upstream.timeout: `0s` is too little',
    hint: 'at least `1ms`',
  },
  {
    name: 'a timeout beyond what timers can do',
    text: 'upstream:\n  url: http://b:1\n  recycle: ▸30d\n',
    code: 'range',
    says: /too much/,
    hint: 'at most `24d`',
  },
  {
    name: 'a fraction of a millisecond',
    text: 'defaults: { ttl: ▸0.5ms }',
    code: 'value',
    says: /not a whole number of milliseconds/,
  },
  {
    name: 'a size without a unit',
    text: 'store: { maxBody: ▸1048576 }',
    code: 'unit-missing',
    says: /`1048576` has no unit/,
    hint: 'write `1048576B` for bytes (units: B, KiB, MiB, GiB, of 1024 each)',
  },
  {
    name: 'a size in a decimal unit',
    text: 'store: { memory: ▸64MB }',
    code: 'value',
    says: /`64MB` is not a size/,
    hint: /did you mean `64MiB`.*or write `auto`/,
  },
  {
    name: 'a size of nothing',
    text: 'limits: { buffers: ▸1KiB }',
    code: 'range',
    says: /too little/,
    hint: 'at least `1MiB`',
  },
  {
    name: 'a share without a percent sign',
    text: 'slo: { hitRate: ▸70 }',
    code: 'unit-missing',
    says: /`70` has no unit/,
    hint: 'write `70%`',
  },
  {
    name: 'a share as a fraction',
    text: 'defaults: { jitter: ▸0.1 }',
    code: 'unit-missing',
    says: /no unit/,
    hint: 'write `10%`',
  },
  { name: 'a share above one', text: 'slo: { pool: ▸120% }', code: 'value', says: /more than 100%/ },
]

const words: BrokenFile[] = [
  {
    name: 'a misspelt word of a list',
    text: 'defaults: { share: ▸evryone }',
    code: 'value',
    says: 'defaults.share: `evryone` is not one of the values',
    hint: 'did you mean `everyone`? (one of `auto`, `everyone`, `signed-in`, `user`)',
  },
  {
    name: 'a YAML 1.1 boolean',
    text: 'defaults: { cache: ▸no }',
    code: 'value',
    says: /`no`/,
    hint: /did you mean `off`/,
  },
  {
    name: 'a boolean where words are due',
    text: 'defaults: { origin: ▸true }',
    code: 'value',
    says: /`true`/,
    hint: /one of `obey`/,
  },
  {
    name: 'text where a number is due',
    text: 'upstream:\n  url: http://b:1\n  connections: ▸"25"\n',
    code: 'value',
    says: /`25` is text, not a number/,
    hint: 'write 25 without quotes',
  },
  {
    name: 'a number out of range',
    text: 'upstream:\n  url: http://b:1\n  connections: ▸0\n',
    code: 'range',
    says: 'upstream.connections: `0` is out of range',
    hint: 'write a whole number from 1 to 100000',
  },
  {
    name: 'half a connection',
    text: 'upstream:\n  url: http://b:1\n  queue: ▸1.5\n',
    code: 'value',
    says: /`1.5` is not a whole number/,
  },
  {
    name: 'a key without a value',
    text: 'routes:\n  a:\n    match: /a\n    ▸ttl:\n',
    code: 'empty',
    says: 'routes.a.ttl has no value',
  },
  {
    name: 'a misspelt word for the client',
    text: 'defaults: { client: ▸imutable }',
    code: 'value',
    says: /`imutable` is no Cache-Control directive/,
    hint: 'did you mean `immutable`?',
  },
  {
    name: 'a client lifetime without a unit',
    text: 'defaults: { client: ▸300 }',
    code: 'unit-missing',
    says: /`300` has no unit/,
  },
  {
    name: 'a broken Cache-Control',
    text: 'defaults: { client: ▸"max-age=60; private" }',
    code: 'value',
    says: /not a Cache-Control value/,
  },
  {
    name: 'a level that there is not',
    text: 'log: { level: ▸warning }',
    code: 'value',
    says: /`warning`/,
    hint: /did you mean `warn`/,
  },
]

const addresses: BrokenFile[] = [
  {
    name: 'an upstream without a scheme',
    text: 'upstream:\n  url: ▸backend:8000\n',
    code: 'value',
    says: /has no scheme/,
    hint: 'did you mean `http://backend:8000`?',
  },
  {
    name: 'an upstream with a path',
    text: 'upstream:\n  url: ▸http://backend:8000/api\n',
    code: 'value',
    says: /has a path/,
    hint: 'write `http://backend:8000`',
  },
  {
    name: 'an upstream with a query',
    text: 'upstream:\n  url: ▸http://backend:8000?a=b\n',
    code: 'value',
    says: /has a query/,
  },
  {
    name: 'an upstream with credentials, which are not repeated',
    text: 'upstream:\n  url: ▸http://user:hunter2@backend:8000\n',
    code: 'value',
    says: 'upstream.url: `http://***@backend:8000` holds credentials; Pillion sends none',
  },
  {
    name: 'an upstream of another protocol',
    text: 'upstream:\n  url: ▸ftp://backend\n',
    code: 'value',
    says: /ftp is not a scheme/,
  },
  {
    name: 'a relative socket path',
    text: 'upstream:\n  url: ▸http+unix://run/api.sock\n',
    code: 'value',
    says: /no absolute path/,
    hint: /three slashes/,
  },
  {
    name: 'several upstreams',
    text: 'upstream:\n  url: ▸[http://a:1, http://b:1]\n',
    code: 'shape',
    says: /a list where a URL is due/,
    hint: /load balancing over several addresses is not in version 1/,
  },
  {
    name: 'a port alone',
    text: 'listen: ▸8080',
    code: 'value',
    says: 'listen: `8080` is not an address',
    hint: 'write `:8080` or `127.0.0.1:8080`',
  },
  {
    name: 'a host alone',
    text: 'listen: ▸localhost',
    code: 'value',
    says: /has no port/,
    hint: 'write `localhost:8080`',
  },
  { name: 'a port too high', text: 'listen: ▸127.0.0.1:65536', code: 'value', says: /65536 is not a port/ },
  {
    name: 'IPv6 without brackets',
    text: 'listen: ▸"::1"',
    code: 'value',
    says: /has no port/,
    hint: 'write `[::1]:8080`',
  },
  { name: 'a URL to listen on', text: 'listen: ▸https://0.0.0.0:443', code: 'value', says: /is a URL, not an address/ },
  {
    name: 'an impossible IPv4 address',
    text: 'listen: ▸127.0.0.256:80',
    code: 'value',
    says: /not a host name or IPv4 address/,
  },
  {
    name: 'a prefix too long',
    text: 'trustedProxies: [10.0.0.0/8, ▸10.0.0.0/33]',
    code: 'value',
    says: /the prefix is not a length from 0 to 32/,
  },
  {
    name: 'a name where networks are due',
    text: 'trustedProxies: [▸ingress]',
    code: 'value',
    says: /`ingress` is not a network/,
    hint: /`private`/,
  },
]

describe('a wrong value is found, placed and answered', () => {
  for (const broken of [...quantities, ...words, ...addresses]) test(broken.name, () => assertBroken(broken))
})
