// Is every mistake in keys and in the shape of values found at its place?

import { describe, test } from 'node:test'
import { assertBroken, type BrokenFile } from './broken-file.ts'

const A_ROUTE = 'routes:\n  a:\n    match: /a\n'

const keys: BrokenFile[] = [
  {
    name: 'a misspelt key',
    text: 'upstream:\n  url: http://b:1\n  ▸conections: 5\n',
    code: 'unknown-key',
    says: 'unknown key `conections` in `upstream`',
    hint: 'did you mean `connections`?',
  },
  {
    name: 'snake case',
    text: 'defaults:\n  ▸stale_if_error: 5m\n',
    code: 'unknown-key',
    says: /stale_if_error/,
    hint: 'did you mean `staleIfError`?',
  },
  {
    name: 'a misspelt section',
    text: '▸lisen: 127.0.0.1:0\n',
    code: 'unknown-key',
    says: 'unknown key `lisen`',
    hint: 'did you mean `listen`?',
  },
  {
    name: 'a route key at the top',
    text: '▸ttl: 5m\n',
    code: 'unknown-key',
    says: 'unknown key `ttl`',
    hint: '`ttl` belongs under `defaults` or `routes.NAME`',
  },
  {
    name: 'an upstream key in a route',
    text: `${A_ROUTE}    ▸queueTimeout: 5s\n`,
    code: 'unknown-key',
    says: /in `routes.a`/,
    hint: '`queueTimeout` belongs under `upstream`',
  },
  {
    name: 'a route at the top',
    text: '▸patients: { match: /p }\n',
    code: 'unknown-key',
    says: /patients/,
    hint: 'put routes under `routes`',
  },
  {
    name: 'a key that resembles nothing',
    text: 'store: { ▸zebra: 1 }',
    code: 'unknown-key',
    says: /zebra/,
    hint: 'keys here: memory, maxBody, redis',
  },
  {
    name: 'a key named like a property of all objects',
    text: 'store: { ▸constructor: 1 }',
    code: 'unknown-key',
    says: /constructor/,
  },
  { name: 'a key named like the prototype', text: 'store: { ▸__proto__: 1 }', code: 'unknown-key', says: /__proto__/ },
  {
    name: 'TLS on the listener',
    text: '▸tls: { cert: a }\n',
    code: 'unknown-key',
    says: /tls/,
    hint: /TLS and HTTP\/2 on the listener are not in version 1/,
  },
  {
    name: 'active health checks',
    text: 'upstream:\n  url: http://b:1\n  ▸healthCheck: /ping\n',
    code: 'unknown-key',
    says: /healthCheck/,
    hint: /active health checks are not in version 1/,
  },
  {
    name: 'load balancing',
    text: 'upstream:\n  url: http://b:1\n  ▸servers: []\n',
    code: 'unknown-key',
    says: /servers/,
    hint: /load balancing/,
  },
  {
    name: 'rate limits',
    text: `${A_ROUTE}    ▸rateLimit: 5\n`,
    code: 'unknown-key',
    says: /rateLimit/,
    hint: /rate limits are not in version 1/,
  },
  {
    name: 'a CORS policy',
    text: '▸cors: {}\n',
    code: 'unknown-key',
    says: /cors/,
    hint: /CORS policy is not in version 1/,
  },
  {
    name: 'verification turned off',
    text: 'upstream:\n  url: https://b\n  tls: { ▸rejectUnauthorized: false }\n',
    code: 'unknown-key',
    says: /rejectUnauthorized/,
    hint: /cannot be turned off/,
  },
  {
    name: 'a repeated key',
    text: 'listen: :1\n▸listen: :2\n',
    code: 'syntax',
    says: 'this key is here twice',
    hint: 'keep one of them',
  },
  {
    name: 'a repeated status in two spellings',
    text: 'defaults: { statuses: { 404: 1s, ▸"404": 2s } }',
    code: 'syntax',
    says: /twice/,
  },
]

const shapes: BrokenFile[] = [
  {
    name: 'a list where a map is due',
    text: 'upstream:\n  url: http://b:1\nstore: ▸[memory]\n',
    code: 'shape',
    says: 'store: a list where a map is due',
  },
  { name: 'text where a map is due', text: 'limits: ▸none', code: 'shape', says: 'limits: `none` where a map is due' },
  {
    name: 'text where a list is due',
    text: `${A_ROUTE}    tags: ▸patients\n`,
    code: 'shape',
    says: 'routes.a.tags: `patients` where a list is due',
    hint: 'write `[patients]`',
  },
  {
    name: 'a map where a duration is due',
    text: `${A_ROUTE}    ttl: ▸{ value: 5m }\n`,
    code: 'shape',
    says: /a map where a duration is due/,
  },
  {
    name: 'two patterns in one match',
    text: 'routes:\n  a:\n    match: ▸[/a, /b]\n',
    code: 'shape',
    says: /a list where a match is due/,
    hint: /another path is another route/,
  },
  {
    name: 'a route without a match',
    text: 'routes:\n  ▸a:\n    ttl: 5m\n',
    code: 'required',
    says: 'routes.a.match is missing',
  },
  {
    name: 'a reserved route name',
    text: 'routes:\n  ▸default: { match: /a }\n',
    code: 'value',
    says: 'routes: `default` is the name of what no route matches',
    hint: /`defaults`/,
  },
  {
    name: 'a route name that is no label',
    text: 'routes:\n  ▸patient list: { match: /a }\n',
    code: 'value',
    says: 'routes: `patient list` is not a route name',
  },
  {
    name: 'a status that is never stored',
    text: 'defaults: { statuses: { ▸500: 1s } }',
    code: 'value',
    says: /`500` is never stored/,
  },
  {
    name: 'a partial response with a lifetime',
    text: 'defaults: { statuses: { ▸206: 1s } }',
    code: 'value',
    says: /`206` is never stored/,
  },
  {
    name: 'a status that is none',
    text: 'defaults: { statuses: { ▸2xx: 1s } }',
    code: 'value',
    says: /`2xx` is not a status/,
  },
  {
    name: 'a lifetime of a status without a unit',
    text: 'defaults: { statuses: { 404: ▸30 } }',
    code: 'unit-missing',
    says: 'defaults.statuses.404: `30` has no unit',
  },
  {
    name: 'both kinds of query lists',
    text: `${A_ROUTE}    query: ▸{ only: [a], except: [b] }\n`,
    code: 'value',
    says: /exactly one of `only` and `except`/,
  },
  {
    name: 'a misspelt query list',
    text: `${A_ROUTE}    query: { only: [a], ▸exept: [b] }\n`,
    code: 'unknown-key',
    says: /exept/,
    hint: 'did you mean `except`?',
  },
  {
    name: 'a header name with a colon',
    text: 'defaults: { vary: [▸"Accept:"] }',
    code: 'value',
    says: 'defaults.vary[0]: `Accept:` is not a header name',
  },
  {
    name: 'a condition on no header name',
    text: 'defaults: { when: { header: { ▸"X A": true } } }',
    code: 'value',
    says: /`X A` is not a header name/,
  },
  {
    name: 'a condition on a URL',
    text: 'defaults: { when: { host: ▸"http://a" } }',
    code: 'value',
    says: /is not a host/,
  },
  {
    name: 'an identity that is two things',
    text: 'identity: { user: [▸{ header: A, cookie: b }] }',
    code: 'value',
    says: /identity.user\[0\] needs exactly one of/,
  },
  { name: 'an identity of nobody', text: 'identity: { user: ▸[] }', code: 'value', says: 'identity.user names nobody' },
  {
    name: 'a wildcard in the middle',
    text: 'credentials: [Authorization, ▸X-*-User]',
    code: 'value',
    says: /is not a header name/,
    hint: /may end in `\*`/,
  },
  { name: 'credentials left empty', text: '▸credentials:\n', code: 'empty', says: 'credentials has no value' },
  {
    name: 'a fallback with an interim status',
    text: 'defaults: { fallback: { status: ▸100 } }',
    code: 'range',
    says: /out of range/,
  },
  {
    name: 'a fallback with content and 204',
    text: 'defaults: { fallback: { status: ▸204, body: x } }',
    code: 'value',
    says: /allows no such answer/,
  },
]

describe('a mistake in keys and shapes is found, placed and answered', () => {
  for (const broken of [...keys, ...shapes]) test(broken.name, () => assertBroken(broken))
})
