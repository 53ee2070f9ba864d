// Every action of the order page, clicked as an operator would, previewed and confirmed; judged by what the server says then.
import assert from 'node:assert/strict';
import { text } from './browser.mjs';
import { order, paid, unpaid, withInstaller } from './seed.mjs';
import { until } from './shop.mjs';

const CLICKS_MAX = 3;

/** From the start page: the order by its id, the action, preview, confirm. What the preview said. */
export async function act(page, id, key, { fill, name = '', seen } = {}) {
  await page.start();
  page.clicks = 0;
  await page.keyboard.press('Control+K');
  await page.keyboard.type(id);
  await page.keyboard.press('Enter');
  await page.press(`[id="do-${key}-${name}"]`);
  const form = page.locator('dialog');
  await fill?.(form);
  await page.press('#preview');
  await form.locator('.preview').waitFor();
  const told = await text(page, 'dialog .preview');
  await seen?.(page);
  await page.press('#confirm:not([disabled])');
  await form.waitFor({ state: 'detached' });
  assert(page.clicks <= CLICKS_MAX, `${key}: ${page.clicks} clicks`);
  page.tried?.add(key);
  return told;
}

const first = (list) => list[list.length - 1];

/** [name, (shop, page) => …] */
export const TASKS = [
  ['cancel a line, confirm its refund', async (shop, page) => {
    await order(shop, 'o-cancel');
    const told = await act(page, 'o-cancel', 'cancel_lines', { fill: (f) => f.getByLabel('2. FAN-1').check() });
    assert.match(told, /₩25,000/);
    assert.match(told, /Restock 1/);
    let o = await shop.order('o-cancel');
    assert.deepEqual([o.lines[1].cancelled, o.lines[0].active, o.refunds[0].state], [1, 2, 'due']);
    assert.deepEqual([o.lines[1].reductions, o.lines[1].refund_planned, o.lines[1].refunded], [25000, 25000, 0]);
    await page.waitForSelector('main td:has-text("₩25,000 / ₩0")');
    await act(page, 'o-cancel', 'set_refund_account', { fill: async (f) => {
      await f.getByLabel('Bank code').fill('088');
      await f.getByLabel('Account number').fill('110222333444');
      await f.getByLabel('Whose account').fill('홍길동');
    } });
    await act(page, 'o-cancel', 'confirm_refund', { name: o.refunds[0].refund_key });
    o = await shop.order('o-cancel');
    assert.deepEqual([o.refunds[0].state, o.settlements[0].refunded], ['refunded', 25000]);
    assert.deepEqual([o.lines[1].refund_planned, o.lines[1].refunded], [0, 25000]);
    await page.waitForSelector('main td:has-text("₩0 / ₩25,000")');
  }],
  ['a refund that failed, paid to an account', async (shop, page) => {
    await order(shop, 'o-fail');
    await shop.send({ type: 'cancel_lines', order_id: 'o-fail', lines: [2] });
    const { refund_key: name } = (await shop.order('o-fail')).refunds[0];
    await act(page, 'o-fail', 'fail_refund', { name, fill: (f) => f.getByLabel('Why it failed').fill('card expired') });
    assert.equal((await shop.order('o-fail')).refunds[0].last_failure, 'card expired');
    await act(page, 'o-fail', 'refund_by_bank_transfer', { name, fill: (f) => f.getByLabel('Account holder').fill('홍길동') });
    assert.equal((await shop.order('o-fail')).refunds[0].state, 'transferred');
  }],
  ['a return: requested, approved, collected, completed', async (shop, page) => {
    await order(shop, 'o-return', 'delivered');
    const told = await act(page, 'o-return', 'request_return', { fill: async (f) => {
      await f.getByLabel('1. AC-100').fill('1');
      await f.getByLabel('Reason').selectOption('defect');
      await f.getByLabel('Fault').selectOption('seller');
    } });
    assert.match(told, /₩10,000/);
    const state = async () => first((await shop.order('o-return')).claims.returns).state;
    assert.equal(await state(), 'requested');
    await act(page, 'o-return', 'approve_return', { name: '1' });
    assert.equal(await state(), 'approved');
    await act(page, 'o-return', 'collect_return', { name: '1' });
    assert.equal(await state(), 'collected');
    await act(page, 'o-return', 'complete_return', { name: '1', fill: (f) => f.getByLabel('1. AC-100').first().fill('0') });
    assert.equal(await state(), 'completed');
    assert.equal((await shop.order('o-return')).lines[0].returned, 1);
  }],
  ['returns withdrawn and rejected', async (shop, page) => {
    await order(shop, 'o-back', 'shipped');
    const ask = () => act(page, 'o-back', 'request_return', { fill: (f) => f.getByLabel('2. FAN-1').fill('1') });
    await ask();
    await act(page, 'o-back', 'withdraw_return', { name: '1' });
    await ask();
    await act(page, 'o-back', 'reject_return', { name: '2', fill: (f) => f.getByLabel('Reason').fill('worn') });
    const { returns } = (await shop.order('o-back')).claims;
    assert.deepEqual(returns.map((r) => r.state), ['withdrawn', 'rejected']);
  }],
  ['exchanges: one by another product, one rejected', async (shop, page) => {
    await order(shop, 'o-swap', 'shipped');
    const ask = () => act(page, 'o-swap', 'request_exchange', { fill: (f) => f.getByLabel('Line', { exact: true }).selectOption('1') });
    await ask();
    await act(page, 'o-swap', 'approve_exchange', { name: '1', fill: (f) => f.getByLabel('Resolution').selectOption('add_product') });
    await ask();
    await act(page, 'o-swap', 'reject_exchange', { name: '2' });
    const o = await shop.order('o-swap');
    assert.deepEqual(o.claims.exchanges.map((e) => e.state), ['approved', 'rejected']);
    assert.deepEqual([o.lines[0].claimable, o.lines[0].in_claims], [1, 1]);
    assert.equal(o.lines.find((l) => l.line_no === o.claims.exchanges[0].new_line_no).original_line_no, 1);
  }],
  ['exchanges: one withdrawn; old goods collected and inspected, waived, written off', async (shop, page) => {
    const id = 'o-olds';
    await order(shop, id, 'delivered');
    const ask = (line_no) => shop.send({ type: 'request_exchange', order_id: id, line_no, quantity: 1, reason: 'defect', fault: 'seller' });
    await ask(1);
    await act(page, id, 'withdraw_exchange', { name: '1' });
    for (const [group, line_no] of [[2, 1], [3, 1], [4, 2]]) {
      await ask(line_no);
      await shop.send({ type: 'approve_exchange', order_id: id, claim_group: group, resolution: 'add_product' });
    }
    await act(page, id, 'collect_exchange', { name: '2' });
    const told = await act(page, id, 'inspect_exchange', { name: '2', fill: async (f) => {
      await f.getByLabel('1. AC-100').nth(2).fill('500');
      await f.getByLabel('Reason').fill('scratched');
    } });
    assert.match(told, /₩500/);
    await act(page, id, 'waive_collection', { name: '3', fill: (f) => f.getByLabel('Reason').fill('not worth the way') });
    await act(page, id, 'write_off_exchange', { name: '4', fill: (f) => f.getByLabel('Reason').fill('never came') });
    const { exchanges } = (await shop.order(id)).claims;
    assert.deepEqual(exchanges.map((e) => e.state), ['withdrawn', 'approved', 'approved', 'approved']);
    assert.deepEqual([exchanges[1].collection.withheld_amount, exchanges[1].collection.rejected], [500, 0]);
    assert(exchanges.slice(1).every((e) => !['due', 'collected'].includes(e.collection.state)), JSON.stringify(exchanges));
  }],
  ['what an exchange left owed: waived in part, and whole', async (shop, page) => {
    const id = 'o-owed';
    await order(shop, id, 'delivered');
    await shop.send({ type: 'request_exchange', order_id: id, line_no: 2, quantity: 1, reason: 'change_of_mind', fault: 'buyer' });
    await shop.send({ type: 'approve_exchange', order_id: id, claim_group: 1, resolution: 'add_product' });
    const owed = (await shop.order(id)).fees.findLast((f) => f.unpaid && f.amount > f.refunded);
    await act(page, id, 'waive_debt', { name: String(owed.fee_no), fill: async (f) => {
      await f.getByLabel('Reason').fill('kept waiting');
      await f.getByLabel('Amount to waive').fill('1000');
    } });
    assert.equal((await shop.order(id)).fees.find((f) => f.fee_no === owed.fee_no).refunded, 1000);
    await act(page, id, 'waive_debt', { name: String(owed.fee_no), fill: (f) => f.getByLabel('Reason').fill('kept waiting') });
    assert.equal((await shop.order(id)).fees.find((f) => f.fee_no === owed.fee_no).refunded, owed.amount);
  }],
  ['returns of which some never comes: withdrawn, written off', async (shop, page) => {
    await order(shop, 'o-rest', 'delivered');
    await shop.send({ type: 'request_return', order_id: 'o-rest', lines: [{ line_no: 1, quantity: 2 }], reason: 'defect', fault: 'seller' });
    await shop.send({ type: 'approve_return', order_id: 'o-rest', claim_group: 1 });
    await act(page, 'o-rest', 'collect_return', { name: '1', fill: (f) => f.getByLabel('1. AC-100').fill('1') });
    await act(page, 'o-rest', 'withdraw_rest', { name: '1', fill: (f) => f.getByLabel('1. AC-100').fill('1') });
    assert.equal((await shop.order('o-rest')).claims.returns[0].lines[0].withdrawn, 1);
    // of goods whose money goes back before they come
    await shop.send({ type: 'create_product', product_id: 'EARLY', name: '쿠션', kind: 'goods', product_type: 'normal', price: 5000, partner_id: 'p-1', template_id: 't-p-1', bundled: true, delivery_fee: 3000, lead_time_days: 1, pre_refund: true });
    await shop.send({ type: 'create_sku', sku_id: 'EARLY-1', product_id: 'EARLY', option_name: '흰색' });
    await shop.send({ type: 'receive_stock', sku_id: 'EARLY-1', quantity: 5 });
    await shop.send({ type: 'place_order', order_id: 'o-gone', customer_id: 'u-1', lines: [{ sku_id: 'EARLY-1', quantity: 1 }],
      payment: { kind: 'approved', settlements: [{ method: 'card', amount: 8000, approval: { approval_id: 'ap-o-gone' } }] } });
    for (const step of [{ type: 'prepare' }, { type: 'use_own_stock' }, { type: 'complete_procurement' }, { type: 'ship', in_transit: true },
      { type: 'request_return', lines: [{ line_no: 1, quantity: 1 }], reason: 'defect', fault: 'seller' }, { type: 'approve_return', claim_group: 1 }]) {
      await shop.send({ order_id: 'o-gone', ...step });
    }
    await act(page, 'o-gone', 'write_off_return', { name: '1', fill: (f) => f.getByLabel('Reason').fill('lost on its way') });
    assert.equal((await shop.order('o-gone')).claims.returns[0].lines[0].written_off, 1);
  }],
  ['from payment to purchase confirmation', async (shop, page) => {
    const id = 'o-go';
    await unpaid(shop, id, { lines: [{ sku_id: 'AC-100', quantity: 2 }, { sku_id: 'FAN-1', quantity: 1 }] });
    await act(page, id, 'approve_payment', { fill: async (f) => {
      assert.equal(await f.getByLabel('Amount').inputValue(), '48000');
      await f.getByLabel('Amount').fill('40000');
      await f.getByLabel('Approval id').fill('ap-9');
      await f.getByText('Another method').click();
      await f.getByLabel('Method', { exact: true }).nth(1).selectOption('points');
      await f.getByLabel('Amount').nth(1).fill('8000');
      await f.getByLabel('Approval id').nth(1).fill('pt-9');
    } });
    assert.deepEqual((await shop.order(id)).settlements.map((s) => [s.method, s.paid]), [['card', 40000], ['points', 8000]]);
    const status = async () => (await shop.order(id)).status;
    for (const [key, then] of [['prepare', 'PREPARING'], ['use_own_stock', 'PROCUREMENT_CHECK'], ['complete_procurement', 'PROCUREMENT_DONE']]) {
      await act(page, id, key);
      assert.equal(await status(), then);
    }
    await act(page, id, 'ship', { fill: async (f) => {
      await f.getByLabel('Carrier').first().fill('CJ');
      await f.getByLabel('Waybill number').first().fill('W-1');
      await f.getByLabel('Quantity').first().fill('1');
    } });
    await act(page, id, 'register_waybill', { fill: async (f) => {
      await f.getByLabel('Carrier').fill('CJ');
      await f.getByLabel('Waybill number').fill('W-2');
    } });
    assert.deepEqual((await shop.order(id)).lines[0].waybills.map((w) => [w.waybill_no, w.quantity]), [['W-1', 1], ['W-2', 1]]);
    await act(page, id, 'mark_delivered');
    await act(page, id, 'force_delivered', { fill: (f) => f.getByLabel('Why it is forced').fill('the buyer has it') });
    await act(page, id, 'confirm_purchase');
    assert.equal(await status(), 'PURCHASE_CONFIRMED');
  }],
  ['a waybill is changed', async (shop, page) => {
    await order(shop, 'o-bill', 'shipped');
    await act(page, 'o-bill', 'update_waybill', { fill: (f) => f.getByLabel('Quantity').fill('1') });
    assert.equal((await shop.order('o-bill')).lines[0].waybills[0].quantity, 1);
    await act(page, 'o-bill', 'mark_delivered', { fill: (f) => f.getByLabel('Waybill').selectOption({ label: '2. CJ o-bill-2 × 1' }) });
    assert.deepEqual((await shop.order('o-bill')).lines.map((l) => Boolean(l.waybills[0].delivered_at)), [false, true]);
  }],
  ['payments that come, are refused, are given up', async (shop, page) => {
    await unpaid(shop, 'o-pay');
    await act(page, 'o-pay', 'decline_payment', { fill: (f) => f.getByLabel('Reason').fill('limit') });
    assert.equal((await shop.order('o-pay')).status, 'PAYMENT_PENDING');
    await act(page, 'o-pay', 'cancel_payment');
    assert.equal((await shop.order('o-pay')).status, 'PAYMENT_CANCELLED');
    await unpaid(shop, 'o-deposit', { payment: { kind: 'deposit', method: 'virtual_account', virtual_account_no: '110-222', bank_code: '088' } });
    await act(page, 'o-deposit', 'confirm_deposit');
    assert.equal((await shop.order('o-deposit')).settlements[0].paid, 13000);
  }],
  ['what is missing: judged, lost, not procured', async (shop, page) => {
    await order(shop, 'o-judge');
    await act(page, 'o-judge', 'confirm_stock', { fill: (f) => f.getByLabel('1. AC-100').fill('1') });
    assert.equal((await shop.order('o-judge')).lines[0].active, 1);
    await order(shop, 'o-lost', 'procured');
    await act(page, 'o-lost', 'report_stock_loss', { fill: (f) => f.getByLabel('1. AC-100').fill('2') });
    assert.equal((await shop.order('o-lost')).lines[0].status, 'OUT_OF_STOCK');
    await order(shop, 'o-none', 'procuring');
    await act(page, 'o-none', 'cancel_procurement', { fill: (f) => f.getByLabel('1. AC-100').check().then(() => f.getByLabel('2. FAN-1').check()) });
    assert.equal((await shop.order('o-none')).status, 'OUT_OF_STOCK');
  }],
  ['procured from a partner and elsewhere: a family', async (shop, page) => {
    await order(shop, 'o-family', 'prepared');
    await act(page, 'o-family', 'purchase_from_partner', { fill: async (f) => {
      await f.getByLabel('Partner', { exact: true }).fill('p-2');
      await f.getByLabel('1. AC-100').fill('WH-1');
    } });
    await act(page, 'o-family', 'purchase_from_non_partner', { fill: async (f) => {
      await f.getByLabel('Seller').fill('동네 가게');
      await f.getByLabel('Amount').fill('20000');
    } });
    const o = await shop.order('o-family');
    assert.deepEqual(o.procurements.map((p) => p.kind), ['partner', 'non_partner']);
    const child = o.linked_orders[0].order_id;
    await until('the linked order', () => shop.order(child).catch(() => null));
    await page.press(`.tree a:text("${child}")`);
    await page.waitForSelector(`h1:has-text("${child}")`);
    await page.press('.tree a:text("o-family")');
    await page.waitForSelector('h1:has-text("o-family")');
  }],
  ['an installer: assigned, delivers, installs, or can’t', async (shop, page) => {
    await order(shop, 'o-assign', 'prepared');
    await act(page, 'o-assign', 'assign_installer', { fill: async (f) => {
      await f.getByLabel('Installer', { exact: true }).fill('p-3');
      await f.getByLabel('1. AC-100').fill('INST-1');
    } });
    assert.equal((await shop.order('o-assign')).linked_orders[0].partner_id, 'p-3');
    await withInstaller(shop, 'o-inst');
    await act(page, 'o-inst', 'confirm_installer_delivery');
    await act(page, 'o-inst', 'complete_installation');
    assert.equal((await shop.order('o-inst')).lines[0].delivery, 'installed');
    await withInstaller(shop, 'o-cant');
    await act(page, 'o-cant', 'fail_installation');
    assert.equal((await shop.order('o-cant')).claims.returns[0].reason, 'installation_impossible');
  }],
  ['a destination on an island, its surcharge paid', async (shop, page) => {
    await order(shop, 'o-dest', 'prepared');
    await act(page, 'o-dest', 'set_shipping_address', { fill: async (f) => {
      for (const [label, value] of [['Name', '김영희'], ['Phone', '010-1234-5678'], ['Postal code', '63100'], ['Address', '제주시 중앙로 1']]) {
        await f.getByLabel(label, { exact: true }).fill(value);
      }
    } });
    assert.equal((await shop.order('o-dest')).destination.zone, 'jeju');
    await act(page, 'o-dest', 'approve_payment', { fill: async (f) => {
      assert.equal(await f.getByLabel('Amount').inputValue(), '3000');
      await f.getByLabel('Approval id').fill('ap-sur');
    } });
    assert.equal((await shop.order('o-dest')).fees.some((f) => f.unpaid), false);
  }],
  ['a gift by hand', async (shop, page) => {
    await paid(shop, 'o-gift');
    await act(page, 'o-gift', 'add_gift', { fill: (f) => f.getByLabel('SKU of the gift').fill('TOWEL-1') });
    assert.equal((await shop.order('o-gift')).lines[2].gift, true);
  }],
];
