// Does a problem read as the contract says: place, line, caret, hint?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatKeyPath, formatProblem, inFileOrder, type Problem } from '../../src/config/problems.ts'

const problem = (about: Partial<Problem>): Problem => ({
  code: 'value',
  severity: 'error',
  path: [],
  line: 1,
  column: 1,
  message: 'is wrong',
  ...about,
})

describe('a printed problem', () => {
  test('is place, line, caret and hint', () => {
    const text = 'routes:\n  a:\n    tll: 5m\n'
    const printed = formatProblem(
      problem({ line: 3, column: 5, message: 'unknown key `tll`', hint: 'did you mean `ttl`?' }),
      text,
      'pillion.yaml',
    )
    assert.equal(printed, 'pillion.yaml:3:5: unknown key `tll`\n    tll: 5m\n    ^\nhint: did you mean `ttl`?')
  })

  test('says that it is a warning', () => {
    assert.match(formatProblem(problem({ severity: 'warning' }), 'a', 'f'), /^f:1:1: warning: is wrong\n/)
  })

  test('keeps tabs before the caret, so that it stands under its place', () => {
    assert.match(formatProblem(problem({ column: 4 }), 'a\tb c', 'f'), /\na\tb c\n \t \^$/)
  })

  test('shows of a very long line the part around the place', () => {
    const printed = formatProblem(problem({ column: 5001 }), `${'a'.repeat(5000)}X${'b'.repeat(5000)}`, 'f')
    const [, line, caret] = printed.split('\n') as [string, string, string]
    assert.ok(line.length <= 200)
    assert.equal(line[caret.length - 1], 'X')
  })

  test('names the option or variable where there is no line', () => {
    const from = problem({ line: undefined, column: undefined, from: '--listen', message: '`x` is not an address' })
    assert.equal(formatProblem(from, '', 'f'), '--listen: `x` is not an address')
  })

  test('masks secrets in the line it quotes, without moving the caret', () => {
    const line = 'admin: { token: "s3cret-token", listen: 8080 }'
    const printed = formatProblem(problem({ column: 41 }), line, 'f')
    assert.doesNotMatch(printed, /s3cret/)
    assert.equal(printed.split('\n')[1]?.length, line.length)
  })

  test('masks the password of a URL and shows variables', () => {
    assert.doesNotMatch(formatProblem(problem({}), 'url: http://u:hunter2@h', 'f'), /hunter2/)
    assert.match(formatProblem(problem({}), `token: \${ADMIN_TOKEN}`, 'f'), /\$\{ADMIN_TOKEN\}/)
  })
})

test('key paths are printed as people write them', () => {
  assert.equal(formatKeyPath(['routes', 'a', 'tags', 0]), 'routes.a.tags[0]')
})

test('problems come in the order of the file, errors first at one place', () => {
  const [first, second, third] = [
    problem({ line: 1, column: 9 }),
    problem({ line: 2, column: 1 }),
    problem({ line: 2, column: 1, severity: 'warning' }),
  ]
  assert.deepEqual(inFileOrder([third, second, first] as Problem[]), [first, second, third])
})
