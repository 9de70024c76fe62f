// Are options read, explained and refused in one way for every command?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Command, readArguments } from '../../src/cli/arguments.ts'
import { run } from './command-run.ts'

const greet: Command = {
  name: 'greet',
  summary: 'Greets somebody.',
  usage: 'greet NAME [--loud]',
  operands: { min: 1, max: 1 },
  options: [
    { name: 'loud', short: 'l', help: 'In capitals.' },
    { name: 'from', value: 'WHO', environment: 'GREETER', help: 'Who greets.' },
    { name: 'header', short: 'H', value: 'LINE', repeatable: true, help: 'One more line.' },
  ],
  notes: ['Exit status: 0.'],
  run: (given, io) => {
    io.stdout.write(
      `${given.operands[0]} ${given.has('loud')} ${given.text('from')} ${given.texts('header').join('|')}\n`,
    )
    return Promise.resolve(0)
  },
}

describe('reading arguments', () => {
  test('options, operands and their order', async () => {
    const { exit, stdout, stderr } = await run(greet, [
      '-H',
      'a: 1',
      '--from=me',
      'you',
      '-l',
      '-H',
      'b',
      '--from',
      '-',
    ])
    assert.deepEqual({ exit, stdout, stderr }, { exit: 0, stdout: 'you true - a: 1|b\n', stderr: '' })
  })

  test('what follows -- is no option', () => {
    assert.deepEqual(readArguments(greet, ['--', '--loud']).given.operands, ['--loud'])
  })

  const mistakes: [words: string[], said: RegExp[]][] = [
    [['you', '--lout'], [/there is no option --lout\nhint: did you mean --loud\?/]],
    [['you', '-x'], [/there is no option -x/]],
    [['you', '--from'], [/--from needs a value: --from WHO/]],
    [['you', '--from', '--loud'], [/--from needs a value.*\nhint: .*--from=--loud/]],
    [['you', '--loud=yes'], [/--loud takes no value/]],
    [[], [/an argument is missing\nhint: usage: pillion greet NAME/]],
    [['you', 'them'], [/"them" is one argument too many/]],
    [
      ['--lout', '--from'],
      [/--lout/, /--from needs/, /an argument is missing/],
    ],
    [['you', '--__proto__'], [/no option --__proto__/]],
  ]
  for (const [words, said] of mistakes) {
    test(`${JSON.stringify(words)} is refused with 2, every mistake told`, async () => {
      const { exit, stdout, stderr } = await run(greet, words)
      assert.equal(exit, 2)
      assert.equal(stdout, '')
      for (const each of said) assert.match(stderr, each)
      assert.match(stderr, /Try `pillion greet --help`\.\n$/)
    })
  }

  test('--help wins over mistakes and lists every option', async () => {
    for (const words of [['--help'], ['-h', '--lout']]) {
      const { exit, stdout } = await run(greet, words)
      assert.equal(exit, 0)
      assert.match(stdout, /^Usage: pillion greet NAME \[--loud\]\n\nGreets somebody\.\n/)
      assert.match(stdout, /^ {2}-l, --loud {9}In capitals\.$/m)
      assert.match(stdout, /^ {6}--from WHO {5}Who greets\. \[GREETER\]$/m)
      assert.match(stdout, /-H, --header LINE {2}One more line\. May be repeated\.$/m)
      assert.match(stdout, /-h, --help/)
      assert.match(stdout, /Exit status: 0\.\n$/)
    }
  })
})
