// The live view, by streams that are made up: many SKUs, a reason that ceases, nothing on sale.
import assert from 'node:assert/strict';
import { text } from './browser.mjs';

const SECONDS = 130;

/** A page that follows `view(n)` of each second, faster than they pass: as if it had been open for two minutes. */
async function told(shop, fresh, view, options = {}) {
  const page = await fresh(options);
  let at = Date.parse('2026-01-01T00:00:00Z');
  let n = 0;
  await page.route('**/v1/live', (route) => {
    const events = Array.from({ length: n ? 1 : SECONDS }, () => JSON.stringify({
      at: new Date(at += 1000).toISOString(), partitions: 1, owned: 1, broken: false, commands: {}, placed: 5 * n, refusals: {}, p50_ms: 1, p99_ms: 2, hot: [], lanes: [], ...view(n++) }));
    return route.fulfill({ contentType: 'text/event-stream', body: events.map((e) => `data: ${e}\n\n`).join('') });
  });
  await page.evaluate((token) => sessionStorage.setItem('jumun.token', token), shop.tokens.operator);
  await page.reload();
  await page.waitForFunction(() => document.querySelectorAll('.plot path').length > 0);
  return page;
}

const legend = (page, chart) => text(page, `.chart >> nth=${chart} >> .legend`);
const LEFT = 3, WORK = 4;

/** [name, ({ shop, fresh }) => …] */
export const LIVE = [
  ['stock left, as a line a SKU: the first six of ten, each in its colour as long as it is among them', async ({ shop, fresh }) => {
    const hot = (n) => Array.from({ length: 10 }, (_, i) => ({ sku_id: `S-${i}`, on_hand: 5000 - n * i, held: i, sold: n * i, sold_net: n * i }));
    const page = await told(shop, fresh, (n) => ({ hot: hot(n), lanes: [0, 1].map((partition) => ({ partition, lag: n, pending: 2, in_flight: 3, resets: 0, dead_letters: 0 })) }));
    assert.equal(await page.locator('.chart >> nth=3 >> path.stroke').count(), 6);
    assert.match(await legend(page, LEFT), /S-9 [\d,]+\s+S-8 [\d,]+\s+S-7[\s\S]*S-4/);
    assert.doesNotMatch(await legend(page, LEFT), /S-3/);
    assert.match(await page.locator('.plot').nth(LEFT).getAttribute('aria-label'), /^Stock left, by SKU: S-9 [\d,]+, S-8/);
    const points = await page.locator('.chart >> nth=3 >> path.stroke').first().getAttribute('d');
    assert(points.split('L').length > 100, 'two minutes of it');
    assert.match(await legend(page, WORK), /Lag [\d,]+\s+Pending 4\s+In flight 6/);
    assert.equal(await page.locator('.chart >> nth=4 >> path.stroke').count(), 3);
    assert.equal(await page.locator('.hot').count(), 10, 'the bars stay');
    // not slow: all five charts, drawn anew, within a frame or two
    const ms = await page.evaluate(async () => {
      const plot = document.querySelectorAll('.plot')[3];
      const began = performance.now();
      for (let n = 0; n < 20; n++) plot.dispatchEvent(new PointerEvent('pointermove', { clientX: 300 + n }));
      return (performance.now() - began) / 20;
    });
    assert(ms < 50, `a chart takes ${ms} ms`);
    return page;
  }],
  ['a SKU that others overtake leaves the chart; the others keep their colours', async ({ shop, fresh }) => {
    const name = (i, n) => (i === 0 && n >= SECONDS ? 'LATE' : `S-${i}`);
    const page = await told(shop, fresh, (n) => ({ hot: Array.from({ length: 6 }, (_, i) => ({ sku_id: name(i, n), on_hand: 9, held: 0, sold: 100 - i, sold_net: 100 - i })) }));
    const colours = () => page.evaluate(() => Object.fromEntries([...document.querySelectorAll('.chart')[3].querySelectorAll('.legend li')].map((li) => [li.firstChild.nextSibling.data.trim(), li.firstChild.className])));
    await page.waitForFunction(() => document.querySelectorAll('.chart')[3].textContent.includes('LATE'));
    assert.deepEqual(await colours(), { LATE: 'dot s1', 'S-1': 'dot s2', 'S-2': 'dot s3', 'S-3': 'dot s4', 'S-4': 'dot s5', 'S-5': 'dot s6' });
    return page;
  }],
  ['a kind of refusal that has ceased does not cover another’s line', async ({ shop, fresh }) => {
    const page = await told(shop, fresh, (n) => ({ refusals: { sold_out: 10 * n, limit_exceeded: Math.min(n, 40) } }));
    assert.match(await legend(page, 1), /Sold out 10\s+Limit per customer reached 0/);
    const lines = await page.evaluate(() => [...document.querySelectorAll('.chart')[1].querySelectorAll('path.stroke')].map((p) => [p.getAttribute('class'), p.getAttribute('d').split('L').length]));
    assert.deepEqual(lines.map(([css]) => css), ['stroke s2', 'stroke s1'], 'the most frequent is drawn last');
    assert(lines[0][1] < lines[1][1] - 60, `where there are none there is no line: ${JSON.stringify(lines)}`);
    return page;
  }],
  ['sold again is not oversold, and nothing sold is said', async ({ shop, fresh }) => {
    const page = await told(shop, fresh, () => ({ hot: [{ sku_id: 'S-1', on_hand: 0, held: 0, sold: 1549, sold_net: 1500 }] }));
    assert.match(await text(page, '.hot'), /left 0\s+held 0\s+net sold 1,500\s+sales incl\. resold 1,549/);
    assert.match(await text(page, 'section:has(.hot)'), /came back and was sold again counts again[\s\S]*without overselling/);
    await page.click('#lang');
    await page.waitForSelector('.hot:has-text("판매 (재판매 포함)")');
    const quiet = await told(shop, fresh, () => ({}));
    assert.match(await legend(quiet, LEFT), /No SKU has sold/);
    await quiet.context().close();
    return page;
  }],
];
