// Orders: found, looked at, told.
import { actionsFor, GROUPS } from './actions.js';
import { get, isStaff, mayAct } from './api.js';
import { bar, facts, field, h, link, num, orderLink, pager, say, section, select, skuLink, table, time, won } from './dom.js';
import { eraseLink } from './erase.js';
import { familyOf } from './family.js';
import { perform } from './perform.js';
import { reason, STATUSES, state, status, statusShort, t, word } from './words.js';

const TERMINAL = ['PAYMENT_EXPIRED', 'PAYMENT_CANCELLED', 'CANCELLED', 'OUT_OF_STOCK', 'RETURNED'];
const CLAIM = ['RETURNING', 'EXCHANGING', 'PAYMENT_PENDING'];
const kind = (code) => (TERMINAL.includes(code) ? '' : CLAIM.includes(code) ? 'warn' : 'good');
export const pill = (code) => h('span', { class: `pill ${kind(code)}` }, status(code));

const PLACED = ['placed_from', 'placed_before'];
/** A moment of the address, which is in UTC, as a field of this place's time has it; and back. */
const local = (at) => {
  const date = new Date(at ?? NaN);
  return Number.isNaN(date.getTime()) ? '' : new Date(date - date.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
};
const moment = (value) => new Date(value).toISOString();

export async function ordersView({ query, signal }) {
  const asked = new URLSearchParams();
  for (const name of ['customer_id', 'status', ...PLACED, 'cursor']) if (query.get(name)) asked.set(name, query.get(name));
  const page = await get(`/v1/orders?${asked}`, signal);

  const id = h('input', { type: 'search', required: true, autocomplete: 'off', spellcheck: 'false' });
  const customer = h('input', { type: 'search', autocomplete: 'off', spellcheck: 'false', value: query.get('customer_id') ?? '' });
  const wanted = select([['', t('any')], ...STATUSES.map((s) => [s, status(s)])], query.get('status') ?? '');
  const placed = PLACED.map((name) => h('input', { type: 'datetime-local', max: '9999-12-31T23:59', value: local(query.get(name)) }));
  const [from, before] = placed;
  const judge = () => before.setCustomValidity(from.value && before.value && before.value <= from.value ? t('before_from') : '');
  placed.forEach((p) => p.addEventListener('input', judge));
  const find = (e) => {
    e.preventDefault();
    const next = new URLSearchParams();
    if (customer.value.trim()) next.set('customer_id', customer.value.trim());
    if (wanted.value) next.set('status', wanted.value);
    placed.forEach((p, i) => p.value && next.set(PLACED[i], moment(p.value)));
    location.hash = next.size ? `#/orders?${next}` : '#/orders';
  };
  return h('div', {}, h('h1', { tabindex: '-1' }, t('orders')),
    h('div', { class: 'searches' },
      h('form', { class: 'search', onsubmit: (e) => {
        e.preventDefault();
        location.hash = `#/orders/${encodeURIComponent(id.value.trim())}`;
      } }, field(t('order_id'), id), h('button', { class: 'main' }, t('open'))),
      h('form', { class: 'search', onsubmit: find }, field(t('customer'), customer), field(t('status'), wanted),
        h('div', { class: 'search' }, field(t('placed_from'), from), field(t('placed_before'), before)), h('button', {}, t('find')))),
    table(t('orders'), [
      [t('order_id'), (o) => orderLink(o.order_id)],
      [t('status'), (o) => pill(o.status)],
      [t('customer'), (o) => link(`#/orders?customer_id=${encodeURIComponent(o.customer_id)}`, o.customer_id)],
      [t('placed_at'), (o) => time(o.placed_at)],
      [t('total'), (o) => won(o.total), 'n'],
      [t('parent'), (o) => (o.parent_order_id ? orderLink(o.parent_order_id) : '–')],
    ], page.items, t('no_orders')),
    mayAct() && query.get('customer_id') && h('p', {}, eraseLink(query.get('customer_id'))),
    pager('#/orders', new URLSearchParams(asked), page.next));
}

const oops = (e) => e.name !== 'AbortError' && say(e.message, 'bad');
const POLL_MS = 4000;

export async function orderView({ id, signal }) {
  const path = `/v1/orders/${encodeURIComponent(id)}`;
  const root = h('div', { class: 'order' });
  const family = familyOf(signal, pill);
  let etag = null;

  async function load() {
    const order = await get(path, signal);
    const beside = (part) => get(`${path}/${part}`, signal).catch((e) => ({ problem: e.message }));
    const [told, noted] = await Promise.all([beside('timeline'), isStaff() ? beside('audit') : { items: [] }]);
    etag = order.etag;
    const focused = document.activeElement?.id;
    root.replaceChildren(...whole(order, told, noted, family, load));
    if (focused && !document.querySelector('dialog[open]')) document.getElementById(focused)?.focus();
  }
  await load();

  const timer = setInterval(async () => {
    if (document.hidden || document.querySelector('dialog[open]')) return;
    try {
      const news = await get(path, signal, etag);
      if (news && news.etag !== etag) {
        await load();
        say(t('changed'));
      }
    } catch {
      // the next look may do better
    }
  }, POLL_MS);
  signal.addEventListener('abort', () => clearInterval(timer));
  return root;
}

function whole(o, told, noted, family, load) {
  const actions = mayAct() ? actionsFor(o) : [];
  const at = (place) => actions.filter((a) => a.place === place)
    .map((a) => actionButton(o, a, load));
  return [
    h('p', { class: 'crumb' }, h('a', { href: '#/orders' }, `← ${t('orders')}`)),
    h('div', { class: 'head' },
      h('h1', { tabindex: '-1' }, `${t('order')} `, h('code', {}, o.order_id)), pill(o.status),
      h('button', { id: 'again', onclick: () => load().catch(oops) }, t('refresh'))),
    h('section', { class: 'card' },
      facts([
        [t('customer'), link(`#/orders?customer_id=${encodeURIComponent(o.customer_id)}`, o.customer_id)],
        [t('placed_at'), time(o.placed_at)], [t('paid_at'), o.paid_at && time(o.paid_at)], [t('deadline'), o.payment_deadline && time(o.payment_deadline)],
        [t('goods'), won(o.goods)], [t('discount'), o.discount ? `−${won(o.discount)}` : null], [t('shipping'), won(o.shipping_fee)],
        [t('reductions'), o.reductions ? `−${won(o.reductions)}` : null], [t('total'), h('b', {}, won(o.total))], [t('due'), o.due ? won(o.due) : null],
        [t('recipient'), recipient(o)],
        [t('destination'), o.destination && `${word(o.destination.kind)} · ${word(o.destination.zone)}`],
      ]),),
    mayAct() && section(t('actions'), deeds(o, actions.filter((a) => !a.place), load)),
    section(t('lines'), lines(o)),
    section(t('money'), money(o), o.settlements.length > 0 && mayAct() && accounts(o)),
    section(t('refunds'), refunds(o, at)),
    section(t('claims'), claims(o, at)),
    section(t('fees'), table(t('fees'), [
      [t('position'), (f) => f.fee_no, 'n'], [t('partner'), (f) => f.partner_id], [t('amount'), (f) => won(f.amount), 'n'],
      [t('why'), (f) => [word(f.reason), f.return_group ? ` · ${t('of_return')} ${f.return_group}` : '', f.unpaid && f.amount > f.refunded ? ` · ${t('unpaid')}` : '']],
      [t('fee_refunded'), (f) => won(f.refunded), 'n'], [t('actions'), (f) => h('div', { class: 'row' }, at(`fee ${f.fee_no}`))],
    ], o.fees, t('no_fees'))),
    o.procurements.length > 0 && section(t('procurements'), table(t('procurements'), [
      [t('position'), (p) => p.procurement_no, 'n'], [t('kind'), (p) => word(p.kind)], [t('status'), (p) => state(p.state, p.state_korean)],
      [t('lines'), (p) => p.lines.map((l) => `${l.line_no}: ${l.sku_id} × ${num(l.quantity)}`).join(', ')],
      [t('partner'), (p) => p.partner_id ?? '–'], [t('amount'), (p) => won(p.amount), 'n'], [t('at'), (p) => time(p.at)],
    ], o.procurements)),
    (o.linked_orders.length > 0 || o.parent_order_id) && section(t('family'), family.draw(o)),
    (noted.problem || noted.items.length > 0) && section(t('order_audit'), privileged(noted)),
    section(t('timeline'), timeline(told)),
  ].filter(Boolean);
}

/** Whom the goods go to: masked, and whole for who asks; that is written down. */
function recipient(o) {
  if (!o.recipient) return null;
  const text = (r) => [r.name, r.phone, r.zip, r.address, r.address_detail].filter(Boolean).join(' · ');
  const told = h('span', {}, text(o.recipient));
  const more = o.recipient.masked && mayAct() && h('button', { id: 'recipient-whole', onclick: async () => {
    try {
      told.textContent = text(await get(`/v1/orders/${encodeURIComponent(o.order_id)}/recipient`));
      more.remove();
    } catch (e) {
      oops(e);
    }
  } }, t('show_whole'));
  return [told, ' ', more];
}

const actionButton = (o, a, load) =>
  h('button', { id: `do-${a.key}-${a.name ?? ''}`, class: a.step ? 'main' : '', 'aria-haspopup': 'dialog', onclick: () => perform(o, a, load) }, t(a.key));

function deeds(o, actions, load) {
  if (!actions.length) return h('p', { class: 'empty' }, t('no_actions'));
  const groups = GROUPS.map((group) => [group, actions.filter((a) => a.group === group)]).filter(([, list]) => list.length);
  return h('div', { class: 'deeds' }, groups.map(([group, list]) => h('div', { role: 'group', 'aria-labelledby': `g-${group}` },
    h('h3', { id: `g-${group}` }, t(`group_${group}`)), h('div', { class: 'row' }, list.map((a) => actionButton(o, a, load))))));
}

function lines(o) {
  const counts = (l) => ['active', 'cancelled', 'omitted_gifts', 'returned', 'exchanged', 'in_claims']
    .filter((k) => k === 'active' || l[k] > 0).map((k) => `${t(k)} ${num(l[k])}`).join(' · ');
  return table(t('lines'), [
    [t('line'), (l) => l.line_no, 'n'],
    [t('sku'), (l) => [skuLink(l.sku_id), l.gift && h('span', { class: 'pill' }, t('gift'))]],
    [t('status'), (l) => pill(l.status)],
    [t('units'), (l) => [num(l.ordered), h('small', { class: 'under' }, counts(l))]],
    [t('price'), (l) => won(l.unit_price), 'n'],
    [t('pay'), (l) => [won(l.payable), l.discount > 0 && h('small', { class: 'under' }, `−${won(l.discount)}`)], 'n'],
    [t('refunded_planned'), (l) => [`${won(l.refund_planned)} / ${won(l.refunded)}`, l.refund_excluded > 0 && h('small', { class: 'under' }, `${t('excluded')} ${won(l.refund_excluded)}`)], 'n'],
    [t('delivery'), (l) => [l.delivery ? state(l.delivery, l.delivery_korean) : '–',
      l.waybills.map((w) => h('small', { class: 'under' }, `${w.carrier} ${w.waybill_no} × ${num(w.quantity)}`))]],
  ], o.lines);
}

const PARTS = [['refundable', 'p-left'], ['planned', 'p-held'], ['excluded', 'p-kept'], ['refunded', 'p-sold']];
const partName = (name) => t(name === 'refunded' ? 'back' : name);

function money(o) {
  if (!o.settlements.length) return h('p', { class: 'empty' }, t('no_money'));
  return o.settlements.map((s) => h('div', { class: 'settled' },
    h('h3', {}, `${s.settlement_no}. ${word(s.method)} · ${t('paid')} ${won(s.paid)}`,
      !s.paid_at && s.expected > 0 && h('span', { class: 'pill warn' }, `${t('awaited')} ${won(s.expected)}`)),
    bar(`${word(s.method)} ${won(s.paid)}`, PARTS.map(([name, css]) => [partName(name), s[name], css]), won, s.paid)));
}

/** By what it was paid, and where refunds go: for who asks; that is written down. */
function accounts(o) {
  const account = (a) => a && [a.bank, a.number, a.holder].join(' · ');
  const told = h('div', {});
  const more = h('button', { id: 'accounts', onclick: async () => {
    try {
      const a = await get(`/v1/orders/${encodeURIComponent(o.order_id)}/accounts`);
      const paid = a.payments.filter((p) => p.payment_id).map((p) => [`${p.settlement_no}. ${word(p.method)}`, h('code', {}, p.payment_id)]);
      told.append(facts([...paid, [t('deposit_account'), [a.bank_code, a.virtual_account_no].filter(Boolean).join(' · ') || null],
        [t('refund_account'), account(a.refund_account)], [t('refunded_to'), account(a.refunded_to)],
        [t('accounts'), a.unreadable ? t('unreadable') : null]]));
      more.remove();
    } catch (e) {
      oops(e);
    }
  } }, t('show_accounts'));
  return h('div', {}, told, more);
}

const STAGES = { awaiting_return: 'warn', due: 'warn', refunded: 'good', transferred: 'good', withdrawn: '' };

function refunds(o, at) {
  return table(t('refunds'), [
    [t('status'), (r) => [h('span', { class: `pill ${STAGES[r.state]}` }, word(r.state)), h('small', { class: 'under', title: t('key') }, r.refund_key)]],
    [t('amount'), (r) => won(r.amount), 'n'],
    [t('settlement'), (r) => `${r.settlement_no}. ${word(o.settlements.find((s) => s.settlement_no === r.settlement_no)?.method)}`],
    [t('why'), (r) => (r.return_group ? `${t('return')} ${r.return_group}` : r.cancel_group ? `${t('cancellation')} ${r.cancel_group}` : '–')],
    [t('asked_at'), (r) => time(r.planned_at)],
    [t('attempts'), (r) => [num(r.attempts), r.last_failure && h('small', { class: 'under long' }, `${t('last_failure')}: ${r.last_failure}`),
      r.next_attempt_at && r.state === 'due' && h('small', { class: 'under' }, `${t('next_attempt_at')}: `, time(r.next_attempt_at))]],
    [t('actions'), (r) => h('div', { class: 'row' }, at(`refund ${r.refund_key}`))],
  ], o.refunds, t('no_refunds'));
}

const CLAIM_KINDS = { requested: 'warn', approved: 'warn', collected: 'warn', completed: 'good' };
const claimPill = (c) => h('span', { class: `pill ${CLAIM_KINDS[c.state] ?? ''}` }, state(c.state, c.state_korean));

function claims(o, at) {
  const { cancellations, returns, exchanges } = o.claims;
  if (!cancellations.length && !returns.length && !exchanges.length) return h('p', { class: 'empty' }, t('no_claims'));
  const card = (title, said, pairs, place) => h('article', { class: 'claim' },
    h('h3', {}, title, ' ', said), facts(pairs), h('div', { class: 'row' }, place && at(place)));
  const units = (list) => list.map((l) => `${l.line_no} × ${num(l.quantity)}${l.collected === undefined ? '' : ` (${t('collected')} ${num(l.collected)})`}`).join(', ');
  return [
    ...returns.map((r) => card(`${t('return')} ${r.claim_group}`, claimPill(r), [
      [t('lines'), units(r.lines)], [t('ends_exchange'), r.exchange_group], [t('why'), word(r.reason)], [t('fault_of'), word(r.fault)], [t('timing'), word(r.refund_timing)],
      [t('return_fee'), r.fees.map((f) => `${won(f.amount)} (${word(f.reason)})`).join(', ')], [t('withheld_amount'), won(r.withheld_amount)],
      [t('requested'), time(r.requested_at)], [t('decided'), r.decided_at && time(r.decided_at)],
      [t('collected'), r.collected_at && time(r.collected_at)], [t('completed'), r.completed_at && time(r.completed_at)],
    ], `return ${r.claim_group}`)),
    ...exchanges.map((e) => card(`${t('exchange')} ${e.claim_group}`, claimPill(e), [
      [t('lines'), units([e])], [t('why'), word(e.reason)], [t('fault_of'), word(e.fault)], [t('resolution'), e.resolution && word(e.resolution)],
      [t('wanted'), e.wanted_sku_id], [t('new_line'), e.new_line_no], [t('way_back'), e.collection && `${state(e.collection.state, e.collection.state_korean)} ${num(e.collection.collected)} / ${num(e.collection.quantity)}`],
      [t('requested'), time(e.requested_at)], [t('decided'), e.decided_at && time(e.decided_at)], [t('completed'), e.completed_at && time(e.completed_at)],
    ], `exchange ${e.claim_group}`)),
    ...cancellations.map((c) => card(`${t('cancellation')} ${c.cancel_group}`, null, [
      [t('lines'), units([c])], [t('amount'), won(c.amount)], [t('why'), word(c.cause)], [t('at'), time(c.at)],
    ])),
  ];
}

/** What was done to it that wants a reason. */
function privileged(noted) {
  if (noted.problem) return h('p', { class: 'problem' }, noted.problem);
  return table(t('order_audit'), [
    [t('at'), (a) => time(a.at)], [t('action'), (a) => word(a.action)], [t('by_whom'), (a) => a.actor],
    [t('why'), (a) => h('span', { class: 'under long' }, a.reason === null ? '–' : /^[a-z_]+$/.test(a.reason) ? word(a.reason) : a.reason)],
    [t('command_id'), (a) => h('code', {}, a.command_id)],
  ], noted.items);
}

/** Statuses, units and money before and after; of the timeline and of previews. */
export function changes(c) {
  const rows = [];
  const arrow = (before, after) => [before, h('span', { class: 'arrow', 'aria-label': '→' }, ' → '), after];
  if (c.status_after) rows.push([t('order'), arrow(c.status_before ? statusShort(c.status_before) : '–', h('b', {}, statusShort(c.status_after)))]);
  for (const l of c.lines ?? []) {
    const moved = ['active', 'cancelled', 'returned', 'exchanged'].filter((k) => l.before[k] !== l.after[k])
      .map((k) => h('small', { class: 'under' }, `${t(k)} ${num(l.before[k])} → ${num(l.after[k])}`));
    rows.push([`${t('line')} ${l.line_no} · ${l.sku_id}`, [l.status_before === l.status_after ? statusShort(l.status_after)
      : arrow(l.status_before ? statusShort(l.status_before) : '–', h('b', {}, statusShort(l.status_after))), moved]]);
  }
  for (const s of c.settlements ?? []) {
    const moved = [['paid', t('paid')], ...PARTS.map(([name]) => [name, partName(name)])].filter(([k]) => s.before[k] !== s.after[k]);
    rows.push([`${s.settlement_no}. ${word(s.method)}`, moved.map(([k, name]) =>
      h('span', { class: 'under' }, `${name} ${won(s.before[k])} → `, h('b', {}, won(s.after[k]))))]);
  }
  return rows;
}

const FACTS = [['sku_id', 'sku'], ['line_no', 'line'], ['available', 'left'], ['requested', 'quantity'], ['position', 'position'], ['customer_remaining', 'limit'],
  ['total', 'total'], ['due', 'due'], ['amount', 'amount'], ['detail', 'why']];
/** What a refusal rests on. */
export const because = (f) => FACTS.filter(([k]) => f?.[k] !== undefined)
  .map(([k, name]) => [t(name), ['total', 'due', 'amount'].includes(k) ? won(f[k]) : typeof f[k] === 'number' ? num(f[k]) : f[k]]);

const SAID = [['line_no', 'line'], ['carrier', 'carrier'], ['waybill_no', 'waybill_no'], ['seller', 'seller_name'], ['partner_id', 'partner'], ['order_id', 'linked_order'], ['key', 'key'], ['reason', 'why']];
/** What an event says besides statuses and money. */
function said(event) {
  const own = Object.entries(event).flatMap(([k, v]) => (v && typeof v === 'object' && !Array.isArray(v) ? Object.entries(v) : [[k, v]]));
  return SAID.flatMap(([name, label]) => own.filter(([k, v]) => k === name && v !== null && ['string', 'number'].includes(typeof v))
    .map(([, v]) => [t(label), name === 'reason' && /^[a-z_]+$/.test(v) ? word(v) : String(v)]));
}

function timeline(told) {
  if (told.problem) return h('p', { class: 'problem' }, told.problem);
  return [
    !told.refusals_known && h('p', { class: 'hint' }, t('refusals_unknown')),
    told.refusals_known && !told.refusals_complete && h('p', { class: 'hint' }, t('refusals_partial')),
    h('ol', { class: 'timeline' }, told.entries.toReversed().map((e) => (e.kind === 'event'
      ? h('li', {},
        h('p', {}, time(e.at), ' ', h('b', {}, word(e.what)), ' ', h('small', {}, `${t('by')} ${e.by} · #${e.sequence}`)),
        facts([...said(e.event ?? {}), ...changes(e.change)]),
        h('details', {}, h('summary', {}, t('raw')), h('pre', {}, JSON.stringify({ command_id: e.command_id, event: e.event }, null, 2))))
      : h('li', { class: 'no' },
        h('p', {}, time(e.at), ' ', h('span', { class: 'pill bad' }, t('refused')), ' ', h('b', {}, reason(e.reason))),
        h('p', { class: 'hint' }, e.message), facts(because(e.facts)),
        h('small', {}, e.command_id))))),
  ];
}
