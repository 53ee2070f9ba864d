// What an operator can do to an order now: forms with a preview.
import { send } from './api.js';
import { facts, field, h, modal, num, orderLink, say, select, won } from './dom.js';
import { because, changes } from './orders.js';
import { reason, t, word } from './words.js';

const RETURNABLE = ['PREPARING', 'PROCUREMENT_CHECK', 'PROCUREMENT_DONE', 'SHIPPED', 'RETURNING', 'EXCHANGING'];
const EXCHANGEABLE = ['PROCUREMENT_DONE', 'SHIPPED', 'RETURNING', 'EXCHANGING'];
const WHY = ['change_of_mind', 'defect', 'wrong_item', 'damaged', 'late', 'other'];
const free = (l) => l.active - l.in_claims;

/** Actions by state: { type, place?, group?, quiet?, form: () => fields }. Each field: { root, read() → entries or an error }. */
export function actionsFor(o) {
  const list = [];
  const add = (type, form, more = {}) => list.push({ type, form, ...more });
  const ordered = o.lines.filter((l) => l.status === 'ORDERED' && l.active > 0);
  if (ordered.length) add('cancel_lines', () => [checks(ordered)]);

  const back = o.lines.filter((l) => RETURNABLE.includes(l.status) && free(l) > 0);
  if (back.length) {
    add('request_return', () => [units('lines', back.map((l) => [l, free(l), 0])), ...whose(), timing(), flag('waive_gifts', t('waive'))]);
  }
  const swap = o.lines.filter((l) => EXCHANGEABLE.includes(l.status) && free(l) > 0 && !l.gift);
  if (swap.length) add('request_exchange', () => [oneLine(swap), ...whose(), text('sku_id', t('other_sku'))]);

  for (const r of o.claims.returns) {
    const more = (quiet) => ({ place: `return ${r.claim_group}`, group: r.claim_group, fixed: { claim_group: r.claim_group }, quiet });
    const lines = r.lines.map((l) => ({ ...o.lines.find((own) => own.line_no === l.line_no), ...l }));
    const physical = lines.filter((l) => l.collect);
    if (r.state === 'requested') {
      add('approve_return', () => [timing()], more());
      add('reject_return', () => [text('reason', t('text_reason'))], more(true));
    }
    if (r.state === 'approved') add('collect_return', () => [units('lines', physical.map((l) => [l, l.quantity, l.quantity]), true)], more());
    if (r.state === 'collected') add('complete_return', () => [inspected(lines)], more());
    if (r.state === 'requested' || r.state === 'approved') add('withdraw_return', () => [], more(true));
  }
  for (const e of o.claims.exchanges.filter((x) => x.state === 'requested')) {
    const more = (quiet) => ({ place: `exchange ${e.claim_group}`, group: e.claim_group, fixed: { claim_group: e.claim_group }, quiet });
    add('approve_exchange', () => [choice('branch', t('branch'), ['pickup', 'add_product']), text('sku_id', t('other_sku'))], more());
    add('reject_exchange', () => [text('reason', t('text_reason'))], more(true));
  }
  for (const r of o.refunds.filter((x) => x.stage === 'due')) {
    const more = { place: `refund ${r.refund_key}`, group: r.refund_key, fixed: { refund_key: r.refund_key }, quiet: true };
    add('confirm_refund', () => [], more);
    add('fail_refund', () => [text('reason', t('fail_reason'), true)], more);
  }
  return list;
}

const nameOf = (l) => `${l.line_no}. ${l.sku_id}${l.gift ? ` (${t('gift')})` : ''}`;

function checks(lines) {
  const boxes = lines.map((l) => [l, h('input', { type: 'checkbox', checked: lines.length === 1 })]);
  return {
    root: h('fieldset', {}, h('legend', {}, t('lines')), boxes.map(([l, box]) => field(`${nameOf(l)} × ${num(l.active)} · ${won(l.pay)}`, box))),
    read() {
      const chosen = boxes.filter(([, box]) => box.checked).map(([l]) => l.line_no);
      return chosen.length ? { lines: chosen } : { problem: t('choose_line'), at: boxes[0][1] };
    },
  };
}

/** Units by line: [line, at most, at first]. `rest`: all of them are told by naming none. */
function units(name, rows, rest = false) {
  const inputs = rows.map(([l, most, first]) => [l, most,
    h('input', { type: 'number', min: 0, max: most, step: 1, value: rows.length === 1 ? most : first, inputmode: 'numeric' })]);
  return {
    root: h('fieldset', {}, h('legend', {}, t('quantity')), inputs.map(([l, most, input]) => field(nameOf(l), input, `${t('up_to')} ${num(most)}`))),
    read() {
      const chosen = inputs.map(([l, most, input]) => ({ line_no: l.line_no, quantity: Number(input.value), most }));
      if (rest && chosen.every((c) => c.quantity === c.most)) return {};
      const some = chosen.filter((c) => c.quantity > 0).map(({ line_no, quantity }) => ({ line_no, quantity }));
      return some.length ? { [name]: some } : { problem: t('choose_line'), at: inputs[0]?.[2] };
    },
  };
}

function inspected(lines) {
  const inputs = lines.map((l) => [l, h('input', { type: 'number', min: 0, max: l.quantity, step: 1, value: l.quantity, inputmode: 'numeric' })]);
  return {
    root: h('fieldset', {}, h('legend', {}, t('sellable')), inputs.map(([l, input]) => field(nameOf(l), input, `${t('up_to')} ${num(l.quantity)}`))),
    read() {
      if (inputs.every(([l, input]) => Number(input.value) === l.quantity)) return {};
      return { inspected: inputs.map(([l, input]) => ({ line_no: l.line_no, sellable: Number(input.value), unsellable: l.quantity - Number(input.value) })) };
    },
  };
}

function oneLine(lines) {
  const chosen = select(lines.map((l) => [String(l.line_no), `${nameOf(l)} × ${num(free(l))}`]), String(lines[0].line_no));
  const quantity = h('input', { type: 'number', min: 1, step: 1, max: Math.max(...lines.map(free)), value: 1, inputmode: 'numeric' });
  return {
    root: h('div', {}, field(t('lines'), chosen), field(t('quantity'), quantity)),
    read: () => ({ line_no: Number(chosen.value), quantity: Number(quantity.value) }),
  };
}

function choice(name, label, codes, first) {
  const control = select(codes.map((c) => (Array.isArray(c) ? c : [c, word(c)])), first);
  return { root: field(label, control), read: () => (control.value ? { [name]: control.value } : {}) };
}
const whose = () => [choice('reason', t('why'), WHY), choice('fault', t('fault_of'), ['buyer', 'seller'])];
const timing = () => choice('refund_timing', t('timing'), [['', t('as_usual')], 'before_collection', 'after_collection']);

function text(name, label, required = false) {
  const control = h('input', { type: 'text', maxlength: 500, required, autocomplete: 'off' });
  return {
    root: field(label, control),
    read: () => {
      const value = control.value.trim();
      if (!value && required) return { problem: t('required'), at: control };
      return value ? { [name]: value } : {};
    },
  };
}
function flag(name, label) {
  const control = h('input', { type: 'checkbox' });
  return { root: field(label, control), read: () => (control.checked ? { [name]: true } : {}) };
}

/** The form of an action: preview, then confirm. A retry keeps its id; other content, or a refusal, gets another. */
export function perform(order, action, load) {
  const path = `/v1/orders/${encodeURIComponent(order.order_id)}`;
  const fields = action.form();
  const out = h('div', { class: 'outcome', 'aria-live': 'polite' });
  const look = h('button', { type: 'button', id: 'preview', onclick: preview }, t('preview'));
  const go = h('button', { type: 'submit', class: 'main', id: 'confirm', disabled: true }, t('confirm'));
  const form = h('form', { novalidate: true, onsubmit: confirm, onkeydown: (e) => {
    if (e.key !== 'Enter' || e.target.tagName !== 'INPUT') return;
    e.preventDefault(); // nothing is confirmed by the way
    preview();
  }, oninput: () => {
    go.disabled = true; // what is confirmed has been previewed
    out.replaceChildren();
  } }, fields.map((f) => f.root), h('p', { class: 'hint' }, t('preview_first')), out,
  h('div', { class: 'row end' }, h('button', { type: 'button', onclick: () => box.close() }, t('cancel')), look, go));
  const box = modal(`${t(action.type)} · ${order.order_id}${action.place ? ` · ${action.place.startsWith('refund') ? t('refund_of') : action.group}` : ''}`,
    form, h('div', { class: 'said', role: 'status' }));
  let sent = { content: null, key: null };

  const problem = (message, more) => out.replaceChildren(h('p', { class: 'problem', role: 'alert' }, message), more ?? '');

  function body() {
    const asked = { ...action.fixed };
    for (const f of fields) {
      const read = f.read();
      if (read.problem) {
        problem(read.problem);
        read.at?.focus();
        return null;
      }
      Object.assign(asked, read);
    }
    const wrong = form.querySelector('input:invalid');
    if (wrong) {
      problem(wrong.validationMessage);
      wrong.focus();
      return null;
    }
    return asked;
  }

  const refusal = (answer) => problem(`${reason(answer.reason ?? 'fault')}${answer.message ? ` (${answer.message})` : ''}`, facts(because({ ...answer.facts, detail: undefined })));

  async function preview() {
    const asked = body();
    if (!asked) return;
    look.disabled = true;
    try {
      const answer = await send(`${path}/preview`, { command: { type: action.type, ...asked } }, crypto.randomUUID());
      if (answer.outcome === 'accepted') {
        out.replaceChildren(shown(answer.facts?.preview ?? {}));
        go.disabled = false;
      } else if (answer.outcome === 'unknown') problem(reason('busy'));
      else refusal(answer);
    } catch (e) {
      problem(e.message);
    }
    look.disabled = false;
    if (!go.disabled) go.focus();
  }

  async function confirm(e) {
    e.preventDefault();
    if (go.disabled) return void preview();
    const asked = body();
    if (!asked) return;
    const content = JSON.stringify(asked);
    if (sent.content !== content) sent = { content, key: crypto.randomUUID() };
    go.disabled = true;
    try {
      const answer = await send(`${path}/${action.type}`, asked, sent.key);
      if (answer.outcome === 'accepted') {
        box.close();
        const note = answer.reason ? ` (${reason(answer.reason)})` : '';
        say(`${t(action.type)}: ${t('done')}${note}`, 'good');
        await load().catch((error) => error.name !== 'AbortError' && say(error.message, 'bad'));
        return;
      }
      if (answer.outcome === 'unknown') {
        problem(t('not_known'));
        go.disabled = false;
      } else {
        sent = { content: null, key: null };
        refusal(answer);
      }
    } catch (error) {
      problem(`${error.message}. ${t('send_again')}`);
      go.disabled = false;
    }
  }
}

function shown(p) {
  const pairs = [...changes(p)];
  for (const r of p.refunds ?? []) {
    const when = r.at_once ? t('at_once') : r.timing ? word(r.timing) : t('later');
    pairs.push([`${t('refund_of')} · ${word(r.means)}`, [h('b', {}, won(r.amount)), ` · ${when}`]]);
  }
  for (const f of p.return_fees ?? []) {
    const was = f.before_threshold !== f.amount ? ` · ${t('before_threshold')} ${won(f.before_threshold)}` : '';
    pairs.push([t('return_fee'), `${won(f.amount)} · ${word(f.reason)}${was}`]);
  }
  for (const name of ['fees_back', 'withheld', 'due']) if (p[name]) pairs.push([t(name), won(p[name])]);
  if (p.gifts?.length) pairs.push([t('gifts_too'), p.gifts.join(', ')]);
  for (const s of p.stock ?? []) pairs.push([`${t('stock_moves')} · ${s.sku_id}`, `${word(s.movement)} ${num(s.quantity)}`]);
  const links = (ids) => ids.flatMap((id) => [orderLink(id), ' ']);
  if (p.linked?.length) pairs.push([t('linked_made'), links(p.linked)]);
  if (p.stopped?.length) pairs.push([t('linked_stopped'), links(p.stopped)]);
  return h('div', { class: 'preview' }, h('h3', {}, t('would')), pairs.length ? facts(pairs) : h('p', {}, t('nothing_moves')));
}
