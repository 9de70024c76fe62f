// Does the dashboard work in a real browser: live numbers, token, policy, phone, keyboard?

import assert from 'node:assert/strict'
import { after, afterEach, before, describe, type TestContext, test } from 'node:test'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import type { AdminServices } from '../../src/admin/services.ts'
import { systemClock } from '../../src/base/clock.ts'
import { milliseconds } from '../../src/base/units.ts'
import { anUpstreamEvent, aRequestEvent } from '../observability/events.ts'
import { launchChromium, NO_BROWSER } from './chromium.ts'
import { idleUpstream, type RunningAdmin, startAdmin } from './services.ts'

let browser: Browser | undefined
let running: RunningAdmin
let problems: string[]

before(async () => {
  browser = await launchChromium()
})
after(() => browser?.close())
afterEach(async () => {
  // The page first: one that is left alone would try to connect again.
  for (const context of browser?.contexts() ?? []) await context.close()
  await running?.close()
})

const laptop = { viewport: { width: 1280, height: 800 } }
const phone = { viewport: { width: 375, height: 812 }, isMobile: true, hasTouch: true }

interface Opening {
  readonly token?: string
  readonly context?: BrowserContextOptions
  readonly replaced?: Partial<AdminServices>
}

/** The page opened on a fresh admin listener; whatever the browser objects to lands in `problems`. */
async function open(t: TestContext, { token, context = laptop, replaced = {} }: Opening = {}) {
  if (browser === undefined) {
    t.skip(NO_BROWSER)
    return undefined
  }
  running = await startAdmin({ clock: systemClock, token, tick: milliseconds(50), replaced })
  problems = []
  const page = await (await browser.newContext(context)).newPage()
  page.on('pageerror', error => problems.push(`error: ${error.message}`))
  page.on('console', message => {
    // A 401 that leads to the question for the token is no fault of the page.
    const isAsking = message.text().includes('401')
    if (message.type() === 'error' && !isAsking) problems.push(message.text())
  })
  page.on('request', request => {
    if (!request.url().startsWith(running.url) && !request.url().startsWith('data:'))
      problems.push(`leaves: ${request.url()}`)
  })
  await page.goto(running.url)
  return page
}

function traffic(hits: number, misses: number): void {
  const { statistics } = running.services
  for (let n = 0; n < hits; n += 1) statistics.emit(aRequestEvent({ outcome: 'hit', duration: 2, saved: 300 }))
  for (let n = 0; n < misses; n += 1) {
    statistics.emit(aRequestEvent({ outcome: 'miss', duration: 300, route: 'dashboard' }))
    statistics.emit(anUpstreamEvent({ duration: 300, route: 'dashboard' }))
  }
}

const figure = (page: Page, tile: string) => page.locator(`#tile-${tile} .figure`)

async function waitForText(page: Page, selector: string, text: string): Promise<void> {
  await page.locator(selector, { hasText: text }).waitFor({ timeout: 10_000 })
}

describe('the dashboard', { timeout: 240_000 }, () => {
  test('shows a banner while a route is in quarantine, and only then', async t => {
    let quarantined = [{ route: 'patients', since: systemClock.now(), evidence: 'callers are owed different ones' }]
    const page = await open(t, { replaced: { quarantined: () => quarantined } })
    if (page === undefined) return
    await waitForText(page, '#quarantine', 'In quarantine: patients.')
    assert.equal(await page.locator('#quarantine').getAttribute('role'), 'alert')
    quarantined = []
    await page.locator('#quarantine').waitFor({ state: 'hidden', timeout: 10_000 })
    assert.deepEqual(problems, [])
  })

  test('shows numbers as they change, without an error and without leaving its host', async t => {
    const page = await open(t)
    if (!page) return
    traffic(3, 1)
    await waitForText(page, '#tile-hit-rate .figure', '75.0')
    traffic(4, 0)
    await waitForText(page, '#tile-hit-rate .figure', '87.5')

    assert.match((await page.locator('#tile-hit-rate .target').textContent()) ?? '', /met, target ≥ 70/)
    assert.match((await figure(page, 'uncached').textContent()) ?? '', /ms/)
    assert.equal(await page.locator('#connection').textContent(), 'live')
    assert.equal(await page.locator('.plot canvas').count(), 6)
    assert.deepEqual(problems, [])
  })

  test('lists the route with the most origin time first, and sorts by any column from the keyboard', async t => {
    const page = await open(t)
    if (!page) return
    traffic(5, 2)
    await waitForText(page, '#routes tbody tr:first-child th', 'dashboard')

    await page.locator('#routes thead button', { hasText: /^Requests$/ }).focus()
    await page.keyboard.press('Enter')

    await waitForText(page, '#routes tbody tr:first-child th', 'patients')
    assert.equal(await page.locator('th[aria-sort]').getAttribute('aria-sort'), 'descending')
    assert.equal(await page.locator('#routes tbody tr').count(), 3)
  })

  test('an objective that is missed is said in words, and a breaker that opened too', async t => {
    const page = await open(t)
    if (!page) return
    running.services.upstreamNow = { ...idleUpstream, breaker: 'open', utilization: 0.9 }
    traffic(1, 3)
    await waitForText(page, '#tile-hit-rate .target', 'missed, target ≥ 70')
    await waitForText(page, '#tile-pool .target', 'missed, target ≤ 80')
    await waitForText(page, '#chip-upstream', 'breaker open')
  })

  test('the range is chosen from the keyboard', async t => {
    const page = await open(t)
    if (!page) return
    await waitForText(page, '.period >> nth=0', 'last 60 seconds')
    await page.locator('input[value=seconds]').focus()
    await page.keyboard.press('ArrowRight')
    await waitForText(page, '.period >> nth=0', 'last 60 minutes')
  })

  test('every picture has words, and every control a name', async t => {
    const page = await open(t)
    if (!page) return
    traffic(3, 1)
    await waitForText(page, '#tile-hit-rate .figure', '75.0')

    const labels = await page
      .locator('.canvas')
      .evaluateAll(all => all.map(one => one.getAttribute('aria-label') ?? ''))
    assert.match(labels[0] ?? '', /^Hit rate: hits/)
    assert.ok(labels.every(label => label.length > 10))
    assert.match(await page.locator('main').ariaSnapshot(), /table:[\s\S]*columnheader "Origin time"/)
  })

  test('asks for the token, says when it is wrong, and keeps it for the tab', async t => {
    const page = await open(t, { token: 's3cret' })
    if (!page) return
    await page.locator('#token').fill('wrong')
    await page.keyboard.press('Enter')
    await waitForText(page, '#token-error', 'That is not the token.')
    await page.locator('#token').fill('s3cret')
    await page.keyboard.press('Enter')
    await waitForText(page, '#connection', 'live')
    assert.equal(await page.locator('#token-dialog').isVisible(), false)

    await page.reload()
    await waitForText(page, '#connection', 'live')
    assert.deepEqual(problems, [])
  })

  test('fits a phone: nothing but the table scrolls sideways', async t => {
    const page = await open(t, { context: phone })
    if (!page) return
    traffic(3, 1)
    await waitForText(page, '#tile-hit-rate .figure', '75.0')
    const [content, screen] = await page.evaluate<[number, number]>(
      '[document.documentElement.scrollWidth, innerWidth]',
    )
    assert.ok(content <= screen, `${content} wide on ${screen}`)
  })

  test('follows the system into the dark', async t => {
    const page = await open(t, { context: { ...laptop, colorScheme: 'dark' } })
    if (!page) return
    const background = await page.evaluate('getComputedStyle(document.body).backgroundColor')
    assert.equal(background, 'rgb(15, 20, 26)')
  })

  test('says so when Pillion goes away, and takes up again when it is back', async t => {
    const page = await open(t)
    if (!page) return
    await waitForText(page, '#connection', 'live')
    const port = Number(new URL(running.url).port)
    await running.close()
    await waitForText(page, '#connection', 'connection lost')
    running = await startAdmin({ clock: systemClock, listen: { kind: 'tcp', host: '127.0.0.1', port } })
    await waitForText(page, '#connection', 'live')
  })

  test('a script that is not ours does not run', async t => {
    const page = await open(t)
    if (!page) return
    const ran = await page.evaluate(`{
      const script = document.createElement('script')
      script.textContent = 'window.intruder = true'
      document.body.append(script)
      'intruder' in window
    }`)
    assert.equal(ran, false)
    assert.match(problems.join(), /Content Security Policy/)
  })
})
