// The pictures of docs/console.md: one of each main task.
import path from 'node:path';
import { visit } from './browser.mjs';
import { order, rush, unpaid } from './seed.mjs';

const RUSH_SECONDS = 60;

export async function pictures(shop, fresh, folder) {
  const page = await fresh({ token: shop.tokens.operator });
  const take = (name, of = page, options = {}) => of.evaluate(() => document.querySelectorAll('.toast').forEach((e) => e.remove())).then(() => of.screenshot({ path: path.join(folder, `console-${name}.png`), ...options }));
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
  await visit(page, '/campaigns');
  await take('campaigns', page, { clip: { x: 0, y: 0, width: 1360, height: 220 } });

  const phone = await fresh({ token: shop.tokens.operator, viewport: { width: 390, height: 844 }, colorScheme: 'dark', locale: 'ko-KR', deviceScaleFactor: 2 });
  await visit(phone, '/orders/o-1002');
  await take('phone', phone);
  await page.context().close();
  await phone.context().close();
}
