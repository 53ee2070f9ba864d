// Every view and dialog, in light and dark, wide and narrow: axe-core has nothing against it, nothing scrolls sideways.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import fs from 'node:fs';
import { visit } from './browser.mjs';
import { generations, order, unpaid } from './seed.mjs';
import { until } from './shop.mjs';

const axe = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const VIEWS = ['/', '/orders', '/orders?status=ORDERED', '/orders/v-claims', '/orders/v-refund', '/orders/v-family', '/orders/v-kin', '/orders/v-forced', '/orders?placed_from=2026-01-01T00:00:00.000Z', '/stock', '/stock/FAN-2', '/campaigns', '/dead-letters', '/nowhere',
  '/gifts', '/gifts/gp-towel', '/webhooks', '/webhooks/mail', '/audit', '/erase', '/erase/u-2', '/api', '/api/post_commands?type=place_order', '/api/post_orders_id_cancel_lines', '/api/schema/OrderView'];
/** [view, what opens it, what else is done there] */
const DIALOGS = [
  ['/orders/v-claims', '#do-request_return-', async (page) => {
    await page.fill('dialog input[type=number] >> nth=1', '1');
    await page.click('#preview');
    await page.waitForSelector('dialog .preview');
  }],
  ['/orders/v-ship', '#do-ship-'],
  ['/orders/v-ship', '#do-set_shipping_address-', (page) => page.click('#preview')],
  ['/orders/v-unpaid', '#do-approve_payment-', (page) => page.click('dialog .rows > div > button')],
  ['/orders/v-make', '#do-purchase_from_partner-', (page) => page.click('dialog summary')],
  ['/dead-letters', 'main button.danger'],
  ['/gifts', '#make-gifts'],
  ['/gifts/gp-towel', '#change-gifts', async (page) => {
    await page.selectOption('dialog select', 'refuse');
    await page.click('#preview');
    await page.waitForSelector('dialog .preview');
  }],
  ['/webhooks', 'main button.danger'],
  ['/', '#more'],
  ['/api/post_commands?type=place_order', 'main .fields summary', (page) => unfolded(page)],
  ['/api/get_orders', '#try', (page) => page.waitForSelector('.answer-body')],
];

/** Opens what can be unfolded, and what is in it. */
export async function unfolded(page, levels = 1) {
  for (let n = 0; n < levels; n++) {
    await page.evaluate(() => document.querySelectorAll('main details').forEach((d) => { d.open = true; }));
    await page.evaluate(() => new Promise((go) => setTimeout(go, 20))); // a toggle is told later
  }
}

/** Orders that have something to show. */
export async function prepare(shop) {
  await order(shop, 'v-claims', 'shipped');
  for (const claim_group of [1, 2]) {
    await shop.send({ type: 'request_return', order_id: 'v-claims', lines: [{ line_no: 1, quantity: 1 }], reason: 'defect', fault: 'seller' });
    if (claim_group === 1) await shop.send({ type: 'reject_return', order_id: 'v-claims', claim_group, reason: 'worn' });
  }
  await shop.ask({ type: 'cancel_lines', order_id: 'v-claims', lines: [1] });
  await order(shop, 'v-refund');
  await shop.send({ type: 'cancel_lines', order_id: 'v-refund', lines: [2] });
  await shop.send({ type: 'fail_refund', order_id: 'v-refund', refund_key: (await shop.order('v-refund')).refunds[0].refund_key, reason: 'card expired' });
  await order(shop, 'v-family', 'prepared');
  await shop.send({ type: 'purchase_from_partner', order_id: 'v-family', partner_id: 'p-2', lines: [{ line_no: 1, sku_id: 'WH-1' }] });
  await generations(shop, 'v-kin');
  await order(shop, 'v-forced', 'shipped');
  await shop.send({ type: 'mark_delivered', order_id: 'v-forced', forced: true, reason: 'the buyer has it' });
  await order(shop, 'v-ship', 'procured');
  await order(shop, 'v-make', 'prepared');
  await unpaid(shop, 'v-unpaid');
  await shop.send({ type: 'decline_payment', order_id: 'v-unpaid', reason: 'limit' });
  await shop.ask({ type: 'create_gift_promotion', gift_promotion_id: 'gp-towel', main_product_ids: ['AC'], gift_sku_ids: ['TOWEL-1'], gift_quantity: 1, main_quantity: 2, closes_at: '2099-01-01T00:00:00Z' });
  await shop.hookLetters(1);
  await shop.act('POST', '/v1/customers/u-nobody/erase');
  await shop.stream('to be looked at');
  await until('a dead letter', async () => (await shop.get('/v1/dead-letters')).items.length > 0);
}

async function fine(page, where) {
  // by the debugger, so that the page keeps its policy
  if (!(await page.evaluate(() => Boolean(window.axe)))) await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations'] })
    .then((r) => r.violations.map((v) => `${v.id} (${v.impact}): ${v.nodes.slice(0, 3).map((n) => `${n.html.slice(0, 160)} — ${n.failureSummary}`).join('; ')}`)));
  assert.deepEqual(found, [], where);
  const wide = await page.evaluate(() => {
    const dialog = document.querySelector('dialog[open]');
    return [document.documentElement.scrollWidth - innerWidth, dialog ? dialog.scrollWidth - dialog.clientWidth : 0];
  });
  assert.deepEqual(wide.map((n) => Math.max(n, 0)), [0, 0], `${where} scrolls sideways`);
}

/** One pass over all of them, as this page is. */
export async function pass(page, name) {
  for (const view of VIEWS) {
    await visit(page, view);
    if (view === '/') await page.waitForFunction(() => document.querySelectorAll('.plot path').length > 0 && document.querySelector('.hot'));
    await fine(page, `${view}, ${name}`);
  }
  for (const [view, button, more] of DIALOGS) {
    await visit(page, view);
    await page.click(`${button} >> nth=0`);
    await more?.(page);
    await fine(page, `${button} of ${view}, ${name}`);
    await page.keyboard.press('Escape');
    await page.waitForSelector('dialog', { state: 'detached' });
  }
}

export async function signIn(page) {
  await page.waitForSelector('#token');
  await fine(page, 'the sign-in form');
  await page.click('main a[href="#/api"]');
  await page.waitForSelector('.ops');
  await fine(page, 'the API reference, not signed in');
}
