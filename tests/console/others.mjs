// The other tasks: found, seen, sent again, thrown away; signing in; languages, themes, the live view, the keyboard.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { text, visit } from './browser.mjs';
import { catalogue, generations, order, rush, unpaid } from './seed.mjs';
import { until } from './shop.mjs';

const rows = (page) => page.locator('main tbody tr').count();
const within = (page, most) => assert(page.clicks <= most, `${page.clicks} clicks`);

/** [name, ({ shop, page, fresh }) => …]; `fresh(options)`: another page. */
export const OTHERS = [
  ['an order’s form by mouse alone: orders, the order, the action', async ({ shop, page }) => {
    await order(shop, 'o-mouse');
    await page.start();
    page.clicks = 0;
    await page.press('nav >> text=Orders');
    await page.press('td a:text-is("o-mouse")');
    await page.press('#do-cancel_lines-');
    await page.waitForSelector('dialog');
    within(page, 3);
    await page.click('#preview');
    await page.waitForSelector('dialog .problem:has-text("Choose at least one")');
    await page.keyboard.press('Escape');
    await page.waitForSelector('dialog', { state: 'detached' });
    assert.equal(await page.evaluate(() => document.activeElement.id), 'do-cancel_lines-', 'the focus goes back');
    assert.equal((await shop.order('o-mouse')).version, 1, 'nothing was sent');
  }],
  ['orders by id, by customer, by status', async ({ shop, page }) => {
    await order(shop, 'o-find', 'paid', 'u-find');
    await page.start();
    page.clicks = 0;
    await page.press('nav >> text=Orders');
    await page.fill('main .search >> nth=0 >> input', 'o-find');
    await page.press('main .search >> nth=0 >> button');
    await page.waitForSelector('h1:has-text("o-find")');
    within(page, 3);
    await page.start();
    page.clicks = 0;
    await page.press('nav >> text=Orders');
    await page.fill('main .search >> nth=1 >> input', 'u-find');
    await page.press('main .search >> nth=1 >> button');
    await page.waitForFunction(() => document.querySelectorAll('main tbody tr').length === 1);
    within(page, 2);
    await page.fill('main .search >> nth=1 >> input', '');
    await page.selectOption('main select', 'PAYMENT_CANCELLED');
    await page.click('main .search >> nth=1 >> button');
    await page.waitForFunction(() => location.hash.includes('PAYMENT_CANCELLED') && !document.querySelector('main[aria-busy]'));
    const there = (await shop.get('/v1/orders?status=PAYMENT_CANCELLED')).items.length;
    assert.equal(await rows(page), there);
    page.allowed.push(404);
    await visit(page, '/orders/o-nothing');
    assert.match(await text(page, 'main .problem'), /there is no order o-nothing/);
  }],
  ['orders by when they were placed, with customer and status; kept in the address', async ({ shop, page }) => {
    for (const [id, customer] of [['o-when-1', 'u-when'], ['o-when-2', 'u-when'], ['o-when-3', 'u-other']]) await order(shop, id, 'paid', customer);
    await shop.send({ type: 'cancel_lines', order_id: 'o-when-2', lines: [1, 2] });
    const listed = () => page.locator('main tbody tr td:first-child').allInnerTexts();
    const found = (hash) => page.waitForFunction((h) => location.hash.includes(h) && !document.querySelector('main[aria-busy]') && document.querySelector('main').dataset.view === location.hash, hash);
    // the page is in Seoul, nine hours before UTC
    const there = (ms) => new Date(Date.now() + 9 * 3600000 + ms).toISOString().slice(0, 16);
    await page.start();
    page.clicks = 0;
    await page.press('nav >> text=Orders');
    await page.getByLabel('Placed from').fill(there(-3600000));
    await page.getByLabel('Placed before').fill(there(3600000));
    await page.getByLabel('Customer id').fill('u-when');
    await page.press('main .search >> nth=1 >> button');
    await found('placed_before');
    within(page, 2);
    assert.deepEqual(await listed(), ['o-when-2', 'o-when-1']);
    const asked = new URLSearchParams((await page.evaluate(() => location.hash)).split('?')[1]);
    assert.equal(asked.get('placed_from'), `${new Date(Date.parse(`${await page.getByLabel('Placed from').inputValue()}:00+09:00`)).toISOString()}`);
    await page.selectOption('main select', 'CANCELLED');
    await page.click('main .search >> nth=1 >> button');
    await found('status=CANCELLED');
    assert.deepEqual(await listed(), ['o-when-2']);
    await page.reload();
    await page.waitForSelector('td a:text-is("o-when-2")');
    assert.deepEqual([await listed(), (await page.getByLabel('Placed from').inputValue()).slice(0, 10)], [['o-when-2'], there(-3600000).slice(0, 10)], 'kept in the address');
    // nothing yet, then a span that is none; by keyboard
    await page.selectOption('main select', '');
    await page.getByLabel('Placed from').fill(there(7200000));
    await page.getByLabel('Placed before').fill(there(3600000));
    await page.keyboard.press('Enter');
    assert.match(await page.evaluate(() => document.querySelector('[type=datetime-local]:invalid').validationMessage), /later than the other/);
    await page.getByLabel('Placed before').fill('');
    await page.keyboard.press('Enter');
    await page.waitForSelector('main .empty:has-text("No order fits")');
    assert(!(await page.evaluate(() => location.hash)).includes('placed_before'));
    page.allowed.push(400, 422);
    await visit(page, '/orders?placed_from=yesterday');
    await page.waitForSelector('main .problem');
  }],
  ['what was done to an order that wants a reason, and nothing where there is none', async ({ shop, page, fresh }) => {
    await order(shop, 'o-forced', 'shipped');
    const noted = 'section:has(h2:text-is("Privileged actions"))';
    const auditor = await fresh({ token: shop.tokens.auditor });
    await visit(page, '/orders/o-forced');
    await page.waitForSelector('.timeline');
    assert.equal(await page.locator(noted).count(), 0);
    await visit(auditor, '/orders/o-forced');
    await shop.send({ type: 'mark_delivered', order_id: 'o-forced', forced: true, reason: 'the buyer has it', id: 'force-it' });
    for (const one of [page, auditor]) { // the page follows
      await one.waitForSelector(noted);
      assert.match(await text(one, `${noted} tbody`), /Forced delivery\s+operator:boss\s+the buyer has it\s+force-it/);
    }
    await page.route('**/v1/orders/o-forced/audit', (route) => route.fulfill({ status: 503, json: { reason: 'busy' } }));
    page.allowed.push(503);
    await visit(page, '/orders');
    await visit(page, '/orders/o-forced');
    assert.match(await text(page, `${noted} .problem`), /Not now/);
    assert(await page.locator('.timeline > li').count() > 5, 'the rest is there');
    await page.unroute('**/v1/orders/o-forced/audit');
    return auditor;
  }],
  ['an order tells all of itself', async ({ shop, page }) => {
    await order(shop, 'o-tell', 'shipped');
    await shop.send({ type: 'request_return', order_id: 'o-tell', lines: [{ line_no: 1, quantity: 1 }], reason: 'defect', fault: 'seller' });
    await shop.ask({ type: 'cancel_lines', order_id: 'o-tell', lines: [1] });
    await visit(page, '/orders/o-tell');
    const all = await text(page, 'main');
    for (const part of ['반품진행 Returning', '₩38,000', 'o-tell-1', 'Return requested', 'Refused', 'operator:boss']) {
      assert(all.includes(part), `${part} is not told in: ${all}`);
    }
    assert.equal(await page.locator('.settled .bar').count(), 2, 'a bar for each settlement');
    assert(await page.locator('.timeline > li').count() >= 7);
    // somebody else changes it: the page follows
    await shop.send({ type: 'withdraw_return', order_id: 'o-tell', claim_group: 1 });
    await page.waitForSelector('.claim .pill:has-text("반품철회")');
  }],
  ['a refusal is told before anything is sent; a retry keeps its id', async ({ shop, page }) => {
    await order(shop, 'o-retry', 'shipped');
    await visit(page, '/orders/o-retry');
    page.allowed.push(409);
    await page.click('#do-add_gift-');
    await page.fill('dialog input[type=text]', 'NO-SUCH');
    await page.click('#preview');
    await page.waitForSelector('dialog .problem:has-text("No such SKU")');
    assert(await page.isDisabled('#confirm'));
    await page.keyboard.press('Escape');
    await page.waitForSelector('dialog', { state: 'detached' });
    await page.click('#do-request_exchange-');
    await page.click('#preview');
    await page.waitForSelector('dialog .preview');
    const keys = new Set();
    let n = 0;
    await page.route('**/v1/orders/o-retry/request_exchange', (route) => {
      keys.add(route.request().headers()['idempotency-key']);
      n += 1;
      return n === 1 ? route.fulfill({ status: 202, json: {} }) : route.continue();
    });
    await page.click('#confirm:not([disabled])');
    await page.waitForSelector('dialog .problem:has-text("Not known yet")');
    await page.click('#confirm:not([disabled])');
    await page.waitForSelector('dialog', { state: 'detached' });
    assert.deepEqual([n, keys.size], [2, 1]);
    assert.equal((await shop.order('o-retry')).claims.exchanges.length, 1);
  }],
  ['what is confirmed is what was previewed, or it is previewed anew', async ({ shop, page }) => {
    await order(shop, 'o-moved', 'shipped');
    await visit(page, '/orders/o-moved');
    page.allowed.push(412);
    await page.click('#do-request_exchange-');
    await page.click('#preview');
    await page.waitForSelector('dialog .preview');
    await shop.send({ type: 'mark_delivered', order_id: 'o-moved' }); // somebody else
    await page.click('#confirm:not([disabled])');
    await page.waitForSelector('#moved-on');
    await page.waitForSelector('dialog .preview');
    assert.equal((await shop.order('o-moved')).claims.exchanges.length, 0, 'nothing was done');
    await page.click('#confirm:not([disabled])');
    await page.waitForSelector('dialog', { state: 'detached' });
    assert.equal((await shop.order('o-moved')).claims.exchanges.length, 1);
  }],
  ['a family of three generations is whole on each of its orders', async ({ shop, page }) => {
    const ids = await generations(shop, 'o-kin');
    const [root, mid, leaf, installer] = ids;
    for (const id of ids) {
      await visit(page, `/orders/${encodeURIComponent(id)}`);
      await page.waitForSelector('.kin:not(:has(.hint))');
      const tree = await page.evaluate(() => {
        const told = (li) => [li.querySelector('a, b').textContent, [...li.querySelectorAll(':scope > ul > li')].map(told)];
        return told(document.querySelector('.tree > li'));
      });
      assert.deepEqual(tree, [root, [[mid, [[leaf, []]]], [installer, []]]], id);
      assert.equal(await text(page, '.kin b'), id);
      assert.equal(await page.locator('.kin a').count(), 3);
    }
    await page.focus(`[id="kin-${leaf}"]`);
    await page.keyboard.press('Enter');
    await page.waitForSelector(`h1:has-text("${leaf}")`);
    await page.waitForSelector(`.kin a:text-is("${installer}")`);
    // what is looked up comes after the page, and an order that can't be seen stays a link
    page.allowed.push(503);
    await page.route(`**/v1/orders/${encodeURIComponent(mid)}`, (route) => setTimeout(() => route.fulfill({ status: 503, json: { reason: 'busy' } }), 400));
    await visit(page, `/orders/${root}`);
    assert.match(await text(page, '.kin'), /Loading/);
    await page.waitForSelector('.kin:not(:has(.hint))');
    assert.deepEqual([await page.locator('.kin a').count(), (await text(page, '.kin')).includes(leaf)], [2, false]);
    await page.unroute(`**/v1/orders/${encodeURIComponent(mid)}`);
  }],
  ['a family too large or in a circle is cut, and says so', async ({ shop, page }) => {
    await order(shop, 'o-many');
    const plain = await shop.order('o-many');
    const links = (ids) => ids.map((order_id) => ({ order_id, kind: 'purchase', state: 'open', state_korean: '진행', partner_id: 'p-2', lines: [1] }));
    let asked = 0;
    const give = (of) => page.route(/\/v1\/orders\/m-/, (route) => {
      const id = decodeURIComponent(new URL(route.request().url()).pathname.split('/').pop());
      if (/timeline|audit/.test(id)) return route.fulfill({ json: { entries: [], items: [], refusals_known: true } });
      asked += 1;
      return route.fulfill({ json: { ...plain, order_id: id, ...of(id) } });
    });
    const whole = async (id) => {
      await visit(page, `/orders/${id}`);
      await page.waitForSelector('.kin:not(:has-text("Loading"))');
    };
    await give((id) => (id === 'm-root' ? { parent_order_id: null, linked_orders: links(Array.from({ length: 90 }, (_, n) => `m-${n}`)) } : { parent_order_id: 'm-root', linked_orders: [] }));
    await whole('m-77');
    assert.match(await text(page, '.kin'), /There are more/);
    assert.deepEqual([await page.locator('.kin li').count(), await text(page, '.kin b')], [40, 'm-77']);
    assert(asked <= 42, `${asked} asked`);
    await page.unroute(/\/v1\/orders\/m-/);
    // a chain of twenty, from its middle
    await give((id) => { const n = Number(id.slice(2)); return { parent_order_id: n ? `m-${n - 1}` : null, linked_orders: n < 20 ? links([`m-${n + 1}`]) : [] }; });
    await whole('m-10');
    assert.match(await text(page, '.kin'), /^m-4[\s\S]*m-10 \(this order\)[\s\S]*There are more/);
    await page.unroute(/\/v1\/orders\/m-/);
    await give((id) => ({ parent_order_id: id === 'm-a' ? 'm-b' : 'm-a', linked_orders: links([id === 'm-a' ? 'm-b' : 'm-a']) }));
    await whole('m-a');
    assert(await page.locator('.kin li').count() <= 3);
    await page.unroute(/\/v1\/orders\/m-/);
  }],
  ['stock, and a SKU’s ledger', async ({ shop, page }) => {
    await shop.send({ type: 'shrink_stock', sku_id: 'WH-1', quantity: 3, reason: 'broken in store' });
    await page.start();
    page.clicks = 0;
    await page.press('nav >> text=Stock');
    await page.press('td a:text-is("WH-1")');
    await page.waitForSelector('h1:has-text("WH-1")');
    within(page, 2);
    assert.match(await text(page, 'main'), /broken in store/);
    assert.equal(await page.locator('section:has(h2:text-is("Stock ledger")) tbody tr').count(), (await shop.get('/v1/skus/WH-1/ledger')).items.length);
  }],
  ['campaigns', async ({ page }) => {
    await page.start();
    page.clicks = 0;
    await page.press('nav >> text=Campaigns');
    await page.waitForSelector('td:has-text("가을 특가")');
    within(page, 1);
    assert.match(await text(page, 'main tbody'), /On sale/);
  }],
  ['dead letters: one sent again, one discarded', async ({ shop, page }) => {
    await shop.stream('this is no command');
    await shop.stream('{"type":"prepare","order_id":"o-find"}');
    await until('two dead letters', async () => (await shop.get('/v1/dead-letters')).items.length === 2);
    const letters = async () => (await shop.get('/v1/dead-letters')).items;
    await page.start();
    page.clicks = 0;
    await page.press('nav >> text=Dead letters');
    const [newest, oldest] = await letters();
    await page.press(`[id="discard-${oldest.partition}-${oldest.dead_letter_id}"]`);
    assert.match(await text(page, 'dialog'), /this is no command/);
    await page.press('dialog button.main');
    await page.waitForSelector('dialog', { state: 'detached' });
    within(page, 3);
    assert.deepEqual((await letters()).map((l) => l.dead_letter_id), [newest.dead_letter_id]);
    await page.start();
    page.clicks = 0;
    await page.press('nav >> text=Dead letters');
    await page.press(`[id="requeue-${newest.partition}-${newest.dead_letter_id}"]`);
    await page.press('dialog button.main');
    await page.waitForSelector('dialog', { state: 'detached' });
    within(page, 3);
    // it still has no id: it comes back, as another letter
    await until('the letter to come back', async () => {
      const now = await letters();
      return now.length === 1 && now[0].dead_letter_id !== newest.dead_letter_id;
    });
  }],
  ['the sale, live: charts move while orders come in', async ({ shop, page }) => {
    await page.start();
    await page.waitForSelector('.link-state.good');
    const placed = async () => Number((await text(page, '.figure >> nth=0 >> small')).replace(/\D/g, ''));
    await page.waitForFunction(() => document.querySelectorAll('.plot path').length > 0);
    const before = await placed();
    const drawn = await page.locator('.plot').first().innerHTML();
    for (let i = 0; i < 6; i++) await rush(shop, 1000 + i * 70, 70);
    await page.waitForFunction(() => /Limit per customer/.test(document.querySelectorAll('.chart .legend')[1].textContent));
    await page.waitForFunction((n) => Number(document.querySelector('.figure small').textContent.replace(/\D/g, '')) >= n, before + 120);
    assert.notEqual(await page.locator('.plot').first().innerHTML(), drawn);
    const refusals = await page.locator('.chart .legend').nth(1).innerText();
    for (const reason of ['Limit per customer', 'Price differs', 'No such SKU']) assert(refusals.includes(reason), refusals);
    assert.match(await page.locator('.plot').nth(2).getAttribute('aria-label'), /p99 [\d.]+ ms/);
    const sku = await shop.get('/v1/skus/FAN-2');
    await page.waitForFunction((left) => [...document.querySelectorAll('.hot')].some((e) => e.textContent.includes('FAN-2') && e.textContent.includes(`left ${left}`)), sku.on_hand);
    await page.waitForSelector('.hot:has-text("AC-100")'); // it has no campaign
    assert.match(await page.locator('.plot').nth(3).getAttribute('aria-label'), /FAN-2 \d+/);
    assert.match(await page.locator('.plot').nth(4).getAttribute('aria-label'), /Lag \d+, Pending \d+, In flight \d+/);
    assert.match(await text(page, '.pair'), /OK|Needs a look/);
  }],
  ['language and theme, kept', async ({ shop, page }) => {
    await order(shop, 'o-words', 'shipped');
    await visit(page, '/orders/o-words');
    const look = () => page.evaluate(() => [document.documentElement.lang, document.documentElement.dataset.theme, getComputedStyle(document.body).backgroundColor, document.querySelector('h1').textContent]);
    const [, , light] = await look();
    await page.click('#lang');
    await page.click('#theme');
    await page.reload();
    await page.waitForSelector('.timeline');
    const [lang, theme, dark, title] = await look();
    assert.deepEqual([lang, theme, title], ['ko', 'dark', '주문 o-words']);
    assert.notEqual(dark, light);
    assert.match(await text(page, 'main'), /출고완료 Shipped[\s\S]*48,000원/);
    await page.click('#lang');
    await page.click('#theme');
    assert.equal((await look())[0], 'en');
  }],
  ['signing in, by a wrong token and a right one; out again', async ({ shop, fresh }) => {
    const page = await fresh({});
    await page.waitForSelector('#token');
    page.allowed.push(401);
    await page.fill('#token', 'jumun_wrong');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.problem:has-text("This token was not accepted")');
    await page.fill('#token', shop.tokens.operator);
    await page.keyboard.press('Enter');
    await page.waitForSelector('.link-state.good');
    assert.equal(await text(page, '#who'), 'boss · Operator');
    await page.click('#sign-out');
    await page.waitForSelector('#token');
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
    return page;
  }],
  ['an auditor sees everything and changes nothing', async ({ shop, fresh }) => {
    await order(shop, 'o-audit', 'shipped');
    await shop.send({ type: 'request_return', order_id: 'o-audit', lines: [{ line_no: 1, quantity: 1 }], reason: 'defect', fault: 'seller' });
    await order(shop, 'o-audit-2');
    await shop.send({ type: 'cancel_lines', order_id: 'o-audit-2', lines: [2] });
    await unpaid(shop, 'o-audit-3');
    await shop.stream('for the auditor');
    const page = await fresh({ token: shop.tokens.auditor });
    await shop.send({ type: 'decline_payment', order_id: 'o-audit-3', reason: 'limit' });
    await shop.hookLetters(1);
    const views = ['/', '/orders', '/orders?customer_id=u-1', '/orders/o-audit', '/orders/o-audit-2', '/dead-letters', '/stock', '/stock/AC-100', '/campaigns', '/webhooks', '/webhooks/mail', '/audit',
      '/api', '/api/get_orders', '/api/post_customers_id_erase'];
    const harmless = ['again', 'Open', 'Find', 'try', 'copy-curl', 'copy-example'];
    for (const view of views) {
      await visit(page, view);
      assert.equal(await page.locator('main .problem').count(), 0, view);
      const buttons = await page.locator('main button').evaluateAll((all) => all.map((b) => b.id || b.textContent));
      assert.deepEqual(buttons.filter((b) => !harmless.includes(b)), [], view);
    }
    assert.equal(await page.locator('a[href^="#/erase"]').count(), 0);
    await visit(page, '/erase/u-1');
    assert.match(await text(page, 'main .problem'), /This token may not do that/);
    assert.equal(await page.locator('main form').count(), 0);
    assert.equal(await text(page, '#who'), 'look · Auditor');
    return page;
  }],
  ['a server without authentication says so, and takes commands', async ({ shop, fresh }) => {
    const url = await shop.serve('open');
    await until('the open server', async () => (await fetch(`${url}/readyz`)).status === 200);
    await catalogue(shop, url);
    await shop.send({ type: 'place_order', actor: 'buyer:u-1', order_id: 'o-open', customer_id: 'u-1', lines: [{ sku_id: 'AC-100', quantity: 1 }] }, url);
    const page = await fresh({ url });
    await page.waitForSelector('.no-authentication');
    await visit(page, '/orders/o-open');
    await page.click('#do-cancel_payment-');
    await page.click('#preview');
    await page.click('#confirm:not([disabled])');
    await page.waitForSelector('.timeline:has-text("operator:console")');
    return page;
  }],
  ['by keyboard alone: found, previewed, confirmed', async ({ shop, page }) => {
    await order(shop, 'o-keys');
    await page.start();
    await page.reload();
    await page.waitForSelector('.link-state.good');
    const tab = async (wanted) => {
      for (let n = 0; n < 60; n++) {
        await page.keyboard.press('Tab');
        const [id, seen] = await page.evaluate(() => {
          const at = document.activeElement;
          const style = getComputedStyle(at);
          return [at.id || at.textContent.trim(), at === document.body || (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2)];
        });
        assert(seen, `the focus on ${id} is not to be seen`);
        if (id === wanted) return;
      }
      throw new Error(`Tab never comes to ${wanted}`);
    };
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'skip', 'the first stop skips the menu');
    await tab('search');
    await page.keyboard.type('o-keys');
    await page.keyboard.press('Enter');
    await page.waitForSelector('h1:has-text("o-keys")');
    await tab('do-cancel_lines-');
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog[open]');
    assert(await page.evaluate(() => document.querySelector('dialog').contains(document.activeElement)), 'the focus is in the dialog');
    while (!(await page.evaluate(() => document.activeElement.type === 'checkbox'))) await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    await tab('preview');
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog .preview');
    await page.waitForFunction(() => document.activeElement.id === 'confirm');
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog', { state: 'detached' });
    assert.equal((await shop.order('o-keys')).lines[0].cancelled, 2);
  }],
];

/** The console’s table of actions is the protocol’s: every command that an operator may send about an order, with its fields. */
export async function complete(page) {
  const table = await page.evaluate(async () => {
    const { ACTIONS } = await import('/console/actions.js');
    return ACTIONS.map((a) => [a.type, a.key ?? a.type, [...Object.keys({ ...a.fields, ...a.rare }).flatMap((names) => names.split(' ')), ...Object.keys(a.fixed ?? {})]]);
  });
  const protocol = fs.readFileSync('docs/reference/protocol.md', 'utf8');
  const told = protocol.split('<!-- commands -->')[1].split('<!-- /commands -->')[0].split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim())).filter((cells) => cells.length > 4 && cells[2].includes('operator'))
    .map((cells) => [cells[1].replaceAll('`', ''), [...cells[3].matchAll(/`(\w+)`/g)].map((m) => m[1])])
    .filter(([name, fields]) => fields.includes('order_id') && !['place_order', 'preview'].includes(name));
  assert(told.length > 30, 'docs/reference/protocol.md has its table');
  const target = ['order_id', 'claim_group', 'refund_key', 'fee_no', 'verified']; // of what the button stands at; whose word it is, the token says
  for (const [name, fields] of told) {
    const ours = new Set(table.filter(([type]) => type === name).flatMap(([, , names]) => names));
    assert(table.some(([type]) => type === name), `${name} is no action of the console`);
    assert.deepEqual([...ours].sort(), fields.filter((f) => !target.includes(f)).sort(), name);
  }
  assert.deepEqual(table.map(([type]) => type).filter((type) => !told.some(([name]) => name === type)), []);
  return table.map(([, key]) => key);
}
