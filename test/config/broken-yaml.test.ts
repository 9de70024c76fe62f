// Is every mistake in YAML, in variables and between keys found at its place?

import { describe, test } from 'node:test'
import { assertBroken, type BrokenFile } from './broken-file.ts'

const variables: BrokenFile[] = [
  {
    name: 'an unset variable',
    text: `listen: ▸\${PLACE}\n`,
    code: 'variable-unset',
    says: `\`\${PLACE}\` is not set`,
    hint: /set PLACE in the environment, or give a default/,
  },
  {
    name: 'an unset variable in the middle of a value',
    text: `listen: "127.0.0.1:▸\${PORT}"\n`,
    code: 'variable-unset',
    says: /PORT/,
  },
  {
    name: 'the second of two variables',
    text: `listen: "\${HOST}:▸\${PORT}"\n`,
    code: 'variable-unset',
    says: /PORT/,
    environment: { HOST: 'h' },
  },
  {
    name: 'a variable without an end',
    text: `listen: ▸"\${PORT"\n`.replace('▸"', '"▸'),
    code: 'variable',
    says: /no closing brace/,
  },
  {
    name: 'a variable with an impossible name',
    text: `listen: ▸\${1PORT}\n`,
    code: 'variable',
    says: /is not a variable/,
  },
  {
    name: 'a variable within a variable',
    text: `listen: ▸\${A:-\${B}}\n`,
    code: 'variable',
    says: /holds another variable/,
  },
  {
    name: 'a bare variable inside braces',
    text: `admin: { token: $▸{TOKEN} }\n`,
    code: 'syntax',
    says: 'a variable without quotes',
    hint: /in quotes/,
  },
  {
    name: 'a variable whose value is wrong',
    text: `listen: ▸\${PLACE}\n`,
    code: 'value',
    says: 'listen: `nowhere` has no port',
    environment: { PLACE: 'nowhere' },
  },
]

const yaml: BrokenFile[] = [
  {
    name: 'a tab as indentation',
    text: 'store:\n▸\tmaxBody: 1MiB\n',
    code: 'syntax',
    says: 'a tab is used for indentation',
  },
  {
    name: 'two colons on a line',
    text: 'listen:▸ a: b\n'.replace('▸ ', ' ▸'),
    code: 'syntax',
    says: 'a second `: ` on one line',
  },
  { name: 'a quote without an end', text: 'listen: "x▸\n', code: 'syntax', says: /missing closing "quote/ },
  {
    name: 'a second document',
    text: 'listen: :1\n▸---\nlisten: :2\n',
    code: 'syntax',
    says: 'a second document begins here',
  },
  {
    name: 'an alias without its anchor',
    text: 'listen: ▸*place\n',
    code: 'syntax',
    says: 'no anchor `&place` above',
    hint: /in quotes/,
  },
  {
    name: 'a merge key',
    text: 'store:\n  ▸<<: { maxBody: 1MiB }\n',
    code: 'syntax',
    says: '`<<` is not a key',
    hint: /`defaults`/,
  },
  { name: 'a tag', text: 'listen: ▸!place :1\n', code: 'syntax', says: 'YAML tags are not used here' },
  { name: 'a list as a key', text: 'store:\n  ? ▸[a]\n  : b\n', code: 'syntax', says: 'a key has to be a word' },
  {
    name: 'an alias that contains itself',
    text: 'expect: &all ▸[*all]\n',
    code: 'too-large',
    says: /more than 32 levels deep/,
  },
]

const together: BrokenFile[] = [
  {
    name: 'no upstream',
    text: '▸# nothing below\nlisten: :0\n#upstream\n',
    code: 'required',
    says: /no upstream/,
    hint: /`upstream.url`.*--upstream.*UPSTREAM/,
  },
  { name: 'an upstream without an address', text: '▸upstream:\n  queue: 1\n', code: 'required', says: /no upstream/ },
  {
    name: 'one address twice',
    text: 'listen: 127.0.0.1:9000\nadmin: { listen: ▸127.0.0.1:9000 }\n',
    code: 'conflict',
    says: /the proxy's own address/,
  },
  {
    name: 'an upstream that is Pillion itself',
    text: 'upstream: { url: ▸"http://127.0.0.1:8080" }\n',
    code: 'conflict',
    says: /leads back to Pillion itself/,
  },
  {
    name: 'a certificate without its key',
    text: 'upstream:\n  url: https://b\n  tls: { cert: ▸a.pem }\n',
    code: 'conflict',
    says: 'upstream.tls.cert has no key',
  },
  {
    name: 'TLS for a plain upstream',
    text: 'upstream:\n  url: http://b:1\n  tls: ▸{ ca: a.pem }\n',
    code: 'conflict',
    says: /has no meaning for http:\/\/b:1/,
  },
  {
    name: 'an admin API open to the network',
    text: 'admin: { listen: ▸":9090" }\n',
    code: 'admin-open',
    says: /without a token/,
    warning: true,
  },
  {
    name: 'a token that could be guessed',
    text: 'admin: { token: ▸letmein }\n',
    code: 'admin-token',
    says: 'admin.token has 7 characters and could be guessed',
    warning: true,
  },
  {
    name: 'credentials without Authorization',
    text: 'credentials: ▸[Cookie]\n',
    code: 'credentials',
    says: /leaves out Authorization/,
    warning: true,
  },
]

describe('a mistake in YAML, in a variable or between keys is found, placed and answered', () => {
  for (const broken of [...variables, ...yaml, ...together]) test(broken.name, () => assertBroken(broken))
})
