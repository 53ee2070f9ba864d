// What was done at the HTTP API that is no command of an order.
import { get } from './api.js';
import { h, link, num, pager, skuLink, table, time, won } from './dom.js';
import { t, word } from './words.js';

export async function auditView({ query, signal, again }) {
  const cursor = query.get('cursor');
  const page = await get(`/v1/audit${cursor ? `?cursor=${encodeURIComponent(cursor)}` : ''}`, signal);
  return h('div', {},
    h('div', { class: 'head' }, h('h1', { tabindex: '-1' }, t('audit')), h('button', { id: 'again', onclick: again }, t('refresh'))),
    h('p', { class: 'hint' }, t('audit_about')),
    table(t('audit'), [
      [t('at'), (a) => time(a.at)],
      [t('action'), action],
      [t('by_whom'), (a) => a.actor],
      [t('target'), target],
      [t('detail'), detail],
      [t('request_id'), (a) => h('code', {}, a.request_id)],
    ], page.items, t('no_audit')),
    pager('#/audit', query, page.next));
}

/** A customer's orders and a SKU's ledger are a click away; what else was acted on is gone, or stands in its list. */
function target(a) {
  const customer = /^customer:(.+)$/.exec(a.target)?.[1];
  if (customer) return link(`#/orders?customer_id=${encodeURIComponent(customer)}`, a.target);
  return a.action === COMMAND && a.detail?.sku_id === a.target ? skuLink(a.target) : h('span', { class: 'under long' }, a.target || '–');
}

const COMMAND = 'COMMAND';
/** Of a command: what it was is told as the action, who sent it as who. */
const TOLD = ['type', 'actor'];
const NAMES = { sku_id: 'sku', product_id: 'product', partner_id: 'partner', holder_id: 'holder', campaign_id: 'campaign', option_name: 'option', name: 'name', quantity: 'quantity', reason: 'why',
  price: 'price', allotted: 'allotted', opens_at: 'opens', closes_at: 'closes', limit_per_customer: 'limit', stock_policy: 'policy', kind: 'kind', zip: 'to_zip', address: 'to_address',
  id: 'command_id', template_id: 'template', delivery_fee: 'shipping' };
const MONEY = ['price', 'delivery_fee', 'free_threshold'];
const CODES = ['kind', 'stock_policy'];

const action = (a) => (a.action === COMMAND && typeof a.detail?.type === 'string' ? [word(a.detail.type), h('small', { class: 'under' }, word(a.action))] : word(a.action));

function said(name, value) {
  if (typeof value === 'string') return CODES.includes(name) ? word(value) : /_at$/.test(name) && !Number.isNaN(Date.parse(value)) ? time(value) : value;
  if (typeof value === 'boolean') return t(value ? 'yes' : 'no');
  if (typeof value === 'number') return MONEY.includes(name) ? won(value) : num(value);
  return JSON.stringify(value);
}

function detail(a) {
  const known = a.action === COMMAND;
  const pairs = a.detail && typeof a.detail === 'object' ? Object.entries(a.detail).filter(([name, v]) => v !== null && !(known && (TOLD.includes(name) || (/_id$/.test(name) && v === a.target))))
    .sort(([one], [other]) => (one === 'id') - (other === 'id')) : [];
  if (!pairs.length) return '–';
  return pairs.map(([name, value]) => h('span', { class: 'under long' },
    h('small', { title: name }, `${known && NAMES[name] ? t(NAMES[name]) : known ? word(name) : name} `), known ? said(name, value) : typeof value === 'string' ? value : JSON.stringify(value)));
}
