// What the shop has: goods of two sellers, stock, a campaign, orders at every stage.
import { until } from './shop.mjs';

const AC = 10000, FAN = 25000, FEE = 3000;

export async function catalogue(shop, url) {
  const send = (command) => shop.send({ ...(url ? { actor: 'operator:seed' } : {}), ...command }, url);
  for (const [id, name, kind] of [['p-1', '우리 가게', 'retailer'], ['p-2', '도매상', 'wholesaler'], ['p-3', '설치 기사', 'installer']]) {
    await send({ type: 'create_partner', partner_id: id, name, kind, zip: '04524', address: '서울 중구 세종대로 110' });
    await send({ type: 'create_template', template_id: `t-${id}`, partner_id: id, name: '택배' });
  }
  for (const [id, name, price, partner, kind] of [['AC', '에어컨', AC, 'p-1', 'goods'], ['FAN', '선풍기', FAN, 'p-1', 'goods'], ['TOWEL', '수건', 0, 'p-1', 'gift'], ['WH', '에어컨 도매', 7000, 'p-2', 'goods'], ['INST', '설치', 5000, 'p-3', 'goods']]) {
    await send({ type: 'create_product', product_id: id, name, price, partner_id: partner, template_id: `t-${partner}`, kind, product_type: 'normal', bundled: true, delivery_fee: FEE, lead_time_days: 2 });
  }
  for (const [id, product, holder] of [['AC-100', 'AC'], ['FAN-1', 'FAN'], ['FAN-2', 'FAN'], ['TOWEL-1', 'TOWEL'], ['WH-1', 'WH', 'p-2'], ['INST-1', 'INST', 'p-3']]) {
    await send({ type: 'create_sku', sku_id: id, product_id: product, option_name: '흰색', ...(holder ? { holder_id: holder } : {}) });
    await send({ type: 'receive_stock', sku_id: id, quantity: 900 });
  }
  await send({ type: 'create_campaign', campaign_id: 'cm-1', sku_id: 'FAN-2', name: '가을 특가', price: 19900, allotted: 60, opens_at: '2026-01-01T00:00:00Z', closes_at: '2099-12-31T00:00:00Z', limit_per_customer: 2 });
}

const card = (amount, id) => ({ method: 'card', amount, approval: { approval_id: `ap-${id}` } });

/** Two air conditioners and a fan, paid by card and points. */
export async function paid(shop, id, customer = 'u-1') {
  await shop.send({ type: 'place_order', order_id: id, customer_id: customer, lines: [{ sku_id: 'AC-100', quantity: 2 }, { sku_id: 'FAN-1', quantity: 1 }],
    payment: { kind: 'approved', settlements: [card(40000, id), { method: 'points', amount: 8000, approval: { approval_id: 'pt-1' } }] } });
}
export const unpaid = (shop, id, more = {}) =>
  shop.send({ type: 'place_order', order_id: id, customer_id: 'u-2', lines: [{ sku_id: 'AC-100', quantity: 1 }], ...more });

const waybills = (id) => [{ line_no: 1, carrier: 'CJ', waybill_no: `${id}-1`, quantity: 2 }, { line_no: 2, carrier: 'CJ', waybill_no: `${id}-2`, quantity: 1 }];
const STEPS = [
  ['prepared', { type: 'prepare' }], ['procuring', { type: 'use_own_stock' }], ['procured', { type: 'complete_procurement' }],
  ['shipped', (id) => ({ type: 'ship', waybills: waybills(id) })], ['delivered', { type: 'mark_delivered' }],
];
/** A paid order, brought as far as that. */
export async function order(shop, id, far = 'paid', customer) {
  await paid(shop, id, customer);
  if (far === 'paid') return;
  for (const [name, step] of STEPS) {
    await shop.send({ order_id: id, ...(typeof step === 'function' ? step(id) : step) });
    if (name === far) return;
  }
  throw new Error(`no stage ${far}`);
}

/** Three generations: bought from a retailer, who buys from the wholesaler; and an installer beside the retailer. The ids, eldest first, the installer's last. */
export async function generations(shop, id) {
  await shop.ask({ type: 'create_sku', sku_id: 'RE-1', product_id: 'AC', option_name: '소매', holder_id: 'p-1' });
  await shop.ask({ type: 'receive_stock', sku_id: 'RE-1', quantity: 20 });
  await order(shop, id, 'prepared');
  await shop.send({ type: 'purchase_from_partner', order_id: id, partner_id: 'p-1', lines: [{ line_no: 1, sku_id: 'RE-1' }] });
  await shop.send({ type: 'assign_installer', order_id: id, partner_id: 'p-3', lines: [{ line_no: 2, sku_id: 'INST-1' }] });
  const [mid, installer] = (await shop.order(id)).linked_orders.map((l) => l.order_id);
  for (const linked of [mid, installer]) await until('the linked order', () => shop.order(linked).catch(() => null));
  await shop.send({ type: 'prepare', order_id: mid });
  await shop.send({ type: 'purchase_from_partner', order_id: mid, partner_id: 'p-2', lines: [{ line_no: 1, sku_id: 'WH-1' }] });
  const leaf = (await shop.order(mid)).linked_orders[0].order_id;
  await until('the wholesaler’s order', () => shop.order(leaf).catch(() => null));
  return [id, mid, leaf, installer];
}

/** With an installer, shipped. */
export async function withInstaller(shop, id) {
  await order(shop, id, 'prepared');
  await shop.send({ type: 'assign_installer', order_id: id, partner_id: 'p-3', lines: [{ line_no: 1, sku_id: 'INST-1' }] });
  await shop.send({ type: 'use_own_stock', order_id: id });
  await shop.send({ type: 'complete_procurement', order_id: id });
  await shop.send({ type: 'ship', order_id: id, waybills: waybills(id) });
}

/** Many at once: orders that are taken, and refusals of several kinds. */
export async function rush(shop, from, count) {
  const kinds = [
    (n) => ({ lines: [{ sku_id: 'FAN-2', campaign_id: 'cm-1', quantity: 1 }], customer_id: `u-${n}` }),
    (n) => ({ lines: [{ sku_id: 'AC-100', quantity: 1 }], customer_id: `u-${n}` }),
    (n) => ({ lines: [{ sku_id: 'FAN-2', campaign_id: 'cm-1', quantity: 3 }], customer_id: `u-${n}` }),
    (n) => ({ lines: [{ sku_id: 'FAN-1', quantity: 1, unit_price: 1 }], customer_id: `u-${n}` }),
    (n) => ({ lines: [{ sku_id: 'NOTHING', quantity: 1 }], customer_id: `u-${n}` }),
  ];
  await Promise.all(Array.from({ length: count }, (_, i) => from + i)
    .map((n) => shop.ask({ type: 'place_order', order_id: `r-${n}`, ...kinds[n % 7 < 2 ? 0 : n % 7 < 4 ? 1 : n % 7 - 2](n) })));
}
