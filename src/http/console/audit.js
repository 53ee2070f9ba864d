// What was done at the door that is no command of an order.
import { get } from './api.js';
import { h, link, pager, table, time } from './dom.js';
import { t, word } from './words.js';

export async function auditView({ query, signal, again }) {
  const cursor = query.get('cursor');
  const page = await get(`/v1/audit${cursor ? `?cursor=${encodeURIComponent(cursor)}` : ''}`, signal);
  return h('div', {},
    h('div', { class: 'head' }, h('h1', { tabindex: '-1' }, t('audit')), h('button', { id: 'again', onclick: again }, t('refresh'))),
    h('p', { class: 'hint' }, t('audit_about')),
    table(t('audit'), [
      [t('at'), (a) => time(a.at)],
      [t('action'), (a) => word(a.action)],
      [t('by_whom'), (a) => a.actor],
      [t('target'), (a) => target(a.target)],
      [t('detail'), (a) => detail(a.detail)],
      [t('request_id'), (a) => h('code', {}, a.request_id)],
    ], page.items, t('no_audit')),
    pager('#/audit', query, page.next));
}

/** A customer's orders are a click away; what else was acted on is gone, or stands in its list. */
function target(text) {
  const customer = /^customer:(.+)$/.exec(text)?.[1];
  return customer ? link(`#/orders?customer_id=${encodeURIComponent(customer)}`, text) : h('span', { class: 'under long' }, text);
}

function detail(said) {
  const pairs = said && typeof said === 'object' ? Object.entries(said).filter(([, v]) => v !== null) : [];
  if (!pairs.length) return '–';
  return pairs.map(([name, value]) => h('span', { class: 'under long' }, h('small', {}, `${name} `), typeof value === 'string' ? value : JSON.stringify(value)));
}
