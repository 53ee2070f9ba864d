// Stock: SKUs, their ledgers, campaigns.
import { get } from './api.js';
import { bar, facts, field, h, num, orderLink, pager, section, skuLink, table, time, won } from './dom.js';
import { t, word } from './words.js';

const asked = (query) => (query.get('cursor') ? `?cursor=${encodeURIComponent(query.get('cursor'))}` : '');

export async function stockView({ query, signal }) {
  const page = await get(`/v1/skus${asked(query)}`, signal);
  const id = h('input', { type: 'search', required: true, autocomplete: 'off', spellcheck: 'false' });
  return h('div', {}, h('h1', { tabindex: '-1' }, t('stock')),
    h('form', { class: 'search', onsubmit: (e) => {
      e.preventDefault();
      location.hash = `#/stock/${encodeURIComponent(id.value.trim())}`;
    } }, field(t('sku_id'), id), h('button', { class: 'main' }, t('open'))),
    h('p', { class: 'hint' }, t('sold_about')),
    table(t('stock'), [
      [t('sku'), (s) => skuLink(s.sku_id)], [t('product'), (s) => s.product_id], [t('option'), (s) => s.option_name],
      [t('on_hand'), (s) => num(s.on_hand), 'n'], [t('held'), (s) => num(s.held), 'n'], [t('sold_net'), (s) => num(s.sold_net), 'n'],
      [t('returned_units'), (s) => num(s.returned), 'n'], [t('sold'), (s) => num(s.sold), 'n'], [t('partition'), (s) => s.partition, 'n'],
    ], page.items, t('no_skus')),
    pager('#/stock', query, page.next));
}

export async function skuView({ id, query, signal }) {
  const path = `/v1/skus/${encodeURIComponent(id)}`;
  const [sku, ledger] = await Promise.all([get(path, signal), get(`${path}/ledger${asked(query)}`, signal)]);
  return h('div', {}, h('p', { class: 'crumb' }, h('a', { href: '#/stock' }, `← ${t('stock')}`)),
    h('h1', { tabindex: '-1' }, `${t('sku')} `, h('code', {}, sku.sku_id)),
    section(t('levels'),
      bar(sku.sku_id, [[t('left'), sku.on_hand, 'p-left'], [t('held'), sku.held, 'p-held'], [t('sold_net'), sku.sold_net, 'p-sold']], num),
      h('p', { class: 'hint' }, t('sold_about')),
      facts([[t('product'), sku.product_id], [t('option'), sku.option_name], [t('holder'), sku.holder_id], [t('partition'), sku.partition], [t('position'), num(sku.position)],
        [t('sold'), num(sku.sold)], [t('returned_units'), num(sku.returned)]])),
    section(t('campaigns'), campaigns(sku.campaigns ?? [])),
    section(t('ledger'), table(t('ledger'), [
      [t('position'), (m) => num(m.position), 'n'], [t('at'), (m) => time(m.at)], [t('movement'), (m) => word(m.movement)],
      [t('quantity'), (m) => num(m.quantity), 'n'], [t('on_hand'), (m) => num(m.on_hand), 'n'], [t('held'), (m) => num(m.held), 'n'], [t('sold'), (m) => num(m.sold), 'n'],
      [t('order'), (m) => (m.order_id ? orderLink(m.order_id) : '–')], [t('campaign'), (m) => m.campaign_id ?? '–'], [t('why'), (m) => m.reason ?? '–'],
    ], ledger.items), pager(`#/stock/${encodeURIComponent(id)}`, query, ledger.next)));
}

function campaigns(list, withSku = false) {
  const now = Date.now();
  const stateOf = (c) => (c.paused ? 'sale_paused' : Date.parse(c.opens_at) > now ? 'before' : Date.parse(c.closes_at) <= now ? 'over' : 'running');
  const names = { sale_paused: ['warn', t('paused')], before: ['', t('not_open')], over: ['', t('over')], running: ['good', t('running')] };
  return table(t('campaigns'), [
    [t('campaign'), (c) => h('code', {}, c.campaign_id)], [t('name'), (c) => c.name],
    ...(withSku ? [[t('sku'), (c) => skuLink(c.sku_id)]] : []),
    [t('status'), (c) => h('span', { class: `pill ${names[stateOf(c)][0]}` }, names[stateOf(c)][1])],
    [t('price'), (c) => won(c.price), 'n'], [t('allotted'), (c) => num(c.allotted), 'n'],
    [t('opens'), (c) => time(c.opens_at)], [t('closes'), (c) => time(c.closes_at)],
    [t('limit'), (c) => (c.limit_per_customer === null ? t('no_limit') : num(c.limit_per_customer)), 'n'],
    [t('policy'), (c) => word(c.stock_policy)],
  ], list, t('no_campaigns'));
}

export async function campaignsView({ query, signal }) {
  const page = await get(`/v1/campaigns${asked(query)}`, signal);
  return h('div', {}, h('h1', { tabindex: '-1' }, t('campaigns')), campaigns(page.items, true), pager('#/campaigns', query, page.next));
}
