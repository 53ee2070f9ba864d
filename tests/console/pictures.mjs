// The pictures of docs/console.md: one of each main task.
import path from 'node:path';
import { visit } from './browser.mjs';
import { order, rush, unpaid } from './seed.mjs';

const RUSH_SECONDS = 60;

export async function pictures(shop, fresh, folder) {
  const page = await fresh({ token: shop.tokens.operator });
  const take = (name, of = page, options = {}) => of.mouse.move(0, 0).then(() => of.evaluate(() => document.querySelectorAll('.toast').forEach((e) => e.remove()))).then(() => of.screenshot({ path: path.join(folder, `console-${name}.png`), ...options }));
  const dialog = async (id, key, fill, name = '') => {
    await visit(page, `/orders/${id}`);
    await page.click(`[id="do-${key}-${name}"]`);
    await fill?.(page.locator('dialog'));
    await page.click('#preview');
    await page.waitForSelector('dialog .preview');
  };
  const leave = async () => {
    await page.keyboard.press('Escape');
    await page.waitForSelector('dialog', { state: 'detached' });
  };

  await shop.send({ type: 'receive_stock', sku_id: 'AC-100', quantity: 6000 });
  const stream = Date.now() + RUSH_SECONDS * 1000;
  for (let n = 0; Date.now() < stream; n++) {
    await rush(shop, n * 40, 20 + Math.round(20 * Math.sin(n / 6) ** 2));
    await new Promise((go) => setTimeout(go, 150));
  }
  await take('live', page, { fullPage: true });

  await order(shop, 'o-1001', 'paid', 'kim');
  await order(shop, 'o-1002', 'delivered', 'kim');
  await order(shop, 'o-1003', 'procured', 'kim');
  await order(shop, 'o-1004', 'prepared', 'lee');
  await unpaid(shop, 'o-1005');
  await shop.send({ type: 'cancel_lines', order_id: 'o-1001', lines: [2] });
  await shop.send({ type: 'purchase_from_partner', order_id: 'o-1004', partner_id: 'p-2', lines: [{ line_no: 1, sku_id: 'WH-1' }] });
  await shop.stream('{"type":"place_order","order_id":"o-1","customer_id":"u-1"}');
  await visit(page, '/orders?customer_id=kim');
  await take('orders', page, { clip: { x: 0, y: 0, width: 1360, height: 420 } });

  await dialog('o-1002', 'request_return', async (f) => {
    await f.getByLabel('1. AC-100').fill('1');
    await f.getByLabel('Reason').selectOption('change_of_mind');
  });
  await take('return');
  await page.click('#confirm');
  await page.waitForSelector('dialog', { state: 'detached' });
  await dialog('o-1002', 'approve_return', null, '1');
  await take('approve');
  await leave();
  await visit(page, '/orders/o-1002');
  await take('order', page, { fullPage: true });
  await dialog('o-1002', 'request_exchange', (f) => f.getByLabel('Line', { exact: true }).selectOption('2'));
  await take('exchange');
  await leave();
  await dialog('o-1001', 'cancel_lines', (f) => f.getByLabel('1. AC-100').check());
  await take('cancel');
  await leave();
  const { refund_key } = (await shop.order('o-1001')).refunds[0];
  await dialog('o-1001', 'confirm_refund', null, refund_key);
  await take('refund');
  await leave();
  await dialog('o-1003', 'ship', async (f) => {
    await f.getByLabel('Carrier').first().fill('CJ');
    await f.getByLabel('Waybill number').first().fill('6101-2044');
  });
  await take('ship');
  await leave();
  await visit(page, '/orders/o-1004');
  await page.locator('.tree').scrollIntoViewIfNeeded();
  await take('family');
  await visit(page, '/letters');
  await page.click('main td button.danger >> nth=0');
  await page.waitForSelector('dialog[open]');
  await take('letters');
  await leave();
  await visit(page, '/stock/AC-100');
  await take('ledger');
  for (const order_id of ['o-1011', 'o-1012']) {
    await unpaid(shop, order_id);
    await shop.send({ type: 'decline_payment', order_id, reason: 'card limit' });
  }
  await shop.hookLetters(2);
  await visit(page, '/webhooks');
  await take('webhooks', page, { clip: { x: 0, y: 0, width: 1360, height: 560 } });
  await page.click('main td button >> nth=0');
  await page.click('dialog button.main');
  await page.waitForSelector('dialog .problem:not(:empty)');
  await take('resend');
  await leave();
  await unpaid(shop, 'o-1006', { customer_id: 'kim', recipient: { name: '김영희', phone: '010-1234-5678', zip: '04524', address: '서울 중구 세종대로 110' } });
  await shop.send({ type: 'cancel_payment', order_id: 'o-1006' });
  await visit(page, '/erase/kim');
  await page.fill('#customer-again', 'kim');
  await take('erase', page, { fullPage: true });
  await page.click('#erase');
  await page.waitForSelector('#erased');
  await take('erased', page, { fullPage: true });
  await shop.act('DELETE', `/v1/webhooks/mail/letters/${encodeURIComponent((await shop.hookLetters(2))[1].letter)}`);
  await visit(page, '/audit');
  await take('audit', page, { clip: { x: 0, y: 0, width: 1360, height: 420 } });
  await visit(page, '/api');
  await take('api');
  await visit(page, '/api/post_commands?type=place_order');
  await page.evaluate(() => document.querySelectorAll('.fields > li > details').forEach((d, n) => { d.open = n < 1; }));
  await take('api-command', page, { fullPage: true, clip: { x: 0, y: 0, width: 1360, height: 2130 } });
  await visit(page, '/api/get_orders_id');
  await page.fill('#try-id', 'o-1002');
  await page.click('#try');
  await page.waitForSelector('.answer-body');
  await take('api-try');
  await visit(page, '/campaigns');
  await take('campaigns', page, { clip: { x: 0, y: 0, width: 1360, height: 220 } });

  const phone = await fresh({ token: shop.tokens.operator, viewport: { width: 390, height: 844 }, colorScheme: 'dark', locale: 'ko-KR', deviceScaleFactor: 2 });
  await visit(phone, '/orders/o-1002');
  await take('phone', phone);
  await page.context().close();
  await phone.context().close();
}
