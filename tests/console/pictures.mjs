// The pictures of docs/guide/console.md: one of each main task.
import path from 'node:path';
import { visit } from './browser.mjs';
import { generations, order, rush, unpaid } from './seed.mjs';

const RUSH_SECONDS = 60;

export async function pictures(shop, fresh, folder) {
  const page = await fresh({ token: shop.tokens.operator });
  const take = (name, of = page, options = {}) => of.mouse.move(0, 0).then(() => of.evaluate(() => document.querySelectorAll('.toast').forEach((e) => e.remove()))).then(() => of.screenshot({ path: path.join(folder, `console-${name}.png`), ...options }));
  const part = (name, of, selector) => of.locator(selector).first().screenshot({ path: path.join(folder, `console-${name}.png`) });
  const dialog = async (id, key, fill, name = '', of = page) => {
    await visit(of, `/orders/${id}`);
    await of.click(`[id="do-${key}-${name}"]`);
    await fill?.(of.locator('dialog'));
    await of.click('#preview');
    await of.waitForSelector('dialog .preview');
  };
  const leave = async (of = page) => {
    await of.keyboard.press('Escape');
    await of.waitForSelector('dialog', { state: 'detached' });
  };

  await shop.send({ type: 'receive_stock', sku_id: 'AC-100', quantity: 2000 });
  const colours = [['FAN-MINT', 260], ['FAN-RED', 420], ['FAN-BLUE', 700]];
  for (const [sku_id, quantity] of colours) {
    await shop.send({ type: 'create_sku', sku_id, product_id: 'FAN', option_name: sku_id });
    await shop.send({ type: 'receive_stock', sku_id, quantity });
    await shop.send({ type: 'create_campaign', campaign_id: `cm-${sku_id}`, sku_id, name: '가을 특가', price: 19900, allotted: quantity, opens_at: '2026-01-01T00:00:00Z', closes_at: '2099-12-31T00:00:00Z' });
  }
  const wanted = (n) => Promise.all(Array.from({ length: 9 }, (_, i) => {
    const [sku_id] = colours[(n + i * i) % colours.length];
    return shop.ask({ type: 'place_order', order_id: `w-${n}-${i}`, customer_id: `u-${n}`, lines: [{ sku_id, campaign_id: `cm-${sku_id}`, quantity: 1 }],
      payment: { kind: 'approved', settlements: [{ method: 'card', amount: 22900, approval: { approval_id: `w-${n}-${i}` } }] } });
  }));
  const stream = Date.now() + RUSH_SECONDS * 1000;
  for (let n = 0; Date.now() < stream; n++) {
    await Promise.all([rush(shop, n * 40, 20 + Math.round(20 * Math.sin(n / 6) ** 2)), wanted(n)]);
    await new Promise((go) => setTimeout(go, 150));
  }
  await take('live', page, { fullPage: true });

  await order(shop, 'o-1001', 'paid', 'kim');
  await order(shop, 'o-1002', 'delivered', 'kim');
  await order(shop, 'o-1003', 'procured', 'kim');
  await order(shop, 'o-1004', 'prepared', 'lee');
  await unpaid(shop, 'o-1005');
  await shop.send({ type: 'cancel_lines', order_id: 'o-1001', lines: [2] });
  const [, retailer] = await generations(shop, 'o-1007');
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
  await visit(page, `/orders/${encodeURIComponent(retailer)}`);
  await page.waitForSelector('.kin:not(:has(.hint))');
  await part('family', page, 'section:has(.kin)');
  await visit(page, '/dead-letters');
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
  await shop.act('DELETE', `/v1/webhooks/mail/failed-deliveries/${encodeURIComponent((await shop.hookLetters(2))[1].failed_delivery_id)}`);
  await shop.send({ type: 'adjust_stock', sku_id: 'WH-1', quantity: -2, reason: 'counted again' });
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

  // the other tasks: their dialogs alone, in both languages, in light and dark
  const size = { width: 1000, height: 720 };
  const korean = await fresh({ token: shop.tokens.operator, viewport: size, locale: 'ko-KR' });
  const dark = await fresh({ token: shop.tokens.operator, viewport: size, locale: 'ko-KR', colorScheme: 'dark' });
  const small = await fresh({ token: shop.tokens.operator, viewport: size });
  const task = async (of, picture, ...what) => {
    await dialog(...what, of);
    await part(picture, of, 'dialog');
    await leave(of);
  };
  await order(shop, 'o-1021', 'paid', 'lee');
  await order(shop, 'o-1022', 'shipped', 'lee');
  await order(shop, 'o-1024', 'delivered', 'lee');
  await order(shop, 'o-1025', 'shipped', 'lee');
  await shop.send({ type: 'mark_delivered', order_id: 'o-1025', forced: true, reason: 'the buyer confirmed by telephone' });
  await unpaid(shop, 'o-1023', { payment: { kind: 'deposit', method: 'virtual_account', virtual_account_no: '110-222-333', bank_code: '088' } });
  await task(korean, 'gift', 'o-1021', 'add_gift', (f) => f.getByLabel('사은품 단품번호').fill('TOWEL-1'), '');
  await task(dark, 'deposit', 'o-1023', 'confirm_deposit', null, '');
  await task(small, 'payment', 'o-1005', 'approve_payment', (f) => f.getByLabel('Approval id').fill('ap-20461'), '');
  await task(small, 'procure', 'o-1004', 'purchase_from_partner', async (f) => {
    await f.getByLabel('Partner', { exact: true }).fill('p-2');
    await f.getByLabel('1. AC-100').fill('WH-1');
  }, '');
  await task(small, 'deliver', 'o-1022', 'mark_delivered', null, '');
  await task(korean, 'confirm', 'o-1024', 'confirm_purchase', null, '');
  await shop.stream('{"type":"prepare","order_id":"o-1021"}');
  await visit(small, '/dead-letters');
  await small.click('main td button:has-text("Requeue") >> nth=0');
  await small.waitForSelector('dialog[open]');
  await part('requeue', small, 'dialog');
  await leave(small);
  const day = new Date(Date.now() + 9 * 3600000).toISOString().slice(0, 10); // of Seoul, where these pages are
  await visit(small, `/orders?placed_from=${new Date(`${day}T00:00:00+09:00`).toISOString()}`);
  await take('order-list', small, { clip: { x: 0, y: 0, width: 1000, height: 600 } });
  await visit(dark, '/stock');
  await take('stock', dark, { clip: { x: 0, y: 0, width: 1000, height: 560 } });
  await visit(small, '/orders/o-1025');
  await part('privileged', small, 'section:has(h2:text-is("Privileged actions"))');
  const door = await fresh({ viewport: { width: 760, height: 420 } });
  await door.waitForSelector('#token');
  await take('sign-in', door);
  for (const one of [korean, dark, small, door]) await one.context().close();

  const phone = await fresh({ token: shop.tokens.operator, viewport: { width: 390, height: 844 }, colorScheme: 'dark', locale: 'ko-KR', deviceScaleFactor: 2 });
  await visit(phone, '/orders/o-1002');
  await take('phone', phone);
  await page.context().close();
  await phone.context().close();
}
