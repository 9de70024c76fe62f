// What do file, environment, options and defaults make together?

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { loadConfiguration } from '../../src/config/load.ts'
import type { Overrides } from '../../src/config/overrides.ts'
import { formatProblem } from '../../src/config/problems.ts'
import type { RouteSettings, Settings } from '../../src/config/settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'pillion-load-'))
after(() => rmSync(folder, { recursive: true }))

interface Given {
  readonly text?: string
  readonly environment?: Record<string, string>
  readonly overrides?: Overrides
}

const UPSTREAM = 'upstream: { url: "http://backend:8000" }\n'

const loaded = ({ text = UPSTREAM, environment = {}, overrides = {} }: Given) =>
  loadConfiguration({ text, environment, overrides })

function settingsOf(given: Given): Settings {
  const { settings, problems } = loaded(given)
  assert.deepEqual(problems, [])
  return settings as Settings
}

const routeOf = (settings: Settings, name: string) =>
  settings.routes.find(route => route.name === name) as RouteSettings

const printed = (given: Given) => {
  const { problems, source } = loaded(given)
  return problems.map(problem => formatProblem(problem, source.text, source.file))
}

describe('precedence (contract §1)', () => {
  const file =
    'upstream: { url: "http://file:1" }\nlisten: :1\nadmin: { listen: "127.0.0.1:1111" }\nlog: { level: error }\n'
  const environment = { UPSTREAM: 'http://variable:2', LISTEN: ':2', ADMIN: '127.0.0.1:2222', LOG_LEVEL: 'warn' }
  const overrides = { upstream: 'http://option:3', listen: ':3', admin: '127.0.0.1:3333', logLevel: 'debug' }
  const decided = (settings: Settings) => [
    settings.upstream.url.href,
    settings.listen.kind === 'tcp' && settings.listen.port,
    settings.admin.listen.kind === 'tcp' && settings.admin.listen.port,
    settings.log.level,
  ]

  test('the file wins over the defaults', () => {
    assert.deepEqual(decided(settingsOf({ text: file })), ['http://file:1', 1, 1111, 'error'])
  })

  test('variables win over the file', () => {
    assert.deepEqual(decided(settingsOf({ text: file, environment })), ['http://variable:2', 2, 2222, 'warn'])
  })

  test('options win over variables', () => {
    assert.deepEqual(decided(settingsOf({ text: file, environment, overrides })), ['http://option:3', 3, 3333, 'debug'])
  })

  test('a variable that is set but empty counts as unset', () => {
    assert.equal(
      settingsOf({ environment: { UPSTREAM: '', ADMIN_TOKEN: '' } }).upstream.url.href,
      'http://backend:8000',
    )
  })

  test('a bad option or variable is reported under its name', () => {
    assert.deepEqual(printed({ overrides: { listen: '8080' }, environment: { LOG_LEVEL: 'loud' } }), [
      '--listen: `8080` is not an address\nhint: write `:8080` or `127.0.0.1:8080`',
      'LOG_LEVEL: `loud` is not one of the values\nhint: write one of `debug`, `info`, `warn`, `error`',
    ])
  })

  test('a bad ADMIN_TOKEN is not repeated', () => {
    const [problem] = printed({ environment: { ADMIN_TOKEN: 'secret\nvalue' } })
    assert.match(problem as string, /^ADMIN_TOKEN: the value holds a control character/)
    assert.doesNotMatch(problem as string, /secret/)
  })
})

describe('where the file comes from', () => {
  const write = (name: string, content: string | Buffer) => {
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }

  test('no file at all is fine if there is an upstream', () => {
    const { settings, problems, source } = loadConfiguration({ environment: { UPSTREAM: 'http://b:1' } })
    assert.deepEqual(problems, [])
    assert.equal(settings?.upstream.url.href, 'http://b:1')
    assert.equal(source.file, undefined)
  })

  test('without file and upstream the error says all three ways to set it', () => {
    const { problems, source, settings } = loadConfiguration({ environment: {} })
    assert.equal(settings, undefined)
    assert.match(
      formatProblem(problems[0] as never, source.text, source.file),
      /^no upstream.*\nhint: .*`upstream.url`.*--upstream URL.*UPSTREAM/,
    )
  })

  test('--config wins over PILLION_CONFIG', () => {
    const [one, other] = [write('one.yaml', UPSTREAM), write('other.yaml', 'upstream: { url: "http://other:1" }')]
    const { settings } = loadConfiguration({ file: one, environment: { PILLION_CONFIG: other } })
    assert.equal(settings?.upstream.url.href, 'http://backend:8000')
    assert.equal(
      loadConfiguration({ environment: { PILLION_CONFIG: other } }).settings?.upstream.url.href,
      'http://other:1',
    )
  })

  test('a file that is not there, is a folder or is no text is one clear error', () => {
    const binary = write('binary.yaml', Buffer.from([0xff, 0xfe, 0x00]))
    const says = (file: string) => loadConfiguration({ file, environment: {} }).problems.map(problem => problem.message)
    assert.match(says(join(folder, 'absent.yaml')).join('\n'), /^.*cannot be read: there is no such file$/)
    assert.match(says(folder).join('\n'), /^.*cannot be read: it is a folder$/)
    assert.match(says(binary).join('\n'), /^.*is not UTF-8 text$/)
  })

  test('a byte order mark and CRLF change neither values nor places', () => {
    const { problems } = loaded({ text: `\uFEFF${UPSTREAM.trim()}\r\nlisten: 8080\r\n` })
    assert.deepEqual(
      problems.map(({ line, column }) => [line, column]),
      [[2, 9]],
    )
  })

  test('file names of tls count from the folder of the file', () => {
    const file = write('tls.yaml', 'upstream: { url: "https://b", tls: { ca: ca.pem } }')
    assert.equal(loadConfiguration({ file, environment: {} }).settings?.upstream.tls.ca, join(folder, 'ca.pem'))
  })
})

describe('routes and defaults', () => {
  const text = `${UPSTREAM}defaults: { ttl: 1m, staleIfError: 5m, vary: [X-A] }
routes:
  a: { match: GET /a, ttl: 5m }
  b: { match: /b, vary: [X-B], cache: false, client: 30s, statuses: { 404: 30s } }
`

  test('a key of the route wins over defaults, and defaults over the built-in value', () => {
    const a = routeOf(settingsOf({ text }), 'a')
    assert.deepEqual([a.ttl, a.staleIfError, a.origin], [300_000, 300_000, 'obey'])
    assert.deepEqual([a.writtenIn.ttl, a.writtenIn.staleIfError, a.writtenIn.origin], ['route', 'defaults', 'default'])
  })

  test('a list of the route replaces the one of defaults as a whole', () => {
    assert.deepEqual(routeOf(settingsOf({ text }), 'b').vary, ['x-b'])
  })

  test('what no route matches follows defaults alone', () => {
    const { defaultRoute } = settingsOf({ text })
    assert.deepEqual([defaultRoute.name, defaultRoute.ttl, defaultRoute.share.kind], ['default', 60_000, 'auto'])
  })

  test('values arrive with units and in their unions', () => {
    const b = routeOf(settingsOf({ text }), 'b')
    assert.equal(b.cache, 'off')
    assert.deepEqual(b.client, { kind: 'duration', maxAge: 30_000 })
    assert.deepEqual([...(b.statuses ?? [])], [[404, 30_000]])
  })

  test('a literal Cache-Control with quotes and commas stays one literal', () => {
    const value = 'private, no-cache="Set-Cookie, X-A", max-age=60'
    const settings = settingsOf({ text: `${UPSTREAM}defaults: { client: '${value}' }` })
    assert.deepEqual(settings.defaultRoute.client, { kind: 'literal', value })
  })

  test('conditions tell presence from text, and numbers keep their spelling', () => {
    const when = '{ header: { X-A: true, X-B: "true" }, query: { page: 01, draft: off } }'
    const settings = settingsOf({ text: `${UPSTREAM}routes: { a: { match: /, when: ${when} } }` })
    assert.deepEqual(routeOf(settings, 'a').when, {
      header: [
        { name: 'x-a', is: true },
        { name: 'x-b', is: 'true' },
      ],
      query: [
        { name: 'page', is: '01' },
        { name: 'draft', is: 'off' },
      ],
      host: undefined,
    })
  })
})

describe('lists that stand for more', () => {
  test('the default credentials include all under identity', () => {
    const settings = settingsOf({ text: `${UPSTREAM}identity: { user: [{ header: X-Session }, { cookie: sid }] }` })
    assert.ok(
      ['authorization', 'cookie', 'x-session', 'x-auth-request-*'].every(name => settings.credentials.includes(name)),
    )
    assert.deepEqual(settings.identity.user, [
      { kind: 'header', name: 'x-session' },
      { kind: 'cookie', name: 'sid' },
    ])
  })

  test('a list of credentials replaces the default ones', () => {
    const settings = settingsOf({ text: `${UPSTREAM}credentials: [Authorization, X-Auth-*]` })
    assert.deepEqual(settings.credentials, ['authorization', 'x-auth-*'])
  })

  test('`private` alone and in a list mean the same', () => {
    assert.deepEqual(settingsOf({ text: `${UPSTREAM}trustedProxies: private` }).trustedProxies, ['private'])
    assert.deepEqual(settingsOf({ text: `${UPSTREAM}trustedProxies: [private]` }).trustedProxies, ['private'])
  })

  test('sections and lists left empty count as empty', () => {
    const settings = settingsOf({ text: `${UPSTREAM}store:\nroutes:\ndefaults:\nexpect:\ntrustedProxies:\n` })
    assert.deepEqual([settings.store.memory, settings.routes, settings.expect], ['auto', [], []])
  })
})

describe('all problems at once', () => {
  const text = `upstream:
  url: backend
  conections: 5
routes:
  a: { ttl: 60, share: all }
  b: { match: /b, purge: [x] }
admin: { listen: ":9090" }
listen: \${NOWHERE}
`

  test('mistakes of every kind are found together, in the order of the file', () => {
    const { problems } = loaded({ text })
    assert.deepEqual(
      problems.map(({ code, line, column }) => `${code} ${line}:${column}`),
      [
        'value 2:8',
        'unknown-key 3:3',
        'required 5:3',
        'unit-missing 5:13',
        'value 5:24',
        'admin-open 7:18',
        'variable-unset 8:9',
      ],
    )
  })

  test('routing still gets what could be read', () => {
    const { settings, routing } = loaded({ text })
    assert.equal(settings, undefined)
    assert.deepEqual(
      routing.routes.map(route => [route.name, route.purge]),
      [['b', ['x']]],
    )
  })

  test('a place inside a value can be asked for', () => {
    const { source } = loaded({ text })
    assert.deepEqual(source.locate(['routes', 'b', 'match'], { offset: 1 }), { line: 6, column: 16 })
    assert.deepEqual(source.locate(['routes', 'b', 'absent']), { line: 6, column: 3 })
  })
})
