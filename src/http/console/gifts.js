// Gift promotions: which goods bring which gifts, and what happens when a gift has run out; made and changed here.
import { get, mayAct, send } from './api.js';
import { facts, field, h, link, modal, num, pager, say, section, select, skuLink, table, time } from './dom.js';
import { reason, t, word } from './words.js';

const to = (id) => `#/gifts/${encodeURIComponent(id)}`;
const asked = (query) => (query.get('cursor') ? `?cursor=${encodeURIComponent(query.get('cursor'))}` : '');

function running(p) {
  const now = Date.now();
  const [css, text] = Date.parse(p.opens_at) > now ? ['', 'not_open'] : Date.parse(p.closes_at) <= now ? ['', 'over'] : ['good', 'gifts_running'];
  return h('span', { class: `pill ${css}` }, t(text));
}
const given = (p) => `${t('gift')} ${num(p.gift_quantity)} / ${t('main_goods')} ${num(p.main_quantity)}`;

export async function giftsView({ query, signal, again }) {
  const page = await get(`/v1/gift-promotions${asked(query)}`, signal);
  return h('div', {}, h('div', { class: 'head' }, h('h1', { tabindex: '-1' }, t('gifts')),
    mayAct() && h('button', { id: 'make-gifts', class: 'main', 'aria-haspopup': 'dialog', onclick: () => form(null, again) }, t('create_gift_promotion'))),
  h('p', { class: 'hint' }, t('gifts_about')),
  table(t('gifts'), [
    [t('promotion'), (p) => link(to(p.gift_promotion_id), p.gift_promotion_id)], [t('status'), running], [t('gives'), given],
    [t('main_product_ids'), (p) => p.main_product_ids.join(', ')], [t('gift_sku_ids'), (p) => p.gift_sku_ids.map((id, i) => [i > 0 && ', ', skuLink(id)])],
    [t('opens'), (p) => time(p.opens_at)], [t('closes'), (p) => time(p.closes_at)], [t('when_sold_out'), (p) => word(p.when_sold_out)],
  ], page.items, t('no_gifts')), pager('#/gifts', query, page.next));
}

const SHELVES_MAX = 20; // looked up for the page of one
/** A SKU with its units, or without where there is none. */
const shelf = (id, signal) => get(`/v1/skus/${encodeURIComponent(id)}`, signal).catch((e) => {
  if (e.name === 'AbortError') throw e;
  return { sku_id: id, on_hand: null };
});

export async function giftView({ id, signal, again }) {
  const p = await get(`/v1/gift-promotions/${encodeURIComponent(id)}`, signal);
  const shelves = await Promise.all(p.gift_sku_ids.slice(0, SHELVES_MAX).map((sku) => shelf(sku, signal)));
  const gone = shelves.some((s) => s.on_hand === 0);
  return h('div', {}, h('p', { class: 'crumb' }, link('#/gifts', `← ${t('gifts')}`)),
    h('div', { class: 'head' }, h('h1', { tabindex: '-1' }, `${t('promotion')} `, h('code', {}, p.gift_promotion_id)),
      mayAct() && h('button', { id: 'change-gifts', class: 'main', 'aria-haspopup': 'dialog', onclick: () => form(p, again) }, t('update_gift_promotion'))),
    section(t('terms'), facts([[t('status'), running(p)], [t('gives'), given(p)], [t('opens'), time(p.opens_at)], [t('closes'), time(p.closes_at)], [t('when_sold_out'), word(p.when_sold_out)]])),
    section(t('main_product_ids'), h('ul', { class: 'names' }, p.main_product_ids.map((product) => h('li', {}, h('code', {}, product))))),
    section(t('gift_sku_ids'), table(t('gift_sku_ids'), [
      [t('sku'), (s) => skuLink(s.sku_id)], [t('option'), (s) => s.option_name ?? '–'],
      [t('on_hand'), (s) => (s.on_hand === 0 ? h('span', { class: 'pill warn' }, t('ran_out')) : num(s.on_hand)), 'n'],
    ], shelves), shelves.length < p.gift_sku_ids.length && h('p', { class: 'hint' }, `+${num(p.gift_sku_ids.length - shelves.length)}`),
    gone && h('p', { class: 'hint', id: 'ran-out' }, t(p.when_sold_out === 'refuse' ? 'ran_out_refuse' : 'ran_out_go_on'))));
}

const LISTS = ['main_product_ids', 'gift_sku_ids'];
const MOMENTS = ['opens_at', 'closes_at'];
const ids = (text) => text.split(/[\s,]+/).filter(Boolean);
/** As an input of the browser's time has it. */
const local = (at) => {
  if (!at) return '';
  const date = new Date(at);
  return new Date(date.getTime() - 60000 * date.getTimezoneOffset()).toISOString().slice(0, 19);
};

/** Makes one, or changes `p`: filled in, looked at, then sent. A change names only what is different. */
function form(p, again) {
  const kind = p ? 'update_gift_promotion' : 'create_gift_promotion';
  const code = (value, more) => h('input', { type: 'text', maxlength: 64, autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false', value, ...more });
  const count = (value) => h('input', { type: 'number', min: 1, step: 1, required: true, inputmode: 'numeric', value });
  const moment = (value) => h('input', { type: 'datetime-local', step: 1, value: local(value) });
  const inputs = {
    gift_promotion_id: code(p?.gift_promotion_id ?? '', { required: true, readonly: Boolean(p) }),
    main_product_ids: code(p?.main_product_ids.join(', ') ?? '', { required: true, maxlength: null }),
    gift_sku_ids: code(p?.gift_sku_ids.join(', ') ?? '', { required: true, maxlength: null }),
    gift_quantity: count(p?.gift_quantity ?? 1), main_quantity: count(p?.main_quantity ?? 1),
    opens_at: moment(p?.opens_at), closes_at: moment(p?.closes_at),
    when_sold_out: select(['continue', 'refuse'].map((c) => [c, word(c)]), p?.when_sold_out ?? 'continue'),
  };
  const out = h('div', { class: 'outcome', 'aria-live': 'polite' });
  const look = h('button', { type: 'button', id: 'preview', onclick: preview }, t('preview'));
  const go = h('button', { type: 'submit', class: 'main', id: 'confirm', disabled: true }, t('confirm'));
  const hints = { main_product_ids: t('several_ids'), gift_sku_ids: t('several_ids'), opens_at: t('at_once_if_empty'), closes_at: t('no_end_if_empty') };
  const box = modal(t(kind), h('form', { novalidate: true, onsubmit: confirm, onkeydown: (e) => {
    if (e.key !== 'Enter' || e.target.tagName !== 'INPUT') return;
    e.preventDefault(); // nothing is confirmed by the way
    preview();
  }, oninput: () => {
    go.disabled = true; // what is confirmed has been looked at
    out.replaceChildren();
  } }, Object.entries(inputs).map(([name, input]) => field(t(name), input, hints[name])), h('p', { class: 'hint' }, t('preview_first')), out,
  h('div', { class: 'row end' }, h('button', { type: 'button', onclick: () => box.close() }, t('cancel')), look, go)), h('div', { class: 'said', role: 'status' }));
  let sent = { content: null, key: null };

  const problem = (message) => out.replaceChildren(h('p', { class: 'problem', role: 'alert' }, message));
  const shown = (name, value) => (MOMENTS.includes(name) ? time(value) : LISTS.includes(name) ? value.join(', ') : name === 'when_sold_out' ? word(value) : num(value));

  function terms() {
    const read = {};
    for (const [name, input] of Object.entries(inputs)) {
      const value = input.value.trim();
      if (!value && input.required) {
        problem(`${t(name)}: ${t('required')}`);
        input.focus();
        return null;
      }
      if (!input.checkValidity()) {
        problem(input.validationMessage);
        input.focus();
        return null;
      }
      if (!value) continue;
      read[name] = LISTS.includes(name) ? ids(value) : MOMENTS.includes(name) ? new Date(value).toISOString() : input.type === 'number' ? Number(value) : value;
    }
    return read;
  }

  /** What is different from what there is: all of a new one. */
  function changed(read) {
    const same = (name, value) => (MOMENTS.includes(name) ? local(p[name]) === local(value) : JSON.stringify(p[name]) === JSON.stringify(value));
    return Object.entries(read).filter(([name, value]) => name !== 'gift_promotion_id' && !(p && same(name, value)));
  }

  async function preview() {
    const read = terms();
    if (!read) return;
    const some = changed(read);
    if (!some.length) return void problem(t('nothing_changes'));
    look.disabled = true;
    try {
      const shelves = await Promise.all((read.gift_sku_ids ?? []).slice(0, SHELVES_MAX).map((sku) => shelf(sku)));
      const units = shelves.map((s) => [`${t('on_hand')} · ${s.sku_id}`, s.on_hand === null ? h('span', { class: 'pill warn' }, t('unknown_sku')) : num(s.on_hand)]);
      const pairs = some.map(([name, value]) => [t(name), [p && `${LISTS.includes(name) ? p[name].join(', ') : ''}`, p && !LISTS.includes(name) && shown(name, p[name]), p && ' → ', h('b', {}, shown(name, value))]]);
      out.replaceChildren(h('div', { class: 'preview' }, h('h3', {}, t('would')), facts([...pairs, ...units]), h('p', { class: 'hint' }, t('gifts_kept'))));
      go.disabled = false;
      go.focus();
    } catch (e) {
      problem(e.message);
    }
    look.disabled = false;
  }

  async function confirm(e) {
    e.preventDefault();
    if (go.disabled) return void preview();
    const read = terms();
    if (!read) return;
    const command = { gift_promotion_id: read.gift_promotion_id, ...Object.fromEntries(changed(read)) };
    const content = JSON.stringify(command);
    if (sent.content !== content) sent = { content, key: crypto.randomUUID() };
    go.disabled = true;
    try {
      const answer = await send(`/v1/commands/${kind}`, command, sent.key);
      if (answer.outcome === 'accepted') {
        box.close();
        say(`${t(kind)}: ${t('done')}`, 'good');
        again();
      } else if (answer.outcome === 'unknown') {
        problem(t('not_known'));
        go.disabled = false;
      } else {
        sent = { content: null, key: null };
        problem(`${reason(answer.reason ?? 'fault')}${answer.message ? ` (${answer.message})` : ''}`);
      }
    } catch (error) {
      problem(`${error.message}. ${t('send_again')}`);
      go.disabled = false;
    }
  }
}
