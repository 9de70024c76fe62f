// Are variables replaced in values, and only there?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { loadConfiguration } from '../../src/config/load.ts'
import { replaceVariables } from '../../src/config/variables.ts'

const replaced = (text: string, environment: Record<string, string> = {}) => replaceVariables(text, environment).text

describe('variables in a text', () => {
  test('a set variable is replaced, wherever it stands', () => {
    assert.equal(replaced(`http://\${HOST}:\${PORT}/`, { HOST: 'h', PORT: '1' }), 'http://h:1/')
  })

  test('a default holds where the variable is unset or empty', () => {
    assert.equal(replaced(`\${A:-x}\${B:-y}\${C:-z}`, { A: '', B: 'b' }), 'xbz')
    assert.equal(replaced(`\${A:-}`), '')
    assert.equal(replaced(`\${A:-a:-b}`), 'a:-b')
  })

  test('a set but empty variable without a default is empty', () => {
    assert.deepEqual(replaceVariables(`\${A}`, { A: '' }), { text: '', replaced: true, mistakes: [] })
  })

  test('a doubled dollar sign is a literal one before a brace, and nothing elsewhere', () => {
    assert.equal(replaced(`$\${A} $$ $A`), `\${A} $$ $A`)
  })

  test('what a variable brings in is not looked at again', () => {
    assert.equal(replaced(`\${A}`, { A: `\${B}` }), `\${B}`)
  })

  test('a variable named like a property of all objects is unset', () => {
    assert.equal(replaceVariables(`\${constructor}`, {}).mistakes.length, 1)
  })
})

describe('variables in the file', () => {
  const load = (text: string, environment: Record<string, string>) =>
    loadConfiguration({ text: `upstream: { url: "http://b:1" }\n${text}`, environment })

  test('a number, a word, a duration and a size can come from variables', () => {
    const text = `limits: { connections: "\${N}", idle: "\${D}", head: "\${S}" }\ndefaults: { cache: "\${C}", body: "\${B}" }`
    const { settings, problems } = load(text, { N: '7', D: '5s', S: '4KiB', C: 'off', B: 'true' })
    assert.deepEqual(problems, [])
    assert.deepEqual([settings?.limits.connections, settings?.limits.idle, settings?.limits.head], [7, 5000, 4096])
    assert.deepEqual([settings?.defaultRoute.cache, settings?.defaultRoute.body], ['off', true])
  })

  test('a token of digits keeps its zeros, from a variable and from the file', () => {
    const token = '0123456789012345'
    assert.equal(load(`admin: { token: "\${T}" }`, { T: token }).settings?.admin.token, token)
    assert.equal(load(`admin: { token: ${token} }`, {}).settings?.admin.token, token)
  })

  test('a value cannot bring in structure', () => {
    const token = 'a, listen: 0.0.0.0:1 }\nroutes: {}'
    const { problems } = load(`admin:\n  token: \${T}\n`, { T: token })
    assert.deepEqual(
      problems.map(problem => problem.code),
      ['value'],
    )
    assert.equal(load(`expect: ["\${E}"]`, { E: 'a: [b]' }).settings?.expect[0], 'a: [b]')
  })

  test('keys are left alone', () => {
    const { problems } = load(`"\${KEY}": 1`, { KEY: 'listen' })
    assert.deepEqual(
      problems.map(problem => problem.code),
      ['unknown-key'],
    )
  })
})
