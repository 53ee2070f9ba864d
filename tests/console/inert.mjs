// Script in every text that a command takes: it is stored, every view is opened, and it stays text (fault 43).
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { visit } from './browser.mjs';
import { until } from './shop.mjs';
import { unfolded } from './views.mjs';

const RUN = 'window.__pwned=1';
/** What would run, were it ever markup; with a mark of where it was put. */
const PAYLOADS = [
  `<script>${RUN}</script>`, `<img src=x onerror=${RUN}>`, `"><svg onload=${RUN}>`, `' autofocus onfocus='${RUN}`, `javascript:${RUN}`,
  `\${${RUN}}{{constructor.constructor('${RUN}')()}}`, `\u003cscript\u003e${RUN}\u003c/script\u003e`, `＜script＞${RUN}＜/script＞`, `&lt;img src=x onerror=${RUN}&gt;`, `\u202e<iframe srcdoc='<script>parent.${RUN}</script>'>`,
];
const hostile = (where) => `${where} ${PAYLOADS.join(' ')}`;
/** Where only printable ASCII without a space goes. */
const tight = (where) => `${where}"><img/src=x/onerror=${RUN}>`;

/** Free text of the protocol that is stored: by hand, so that a new one is noticed by the count below. */
export async function stored(shop) {
  const put = {};
  const said = (where) => (put[where] = hostile(where));
  const code = (where) => (put[where] = tight(where));
  const send = (command) => shop.send(command);
  await send({ type: 'create_partner', partner_id: 'p-x', name: said('partner.name'), kind: 'retailer', zip: '04524', address: said('partner.address') });
  await send({ type: 'update_partner', partner_id: 'p-x', name: said('partner.new_name'), address: said('partner.new_address') });
  await send({ type: 'create_template', template_id: 't-x', partner_id: 'p-x', name: said('template.name') });
  await send({ type: 'update_template', template_id: 't-x', name: said('template.new_name') });
  await send({ type: 'create_product', product_id: 'X', name: said('product.name'), price: 10000, partner_id: 'p-x', template_id: 't-x', kind: 'goods', product_type: said('product.type'), bundled: true, delivery_fee: 3000, lead_time_days: 2 });
  await send({ type: 'update_product', product_id: 'X', name: said('product.new_name') });
  await send({ type: 'create_sku', sku_id: 'X-1', product_id: 'X', option_name: said('sku.option') });
  await send({ type: 'create_sku', sku_id: 'X-2', product_id: 'X', option_name: said('sku.option2') });
  await send({ type: 'receive_stock', sku_id: 'X-1', quantity: 500 });
  await send({ type: 'shrink_stock', sku_id: 'X-1', quantity: 1, reason: said('shrink.reason') });
  await send({ type: 'adjust_stock', sku_id: 'X-1', quantity: 1, reason: said('adjust.reason') });
  await send({ type: 'create_campaign', campaign_id: 'cm-x', sku_id: 'X-2', name: said('campaign.name'), price: 9000, allotted: 5, opens_at: '2026-01-01T00:00:00Z', closes_at: '2099-01-01T00:00:00Z' });

  const recipient = (of) => ({ name: said(`${of}.name`), phone: said(`${of}.phone`), zip: '04524', address: said(`${of}.address`), address_detail: said(`${of}.detail`) });
  const place = (id, more) => send({ type: 'place_order', order_id: id, customer_id: 'u-x', lines: [{ sku_id: 'X-1', quantity: 2 }], ...more });
  await place('x-deposit', { payment: { kind: 'deposit', method: 'virtual_account', virtual_account_no: code('deposit.account'), bank_code: code('deposit.bank'),
    account_owner: said('deposit.owner'), holder: said('deposit.holder'), remitter: said('deposit.remitter') } });
  await place('x-pay');
  await send({ type: 'decline_payment', order_id: 'x-pay', reason: said('decline.reason') });
  await send({ type: 'approve_payment', order_id: 'x-pay', settlements: [{ method: 'card', amount: 23000, approval: { approval_id: code('approval.id'), token: code('approval.token') } }] });
  const paid = (id, more) => place(id, { payment: { kind: 'approved', settlements: [{ method: 'card', amount: 23000, approval: { approval_id: code(`${id}.approval`), token: code(`${id}.token`) } }] }, recipient: recipient(id), ...more });
  await paid('x-refund');
  await send({ type: 'cancel_lines', order_id: 'x-refund', lines: [1] });
  const { refund_key } = (await shop.order('x-refund')).refunds[0];
  await send({ type: 'fail_refund', order_id: 'x-refund', refund_key, reason: said('refund.reason') });
  await send({ type: 'refund_by_bank_transfer', order_id: 'x-refund', refund_key, holder: said('refund.holder') });
  await paid('x-none');
  await send({ type: 'prepare', order_id: 'x-none' });
  await send({ type: 'set_shipping_address', order_id: 'x-none', recipient: recipient('destination') });
  await send({ type: 'purchase_from_non_partner', order_id: 'x-none', seller_name: said('seller.name'), amount: 1 });
  await send({ type: 'cancel_procurement', order_id: 'x-none', reason: said('procurement.reason') });
  await paid('x-ship');
  for (const type of ['prepare', 'use_own_stock', 'complete_procurement']) await send({ type, order_id: 'x-ship' });
  await send({ type: 'ship', order_id: 'x-ship', waybills: [{ line_no: 1, carrier: code('ship.carrier'), waybill_no: code('ship.waybill'), quantity: 1 }] });
  await send({ type: 'register_waybill', order_id: 'x-ship', line_no: 1, carrier: code('register.carrier'), waybill_no: code('register.waybill'), quantity: 1 });
  await shop.ask({ type: 'update_waybill', order_id: 'x-ship', line_no: 1, carrier: code('refused.carrier'), waybill_no: code('refused.waybill'), quantity: 1 });
  await send({ type: 'mark_delivered', order_id: 'x-ship', forced: true, reason: said('delivery.reason') });
  for (const [group, end] of [[1, { type: 'reject_return', reason: said('return.reason') }], [2, { type: 'withdraw_return' }]]) {
    await send({ type: 'request_return', order_id: 'x-ship', lines: [{ line_no: 1, quantity: 1 }], reason: 'other', fault: 'buyer' });
    await send({ order_id: 'x-ship', claim_group: group, ...end });
  }
  await send({ type: 'request_exchange', order_id: 'x-ship', line_no: 1, quantity: 1, reason: 'other', fault: 'buyer' });
  await send({ type: 'reject_exchange', order_id: 'x-ship', claim_group: 3, reason: said('exchange.reason') });
  // over the stream nobody looks at who asks: hostile names and ids, too
  const raw = (command) => shop.stream(JSON.stringify(command));
  await raw({ id: code('command.id').slice(0, 64), type: 'confirm_purchase', order_id: 'x-ship', actor: `operator:${code('actor')}`.slice(0, 70) });
  await until('the hostile operator', async () => (await shop.order('x-ship')).status === 'PURCHASE_CONFIRMED');
  await raw({ id: 'review-of-x', type: 'write_review', order_id: 'x-ship', actor: 'buyer:u-x', line_no: 1, rating: 1, text: said('review.text') });
  await raw({ id: said('dead.id'), type: said('dead.type'), actor: said('dead.actor') });
  await shop.stream(said('dead.raw'));
  await shop.stream(said('dead.gone'));
  const gone = await until('dead letters', async () => (await shop.get('/v1/dead-letters')).items.find((l) => l.command.startsWith('dead.gone')));
  // who takes one away names the request, and the audit keeps that
  await shop.act('DELETE', `/v1/dead-letters/${gone.partition}/${encodeURIComponent(gone.dead_letter_id)}`, { 'X-Request-Id': code('request') });
  await until('the letter of what was declined', async () => (await shop.hookLetters(1)).some((l) => l.events.some((e) => e.order_id === 'x-pay')));
  return put;
}

/** Texts that a view must show, as they are. The others are kept apart (personal data) or shown nowhere. */
const SHOWN = [
  ['/stock', ['sku.option', 'sku.option2']], ['/stock/X-1', ['sku.option', 'shrink.reason', 'adjust.reason']], ['/stock/X-2', ['campaign.name']], ['/campaigns', ['campaign.name']],
  ['/orders/x-pay', ['decline.reason', 'approval.id']], ['/orders/x-refund', ['refund.reason']], ['/orders/x-none', ['seller.name', 'procurement.reason']],
  ['/orders/x-ship', ['ship.carrier', 'ship.waybill', 'register.carrier', 'register.waybill', 'refused.carrier', 'delivery.reason', 'return.reason', 'exchange.reason', 'actor']],
  ['/dead-letters', ['dead.raw', 'dead.type']], ['/webhooks', ['decline.reason']], ['/webhooks/mail', ['decline.reason']], ['/audit', ['request', 'adjust.reason', 'campaign.name']],
  [`/webhooks/${encodeURIComponent(tight('route'))}`, []], [`/erase/${encodeURIComponent(tight('route'))}`, []], ['/erase/u-x', []],
  [`/api/${encodeURIComponent(tight('route'))}`, []], [`/api/schema/${encodeURIComponent(tight('route'))}`, []], [`/api/post_commands?type=${encodeURIComponent(tight('query'))}`, []], ['/', []], ['/orders', []], ['/orders?customer_id=u-x', []], ['/orders/x-deposit', ['deposit.account', 'deposit.bank']],
  [`/orders/${encodeURIComponent(tight('route'))}`, []], [`/orders?customer_id=${encodeURIComponent(tight('query'))}`, []], [`/stock/${encodeURIComponent(tight('route'))}`, []],
];

const squeezed = (s) => s.replace(/\s+/g, ' ');
/** In the raw part of a page a text is JSON. */
const quoted = (s) => JSON.stringify(s).slice(1, -1);

/** Opens every view, and every dialog of the orders; nothing may have run. */
export async function opened(page, put) {
  page.allowed.push(404, 422);
  for (const [view, expected] of SHOWN) {
    await visit(page, view);
    await page.evaluate(() => document.querySelectorAll('main details').forEach((d) => { d.open = true; }));
    await still(page, view);
    // what a list of letters hides
    const hides = page.locator('main button.whole');
    for (let left = await hides.count(); left > 0; left -= 1) {
      await hides.first().click();
      await page.waitForFunction((n) => document.querySelectorAll('main button.whole').length < n, left);
    }
    if (expected.includes('deposit.account')) {
      await page.click('#accounts'); // which are shown to who asks
      await page.waitForSelector('#accounts', { state: 'detached' });
    }
    const all = squeezed(await page.evaluate(() => document.querySelector('main').textContent));
    for (const where of expected) {
      const mark = squeezed(where === 'actor' ? put[where].slice(0, 40) : put[where]);
      assert(all.includes(mark) || all.includes(squeezed(quoted(put[where]))) || all.includes(quoted(mark)), `${view} does not show ${where} as it is`);
    }
    for (const button of await page.locator('main button[aria-haspopup=dialog], main td button').all()) {
      await button.click();
      await page.waitForSelector('dialog[open]');
      await page.keyboard.press('Escape');
      await page.waitForSelector('dialog', { state: 'detached' });
    }
    await still(page, view);
  }
}

/** A document in which every word is hostile, with a schema that holds itself. */
function twisted(part, name = '') {
  if (Array.isArray(part)) return part.map((one) => twisted(one, name));
  if (part && typeof part === 'object') {
    const fields = Object.entries(part).map(([key, value]) => [name === 'properties' ? tight(key) : key, twisted(value, key)]);
    return Object.fromEntries(fields);
  }
  const kept = ['$ref', 'type', 'operationId', 'in'];
  return typeof part === 'string' && !kept.includes(name) ? tight(part) : part;
}

/** What no command can bring in, should the server ever say it: names and hosts of webhooks, an answer’s error, the audit, the API’s document. */
export async function forged(page) {
  const of = (name) => hostile(name);
  const json = (where, body, status = 200) => page.route(where, (route) => route.fulfill({ status, json: body }));
  const letter = { failed_delivery_id: of('letter'), partition: of('partition'), delivery_id: of('parcel'), reason: of('receiver'), attempts: 3, at: '2026-01-01T00:00:00Z',
    events: [{ order_id: of('order'), event: { type: of('kind'), reason: of('why') } }] };
  await json('**/v1/webhooks', { items: [{ name: of('hook'), host: of('host'), types: [of('type')], positions: [{ partition: of('at'), entry: of('entry') }], failed_deliveries: 2 }] });
  await json('**/v1/webhooks/*/failed-deliveries?*', { items: [letter], next: of('next') });
  await json('**/resend', { title: of('title'), detail: of('detail'), reason: of('code'), status: 502 }, 502);
  const promotion = { gift_promotion_id: tight('promotion'), main_product_ids: [of('product')], gift_sku_ids: [tight('gift')], gift_quantity: 1, main_quantity: 1, opens_at: null, closes_at: null, when_sold_out: of('policy') };
  await json('**/v1/gift-promotions', { items: [promotion], next: null });
  await json('**/v1/gift-promotions/*', promotion);
  await json('**/v1/audit*', { items: [{ id: of('id'), at: '2026-01-01T00:00:00Z', action: of('action'), actor: of('actor'), target: `customer:${of('target')}`, detail: { [of('field')]: of('value') }, request_id: of('request') },
    { id: of('id2'), at: '2026-01-01T00:00:00Z', action: 'COMMAND', actor: of('actor'), target: tight('sku'), detail: { type: of('type'), sku_id: tight('sku'), [of('field')]: of('value'), opens_at: of('time'), kind: of('kind'), price: { [of('deep')]: of('deeper') } }, request_id: of('request') }], next: null });
  await json('**/v1/orders/*/audit', { items: [{ at: '2026-01-01T00:00:00Z', action: of('noted'), actor: of('actor'), reason: of('why'), command_id: of('command') }], next: null });
  const kin = (o) => ({ ...o, linked_orders: [{ order_id: tight('child'), kind: of('kind'), state: of('state'), state_korean: of('korean'), partner_id: of('partner'), lines: [of('line')] }] });
  await page.route('**/v1/orders/x-*', async (route) => route.fulfill({ json: kin(await (await route.fetch()).json()) }));
  let at = Date.parse('2026-01-01T00:00:00Z');
  const looks = () => Array.from({ length: 5 }, () => `data: ${JSON.stringify({ at: new Date(at += 1000).toISOString(), partitions: of('p'), owned: 1, broken: false, commands: {}, placed: 1, refusals: { [of('code')]: at / 1000 }, p50_ms: 1, p99_ms: 2,
    hot: [{ sku_id: tight('hot'), on_hand: 4, held: 1, sold: 2, sold_net: 2 }], lanes: [{ partition: of('lane'), lag: 1, pending: 1, in_flight: 1, resets: 0, dead_letters: 0 }] })}\n\n`).join('');
  await page.route('**/v1/live', (route) => route.fulfill({ contentType: 'text/event-stream', body: looks() }));
  await page.reload();
  await page.waitForFunction(() => /hot.*__pwned/.test(document.querySelector('.charts')?.textContent));
  await json('**/v1/customers/*/erase', { customer_id: of('c'), orders: 1, rows: 1, dead_letters: 1, pending: [of('kept')], pending_orders: 5 });
  await page.route('**/openapi.json', async (route) => {
    const doc = await (await route.fetch()).json();
    const bad = twisted(doc);
    bad.components.schemas.Loop = { $ref: '#/components/schemas/Loop' };
    bad.components.schemas[tight('Name')] = { type: 'object', required: ['again'], properties: { again: { $ref: `#/components/schemas/${tight('Name')}` } } };
    bad.paths[tight('/v1/path')] = { get: { operationId: 'bad', summary: of('summary'), security: [{ token: [] }], responses: {}, parameters: [{ name: tight('p'), in: 'query', schema: { enum: [tight('v')] } }] } };
    await route.fulfill({ json: bad });
  });
  page.allowed.push(404, 422, 502);
  for (const view of ['/', '/orders/x-ship', '/gifts', '/gifts/x', '/webhooks', '/webhooks/x', '/audit', '/api', '/api/bad', '/api/post_commands', '/api/get_orders_id', '/api/schema/OrderView', '/api/schema/Loop', `/api/schema/${encodeURIComponent(tight('Name'))}`]) {
    await visit(page, view);
    await unfolded(page, 3);
    assert.match(await page.evaluate(() => document.querySelector('main').textContent), /__pwned|Loop/, view);
    await still(page, view);
  }
  await visit(page, '/webhooks');
  await page.click('main td button >> nth=0');
  await page.click('dialog button.main');
  await page.waitForSelector('dialog .problem:not(:empty)');
  assert.match(await page.evaluate(() => document.querySelector('dialog').textContent), /receiver.*__pwned[\s\S]*detail.*__pwned/);
  await still(page, 'a letter that is not taken');
  await page.keyboard.press('Escape');
  await visit(page, '/erase/u-x');
  await page.fill('#customer-again', 'u-x');
  await page.click('#erase');
  await page.waitForSelector('#erased');
  assert.match(await page.evaluate(() => document.querySelector('#erased').textContent), /kept.*__pwned/);
  await still(page, 'what was erased');
}

/** Nothing has run, and nothing is there that could. */
async function still(page, view) {
  const found = await page.evaluate(() => ({
    ran: window.__pwned ?? null,
    made: [...document.querySelectorAll('main img, main iframe, main script, dialog img, header img, [onerror], [onload], [onfocus], [srcdoc], a[href^="javascript:"]')].map((e) => e.outerHTML.slice(0, 200)),
    drawn: [...document.querySelectorAll('main svg')].filter((e) => !e.matches('.plot')).length,
  }));
  assert.deepEqual(found, { ran: null, made: [], drawn: 0 }, view);
}

/** The policy is on the page and on each of its parts. */
export async function policy(url) {
  const files = fs.readdirSync('src/http/console');
  assert(files.length > 8);
  for (const where of ['/', ...files.map((name) => `/console/${name}`)]) {
    const response = await fetch(url + where);
    assert.equal(response.status, 200, where);
    const csp = response.headers.get('content-security-policy') ?? '';
    for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "base-uri 'none'", "frame-ancestors 'none'"]) assert(csp.includes(part), `${where}: ${csp}`);
    assert(!/unsafe|\*|https?:/.test(csp), `${where}: ${csp}`);
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
    assert(!/(https?:)?\/\/(?!127\.0\.0\.1)[\w-]+\.[\w.]+\//.test((await response.text()).replaceAll('http://www.w3.org/2000/svg', '')), `${where} names another place`);
  }
}
