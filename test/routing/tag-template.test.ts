// Are tags read, filled and refused as contract §2 says?

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { couldRender, parseTag, renderTag, type TagTemplate } from '../../src/routing/tag-template.ts'

function template(text: string, ...known: string[]): TagTemplate {
  const parsed = parseTag(text, known)
  if ('flaw' in parsed) throw new Error(parsed.flaw.message)
  return parsed.template
}

describe('tags', () => {
  test('holes take the raw value of the path', () => {
    const tag = renderTag(
      template('patient:{id}/{part}', 'id', 'part'),
      new Map([
        ['id', 'a%2Fb'],
        ['part', 'x'],
      ]),
    )
    assert.deepEqual(tag, { tag: 'patient:a%2Fb/x', complete: true })
  })

  test('a hole without a value stays, and the tag says so', () => {
    const tag = renderTag(template('patient:{id}:{tenant}', 'id', 'tenant'), new Map([['id', '7']]))
    assert.deepEqual(tag, { tag: 'patient:7:{tenant}', complete: false })
  })

  const flaws: [text: string, at: number, message: RegExp][] = [
    ['', 0, /empty/],
    ['a b', 1, /white space/],
    ['a,b', 1, /comma/],
    ['a:{id', 2, /counterpart/],
    ['a}', 1, /counterpart/],
    ['a:{nmae}', 2, /\{nmae\} is no parameter/],
    ['a:{}', 2, /\{\} is no parameter/],
  ]
  for (const [text, at, message] of flaws) {
    test(`"${text}" is refused at ${at}`, () => {
      const parsed = parseTag(text, ['name'])
      assert.ok('flaw' in parsed)
      assert.equal(parsed.flaw.at, at)
      assert.match(parsed.flaw.message, message)
    })
  }

  test('a template could give a tag when its text fits and every hole has something', () => {
    const fits = (text: string, tag: string) => couldRender(template(text, 'a', 'b'), tag)
    assert.ok(fits('patient:{a}', 'patient:7'))
    assert.ok(fits('{a}:{b}', 'x:y:z'))
    assert.ok(!fits('patient:{a}', 'patient:'))
    assert.ok(!fits('patient:{a}:x', 'patient:7:y'))
    assert.ok(!fits('patients', 'patient'))
  })
})
