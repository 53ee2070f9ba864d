// What lies beside the orders: webhooks, the audit, erasing a person, the API reference.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { text, visit } from './browser.mjs';
import { order, unpaid } from './seed.mjs';
import { unfolded } from './views.mjs';

const within = (page, most) => assert(page.clicks <= most, `${page.clicks} clicks`);
const rows = (page) => page.locator('main tbody tr').count();
const focused = (page) => page.evaluate(() => document.activeElement.id);
const main = (page) => text(page, 'main');
const gone = (page) => page.waitForSelector('dialog', { state: 'detached' });

/** Orders whose payment is declined: `mail` hears of it, and does not take it. */
async function declined(shop, ids) {
  const before = (await shop.get('/v1/webhooks/mail/failed-deliveries')).items.length;
  for (const order_id of ids) {
    await unpaid(shop, order_id);
    await shop.send({ type: 'decline_payment', order_id, reason: 'limit' });
  }
  return shop.hookLetters(before + ids.length);
}

/** [name, ({ shop, page, fresh }) => …] */
export const PAGES = [
  ['webhooks: a letter that is not taken, then taken; one discarded', async ({ shop, page }) => {
    const mail = shop.receivers.mail;
    const letters = async () => (await shop.get('/v1/webhooks/mail/failed-deliveries')).items.map((l) => l.failed_delivery_id);
    const [newest, older] = await declined(shop, ['o-hook-1', 'o-hook-2']);
    await page.start();
    page.clicks = 0;
    await page.press('#more');
    await page.press('#more-list >> text=Webhooks');
    await page.waitForSelector('h1:text-is("Webhooks")');
    within(page, 2);
    assert.match(await main(page), /mail[\s\S]*127\.0\.0\.1[\s\S]*Payment declined[\s\S]*o-hook-2/);
    const resend = `[id="resend-mail-${newest.failed_delivery_id}"]`;
    page.allowed.push(502);
    await page.click(resend);
    assert.match(await text(page, 'dialog'), /limit/);
    await page.click('dialog button.main');
    await page.waitForSelector('dialog .problem:has-text("The receiver would not have it (the receiver answered 422)")');
    await page.keyboard.press('Escape');
    await gone(page);
    assert((await letters()).includes(newest.failed_delivery_id));

    mail.answer = 200;
    const got = mail.got.length;
    await page.start();
    page.clicks = 0;
    await page.press('nav >> text=Dead letters'); // whatever waits for an operator is there
    await page.press(resend);
    await page.press('dialog button.main');
    await gone(page);
    within(page, 3);
    assert.deepEqual(mail.got.slice(got).map((parcel) => [parcel.id, parcel.events[0].order_id]), [[newest.delivery_id, 'o-hook-2']]);
    assert(!(await letters()).includes(newest.failed_delivery_id));
    mail.answer = 422;

    await page.start();
    page.clicks = 0;
    await page.press('nav >> text=Dead letters'); // whatever waits for an operator is there
    await page.press(`[id="discard-mail-${older.failed_delivery_id}"]`);
    await page.press('dialog button.main');
    await gone(page);
    within(page, 3);
    assert(!(await letters()).includes(older.failed_delivery_id));
    await visit(page, '/webhooks/mail');
    assert.equal(await rows(page), (await letters()).length);
    await visit(page, '/audit');
    assert.match(await main(page), /Webhook discarded[\s\S]*mail\/[\s\S]*Webhook resent/);
    page.allowed.push(404);
    await visit(page, '/webhooks/nobody');
    assert.match(await text(page, 'main .problem'), /there is no webhook nobody/);
  }],
  ['gift promotions: made, looked at, changed, run out', async ({ shop, page }) => {
    await shop.send({ type: 'create_sku', sku_id: 'TOWEL-9', product_id: 'TOWEL', option_name: '파랑' });
    page.allowed.push(404, 409); // a gift that there is not: looked for, and refused
    await page.start();
    page.clicks = 0;
    await page.press('#more');
    await page.press('#more-list >> text=Gift promotions');
    await page.waitForSelector('h1:text-is("Gift promotions")');
    within(page, 2);
    await page.click('#make-gifts');
    await page.click('#preview');
    await page.waitForSelector('dialog .problem:has-text("Promotion id")');
    const fill = async (label, value) => page.fill(`dialog .field:has(label:text-is("${label}")) input`, value);
    await fill('Promotion id', 'gp-new');
    await fill('Main products', 'AC, FAN');
    await fill('Gift SKUs', 'TOWEL-9, NO-SUCH');
    await fill('Gift units', '2');
    await fill('Opens at', '2026-01-01T09:00');
    await page.click('#preview');
    await page.waitForSelector('dialog .preview:has-text("No such SKU")');
    await page.click('#confirm');
    await page.waitForSelector('dialog .problem:has-text("No such SKU")');
    await fill('Gift SKUs', 'TOWEL-9');
    assert(await page.isDisabled('#confirm'), 'what is confirmed has been looked at');
    await page.click('#preview');
    await page.waitForSelector('dialog .preview:has-text("AC, FAN")');
    await page.click('#confirm');
    await gone(page);
    await page.waitForSelector('td a:text-is("gp-new")');
    const told = async () => shop.get('/v1/gift-promotions/gp-new');
    const made = await told();
    assert.deepEqual([made.main_product_ids, made.gift_sku_ids, made.gift_quantity, made.main_quantity, made.when_sold_out], [['AC', 'FAN'], ['TOWEL-9'], 2, 1, 'continue']);
    const zone = await page.evaluate(() => new Date('2026-01-01T09:00:00').toISOString());
    assert.equal(new Date(made.opens_at).toISOString(), zone);
    assert.match(await main(page), /gp-new\s+Running\s+gift 2 \/ main goods 1\s+AC, FAN\s+TOWEL-9[\s\S]*Goes on without it/);

    // one of them: what has run out, and what happens then
    await page.click('td a:text-is("gp-new")');
    await page.waitForSelector('#ran-out:has-text("goes on without")');
    assert.match(await main(page), /TOWEL-9[\s\S]*Ran out/);
    await page.click('#change-gifts');
    await page.click('#preview');
    await page.waitForSelector('dialog .problem:has-text("Nothing would change")');
    await page.selectOption('dialog select', 'refuse');
    await fill('Main products', 'AC');
    await page.click('#preview');
    await page.waitForSelector('dialog .preview:has-text("Goes on without it → Refused")');
    assert.match(await text(page, 'dialog .preview'), /AC, FAN → AC/);
    await page.click('#confirm');
    await gone(page);
    await page.waitForSelector('#ran-out:has-text("is refused")');
    const changed = await told();
    assert.deepEqual({ ...made, main_product_ids: ['AC'], when_sold_out: 'refuse' }, changed, 'only what was named');
    await shop.send({ type: 'receive_stock', sku_id: 'TOWEL-9', quantity: 7 });
    await visit(page, '/gifts');
    await visit(page, '/gifts/gp-new');
    assert.equal(await page.locator('#ran-out').count(), 0);
    await page.click('#lang');
    await page.waitForSelector('h2:text-is("사은품 단품")');
    assert.match(await main(page), /주문 거절/);
    await page.click('#lang');
    page.allowed.push(404);
    await visit(page, '/gifts/nothing');
    assert.match(await text(page, 'main .problem'), /there is no such gift promotion/);
    await visit(page, '/audit');
    assert.match(await main(page), /gp-new/);
  }],
  ['the audit, page by page', async ({ shop, page }) => {
    await Promise.all(Array.from({ length: 52 }, (_, n) => shop.act('POST', `/v1/customers/u-audit-${n}/erase`)));
    await shop.act('POST', '/v1/customers/u-audit-last/erase', { 'X-Request-Id': 'the-last-request' });
    await page.start();
    page.clicks = 0;
    await page.press('#more');
    await page.press('#more-list >> text=Audit');
    await page.waitForSelector('td:has-text("the-last-request")');
    within(page, 2);
    assert.equal(await rows(page), 50);
    assert.match(await text(page, 'main tbody tr'), /Person erased[\s\S]*operator:boss[\s\S]*customer:u-audit-last/);
    await page.click('.pager >> text=Next');
    await page.waitForFunction(() => location.hash.includes('cursor') && !document.querySelector('main[aria-busy]'));
    const { items } = await shop.get('/v1/audit?limit=500');
    assert.equal(await rows(page), Math.min(50, items.length - 50));
    await page.click('.pager >> text=First');
    await page.waitForSelector('td:has-text("the-last-request")');
  }],
  ['the audit tells commands about goods and stock, with their values', async ({ shop, page }) => {
    await shop.send({ type: 'adjust_stock', sku_id: 'WH-1', quantity: -2, reason: 'counted again', id: 'adjust-it' });
    await shop.send({ type: 'update_product', product_id: 'WH', price: 7100, bundled: true });
    await page.start();
    await visit(page, '/audit');
    const [change, adjust] = await page.locator('main tbody tr').allInnerTexts();
    assert.match(change, /Update product\s+Command\s+operator:boss\s+WH\s+Bundled yes\s+Unit price ₩7,100\s+Command id console-test/);
    assert.match(adjust, /Adjust stock\s+Command\s+operator:boss\s+WH-1\s+Quantity -2\s+Reason counted again\s+Command id adjust-it/);
    await page.click('td a:text-is("WH-1")');
    await page.waitForSelector('h1:has-text("WH-1")');
    await page.click('#lang');
    await visit(page, '/audit');
    assert.match((await page.locator('main tbody tr').allInnerTexts())[1], /재고조정[\s\S]*수량 -2\s+사유 counted again/);
    await page.click('#lang');
    await shop.send({ type: 'update_product', product_id: 'WH', price: 7000 });
  }],
  ['a person is erased, after the id was typed once more', async ({ shop, page }) => {
    await unpaid(shop, 'o-erase-1', { customer_id: 'u-erase', recipient: { name: '김철수', phone: '010-1234-5678', zip: '04524', address: '서울 중구' } });
    await shop.send({ type: 'cancel_payment', order_id: 'o-erase-1' });
    await order(shop, 'o-erase-2', 'paid', 'u-erase');
    const noted = async () => (await shop.get('/v1/audit')).items.filter((a) => a.target === 'customer:u-erase').length;
    await page.start();
    page.clicks = 0;
    await page.press('#more');
    await page.press('#more-list >> text=Erase personal data');
    await page.fill('#customer', 'u-erase');
    await page.keyboard.press('Enter');
    await page.waitForSelector('h1:has-text("u-erase")');
    assert.match(await main(page), /What goes[\s\S]*What stays[\s\S]*o-erase-2[\s\S]*o-erase-1/);
    await page.fill('#customer-again', 'u-eras');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.problem:has-text("That is not this customer’s id")');
    assert.equal(await noted(), 0, 'nothing was sent');
    await page.fill('#customer-again', 'u-erase');
    await page.press('#erase');
    await page.waitForSelector('#erased');
    within(page, 3);
    assert.equal(await focused(page), 'erased', 'the result is told');
    const said = await text(page, '#erased');
    assert.match(said, /Orders that keep nothing\s+1\s[\s\S]*Orders still under way\s+1\s[\s\S]*o-erase-2/);
    assert.match(said, /Rows of personal data erased\s+[1-9]/);
    assert.equal(await noted(), 1);
    // the same from the orders of a customer
    await visit(page, '/orders?customer_id=u-erase');
    await page.click('a:text("Erase this customer’s data")');
    await page.waitForSelector('#customer-again');
    page.allowed.push(422);
    await visit(page, `/erase/${encodeURIComponent('no id')}`);
    await page.waitForSelector('main .problem');
  }],
  ['the menu by keyboard: more of it opens, closes, is followed', async ({ page }) => {
    await page.start();
    await page.focus('#more');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    const entries = await page.evaluate(() => [...document.querySelectorAll('#more-list a')].map((a) => a.textContent));
    assert.deepEqual(entries, ['Gift promotions', 'Webhooks', 'Audit', 'Erase personal data', 'API reference']);
    assert.equal(await page.evaluate(() => document.activeElement.textContent), entries[0]);
    await page.keyboard.press('Escape');
    assert.deepEqual([await focused(page), await page.isVisible('#more-list')], ['more', false]);
    await page.keyboard.press('Enter');
    for (let n = 0; n <= entries.length; n++) await page.keyboard.press('Tab'); // out of it
    assert.equal(await page.isVisible('#more-list'), false);
    await page.focus('#more');
    await page.keyboard.press('Space');
    for (let n = 0; n < entries.length; n++) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForSelector('h1:text-is("API reference")');
    await page.waitForFunction(() => document.activeElement.tagName === 'H1');
    await page.focus('#seek');
    await page.keyboard.type('ledger');
    await page.keyboard.press('Enter');
    await page.waitForSelector('h1:has-text("/v1/skus/{id}/ledger")');
    await page.focus('#try-id');
    await page.keyboard.type('AC-100');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.answer-body:has-text("on_hand")');
    await page.fill('#seek', '');
  }],
  ['the API reference: every operation and every schema has its page', async ({ shop, page }) => {
    const doc = await (await fetch(`${shop.url}/openapi.json`)).json();
    const all = Object.entries(doc.paths).flatMap(([path, of]) => Object.entries(of).map(([method, o]) => ({ path, method: method.toUpperCase(), ...o })));
    const typed = all.filter((o) => o.method === 'POST' && o.path.startsWith('/v1/commands/')); // listed as commands
    assert.equal(typed.length, doc.components.schemas.Command.oneOf.length);
    await page.start();
    page.clicks = 0;
    await page.press('#more');
    await page.press('#more-list >> text=API reference');
    await page.waitForSelector('.ops');
    assert.deepEqual((await page.locator('.op').evaluateAll((links) => links.map((a) => a.getAttribute('href')))).sort(), all.filter((o) => !typed.includes(o)).map((o) => `#/api/${o.operationId}`).sort());
    await page.press('.op:has-text("/v1/orders/{id}/timeline")');
    await page.waitForSelector('h1:has-text("/v1/orders/{id}/timeline")');
    within(page, 3);
    const slow = [];
    const timed = async (view) => {
      const began = Date.now();
      await visit(page, view);
      if (Date.now() - began > 2000) slow.push(view);
    };
    // of those that are made alike, some: each takes its time
    const alike = (o) => o.method === 'POST' && (typed.includes(o) || /^\/v1\/orders\/\{id\}\/[a-z_]+$/.test(o.path));
    for (const o of all.filter((o, i) => !alike(o) || i % 5 === 0)) {
      await timed(`/api/${o.operationId}`);
      await unfolded(page, 2);
      const said = await main(page);
      for (const part of [o.method, o.path, o.summary, ...o.parameters.map((p) => p.name), ...Object.keys(o.responses)]) assert(said.includes(part), `${o.operationId} does not tell ${part}`);
      assert.equal(await page.locator('#try').count(), o.method === 'GET' && !JSON.stringify(o.responses).includes('event-stream') ? 1 : 0, `${o.operationId}: GET alone is tried`);
      const refs = JSON.stringify([o.requestBody ?? '', Object.values(o.responses)]).matchAll(/schemas\/(\w+)"/g);
      for (const [, name] of refs) if (name !== 'Command') assert(await page.locator(`main a[href="#/api/schema/${name}"]`).count() > 0, `${o.operationId} does not link to ${name}`);
    }
    await timed('/api/schema/OrderView');
    // the others without the way there: there are hundreds
    const untold = await page.evaluate(async (schemas) => {
      const { schemaView } = await import('/console/reference.js');
      const missing = [];
      for (const [id, schema] of Object.entries(schemas)) {
        const told = (await schemaView({ id })).textContent;
        missing.push(...Object.keys(schema.properties ?? {}).filter((name) => !told.includes(name)).map((name) => `${id}.${name}`));
      }
      return missing;
    }, doc.components.schemas);
    assert.deepEqual(untold, []);
    assert.deepEqual(slow, [], 'a page is there within two seconds, on a busy machine');
  }],
  ['the API reference: commands are found, chosen, and their examples are ones', async ({ shop, page }) => {
    // a command by its path, and the line as it stands there, run
    await order(shop, 'o-1');
    await visit(page, '/api/post_orders_id_cancel_lines');
    assert.deepEqual(JSON.parse(await text(page, '#example')), { lines: [1] });
    const run = async () => spawnSync('bash', ['-c', await text(page, '#curl')], { encoding: 'utf8', env: { ...process.env, TOKEN: shop.tokens.operator } });
    const done = await run();
    assert.equal(JSON.parse(done.stdout).outcome, 'accepted', done.stdout + done.stderr);
    assert.equal((await shop.order('o-1')).lines[0].cancelled, 2);
    await visit(page, '/api/get_orders_id');
    assert.equal(JSON.parse((await run()).stdout).order_id, 'o-1');
    await visit(page, '/api');
    await page.fill('#seek', 'cancel_lines');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#command');
    assert.equal(await page.inputValue('#command'), 'cancel_lines');
    await page.fill('#seek', '');
    const { components } = await (await fetch(`${shop.url}/openapi.json`)).json();
    assert.equal(await page.locator('#command option').count(), components.schemas.Command.oneOf.length);
    for (const tag of await page.locator('#command option').allInnerTexts()) {
      await page.selectOption('#command', tag);
      assert.equal(await page.evaluate(() => location.hash), `#/api/post_commands?type=${tag}`);
      const body = JSON.parse(await text(page, '#example'));
      assert.equal(body.type, tag);
      const answer = await shop.ask(body);
      const unread = /missing field|unknown (field|variant)|invalid (type|value)|expected|has no type/.test(answer.message ?? answer.detail);
      assert(!unread && [undefined, 'forbidden'].includes(answer.status && answer.reason), `${tag}: ${JSON.stringify(body)}: ${JSON.stringify(answer)}`);
    }
    await page.selectOption('#command', 'place_order');
    await page.click('.fields li:has(> p > code:text-is("payment")) summary');
    await page.selectOption('.variants select', { label: 'deposit' });
    assert.match(await text(page, '.variants'), /virtual_account_no/);
  }],
  ['the API reference: a GET is tried', async ({ shop, page }) => {
    await order(shop, 'o-try');
    await visit(page, '/api/get_orders_id');
    await page.click('#try');
    await page.waitForSelector('.problem:has-text("id: This is needed")');
    assert.equal(await focused(page), 'try-id');
    await page.fill('#try-id', 'o-try');
    assert.match(await text(page, '#curl'), /\/v1\/orders\/o-try'/);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.click('#copy-curl');
    await page.waitForSelector('.toast:has-text("Copied")');
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), await text(page, '#curl'));
    await page.click('#try');
    await page.waitForSelector('.answer-body');
    const said = await text(page, 'section:has(#try)');
    for (const part of ['200', '/v1/orders/o-try', 'etag', 'x-request-id', '"customer_id": "u-1"', ' ms']) assert(said.includes(part), `${part} is not in ${said}`);
    page.allowed.push(404);
    await page.fill('#try-id', 'o/none ?');
    await page.click('#try');
    await page.waitForSelector('.answer-body:has-text("not_found")');
    await visit(page, '/api/get_orders');
    await page.fill('#try-limit', '1');
    await page.fill('#try-status', 'ORDERED'); // several may stand there, so it is no list to choose from
    await page.click('#try');
    await page.waitForSelector('.answer-body:has-text("\\"status\\": \\"ORDERED\\"")');
    assert.match(await text(page, 'section:has(#try)'), /\?limit=1&status=ORDERED|status=ORDERED&limit=1/);
  }],
  ['the API reference is open to who has not signed in', async ({ fresh }) => {
    const page = await fresh({});
    await page.click('main a[href="#/api"]');
    await page.waitForSelector('.ops');
    await page.click('.op:has-text("/v1/campaigns") >> nth=0');
    await page.waitForSelector('h1:has-text("/v1/campaigns")');
    assert.deepEqual([await page.locator('#try').count(), await page.locator('nav').count()], [0, 0]);
    await page.click('#lang');
    await page.waitForSelector('h2:text-is("응답")');
    await page.reload();
    await page.waitForSelector('h1:has-text("/v1/campaigns")');
    await visit(page, '/api/no_such');
    assert.match(await text(page, 'main .problem'), /그런 요청은 없습니다/);
    await page.click('#top a[href="#/"] >> text=로그인');
    await page.waitForSelector('#token');
    return page;
  }],
];
