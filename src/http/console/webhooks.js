// Webhooks: how far each has come, and the letters that its receiver would not take.
import { act, get, mayAct } from './api.js';
import { h, link, num, orderLink, pager, say, section, table, time } from './dom.js';
import { asks, sure } from './sure.js';
import { t, word } from './words.js';

const FIRST = 20; // of each hook's letters, on the page of all
const ORDERS_MAX = 3;

const to = (name) => `#/webhooks/${encodeURIComponent(name)}`;
const lettersOf = (name, asked, signal) => get(`/v1/webhooks/${encodeURIComponent(name)}/failed-deliveries?${asked}`, signal);
/** An entry of a stream begins with its time. */
const moment = (entry) => (/^\d{10,15}-\d+$/.test(entry) ? time(new Date(Number(entry.split('-')[0])).toISOString()) : '–');

/** The newest letters of each webhook that has some: sections of a page. */
export async function hookLetters(hooks, signal, again) {
  const some = hooks.filter((hook) => hook.failed_deliveries > 0);
  const pages = await Promise.all(some.map((hook) => lettersOf(hook.name, `limit=${FIRST}`, signal)));
  return some.map((hook, i) => section(`${t('hook_letters')}: ${hook.name}`, letters(hook.name, pages[i].items, again),
    pages[i].next && h('p', {}, link(to(hook.name), `${t('all_letters')} (${num(hook.failed_deliveries)})`))));
}

export async function webhooksView({ signal, again }) {
  const { items } = await get('/v1/webhooks', signal);
  const put = await hookLetters(items, signal, again);
  return h('div', {}, head(t('webhooks'), again), h('p', { class: 'hint' }, t('webhooks_about')),
    table(t('webhooks'), [
      [t('name'), (hook) => link(to(hook.name), hook.name)],
      [t('letters_kept'), (hook) => h('span', { class: hook.failed_deliveries ? 'pill warn' : 'pill good' }, num(hook.failed_deliveries))],
      [t('receiver'), (hook) => hook.host],
      [t('event_types'), (hook) => (hook.types.length ? hook.types.map((type, i) => [i > 0 && ', ', word(type)]) : t('all_events'))],
      [t('came_to'), (hook) => (hook.positions.length ? h('ul', {}, hook.positions.map((at) => h('li', {}, `${t('partition')} ${at.partition}: `, moment(at.entry), h('small', { class: 'under' }, at.entry)))) : '–')],
    ], items, t('no_webhooks')), put);
}

export async function webhookView({ id, query, signal, again }) {
  const cursor = query.get('cursor');
  const page = await lettersOf(id, cursor ? `cursor=${encodeURIComponent(cursor)}` : '', signal);
  return h('div', {}, h('p', { class: 'crumb' }, link('#/webhooks', `← ${t('webhooks')}`)),
    head([`${t('hook_letters')}: `, h('code', {}, id)], again), h('p', { class: 'hint' }, t('hook_letters_about')),
    letters(id, page.items, again), pager(to(id), query, page.next));
}

const head = (title, again) => h('div', { class: 'head' }, h('h1', { tabindex: '-1' }, title), h('button', { id: 'again', onclick: again }, t('refresh')));

const eventsOf = (letter) => (Array.isArray(letter.events) ? letter.events : []);
const kindOf = (event) => word(event?.event?.type ?? event?.type ?? '–');

function letters(hook, items, again) {
  return table(`${t('hook_letters')}: ${hook}`, [
    [t('why'), (l) => l.reason],
    ...(mayAct() ? [[t('actions'), (l) => h('div', { class: 'row' }, button('resend', hook, l, again), button('discard', hook, l, again))]] : []),
    [t('order'), (l) => ordersOf(l)],
    [t('events'), (l) => h('details', {}, h('summary', {}, summary(l)), h('pre', {}, JSON.stringify(l.events, null, 2)))],
    [t('at'), (l) => time(l.at)], [t('attempts'), (l) => num(l.attempts), 'n'], [t('partition'), (l) => l.partition, 'n'],
    [t('delivery_id'), (l) => h('code', {}, l.delivery_id)],
  ], items, t('no_hook_letters'));
}

function ordersOf(letter) {
  const ids = [...new Set(eventsOf(letter).map((e) => e?.order_id).filter((id) => typeof id === 'string'))];
  const more = ids.length - ORDERS_MAX;
  return [ids.slice(0, ORDERS_MAX).map((id, i) => [i > 0 && ', ', orderLink(id)]), more > 0 && ` +${num(more)}`];
}

function summary(letter) {
  const kinds = [...new Set(eventsOf(letter).map(kindOf))];
  return `${num(eventsOf(letter).length)} · ${kinds.slice(0, 3).join(', ')}${kinds.length > 3 ? ' …' : ''}`;
}

const button = (what, hook, letter, again) =>
  asks(`${what}-${hook}-${letter.failed_delivery_id}`, what, letter.delivery_id, what === 'discard', () => ask(what, hook, letter, again));

function ask(what, hook, letter, again) {
  const path = `/v1/webhooks/${encodeURIComponent(hook)}/failed-deliveries/${encodeURIComponent(letter.failed_delivery_id)}`;
  sure({
    title: `${t(what)}: ${hook} · ${letter.delivery_id}`, word: t(what), danger: what === 'discard',
    told: [h('p', {}, t(`hook_${what}_sure`)), h('p', {}, h('b', {}, letter.reason)), h('pre', { tabindex: '0' }, JSON.stringify(letter.events, null, 2))],
    run: () => (what === 'resend' ? act('POST', `${path}/resend`) : act('DELETE', path)),
    done: () => {
      say(t(what === 'resend' ? 'resent' : 'discarded'), 'good');
      again();
    },
  });
}
