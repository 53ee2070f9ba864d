// The fields of an action's form. A builder is (name, { order, lines }) → { root, read() → entries, or { problem, at } }.
import { field, h, num, select, won } from './dom.js';
import { t, word } from './words.js';

const nameOf = (l) => `${l.line_no}. ${l.sku_id}${l.gift ? ` (${t('gift')})` : ''}`;
/** Units that a claim may still name. */
export const free = (l) => l.claimable;

const group = (legend, ...inside) => h('fieldset', {}, h('legend', {}, legend), inside);
const number = (value, { min = 0, max, ...more } = {}) =>
  h('input', { type: 'number', min, max, step: 1, value, inputmode: 'numeric', ...more });
const words = (more) => h('input', { type: 'text', maxlength: 500, autocomplete: 'off', ...more });
const code = (more) => words({ maxlength: 64, spellcheck: 'false', autocapitalize: 'off', ...more });
const missing = (at) => ({ problem: t('required'), at });

/** Lines, whole. `all`: chosen at first. */
export const checks = (all = false) => (name, { lines }) => {
  const boxes = lines.map((l) => [l, h('input', { type: 'checkbox', checked: all || lines.length === 1 })]);
  return {
    root: group(t('lines'), boxes.map(([l, box]) => field(`${nameOf(l)} × ${num(l.active)} · ${won(l.payable)}`, box))),
    read() {
      const chosen = boxes.filter(([, box]) => box.checked).map(([l]) => l.line_no);
      return chosen.length ? { [name]: chosen } : { problem: t('choose_line'), at: boxes[0][1] };
    },
  };
};

/** Units of lines. `rest`: all of them at first, and told by naming none. `as`: what the protocol calls them. */
export const units = ({ rest = false, full = rest, as = 'quantity', of = free } = {}) => (name, { lines }) => {
  const rows = lines.map((l) => [l, of(l), number(full || lines.length === 1 ? of(l) : 0, { max: of(l) })]);
  const zero = as === 'available'; // none is an answer there
  return {
    root: group(t(as), rows.map(([l, most, input]) => field(nameOf(l), input, `${t('up_to')} ${num(most)}`))),
    read() {
      const chosen = rows.map(([l, most, input]) => ({ line_no: l.line_no, n: Number(input.value), most }));
      if (rest && chosen.every((c) => c.n === c.most)) return {};
      const some = chosen.filter((c) => zero || c.n > 0).map((c) => ({ line_no: c.line_no, [as]: c.n }));
      return some.length ? { [name]: some } : { problem: t('choose_line'), at: rows[0]?.[2] };
    },
  };
};

/** What the inspection of units that came back found, with what is not taken, or kept back of the money. */
export const inspected = (name, { lines }) => {
  const came = (l) => l.collected ?? l.quantity;
  const rows = lines.map((l) => ({ l, sellable: number(came(l), { max: came(l) }), rejected: number(0, { max: came(l) }), kept: number(0, { min: 0 }) }));
  const why = words({});
  return {
    root: h('div', {},
      group(t('sellable'), rows.map((r) => field(nameOf(r.l), r.sellable, `${t('up_to')} ${num(came(r.l))}`))),
      group(t('rejected_units'), rows.map((r) => field(nameOf(r.l), r.rejected))),
      group(t('withheld_amount'), rows.map((r) => field(nameOf(r.l), r.kept))),
      field(t('text_reason'), why)),
    read() {
      const found = rows.map((r) => ({ l: r.l, good: Number(r.sellable.value), not: Number(r.rejected.value), kept: Number(r.kept.value) }));
      if (found.every((f) => f.good === came(f.l) && !f.not && !f.kept)) return {};
      const reason = why.value.trim();
      if (found.some((f) => f.not || f.kept) && !reason) return missing(why);
      return { [name]: found.map((f) => {
        const good = Math.min(f.good, came(f.l) - f.not);
        return { line_no: f.l.line_no, sellable: good, unsellable: came(f.l) - f.not - good,
          ...(f.not ? { rejected: f.not } : {}), ...(f.kept ? { withheld_amount: f.kept } : {}), ...(f.not || f.kept ? { reason } : {}) };
      }) };
    },
  };
};

/** One of the lines. */
export const line = (label = 'one_line') => (name, { lines }) => {
  const chosen = select(lines.map((l) => [String(l.line_no), `${nameOf(l)} × ${num(free(l))}`]), String(lines[0].line_no));
  return { root: field(t(label), chosen), read: () => ({ [name]: Number(chosen.value) }) };
};

/** The partner's SKU that each line is bought as; a line without one is left out. */
export const bought = (name, { lines }) => {
  const inputs = lines.map((l) => [l, code()]);
  return {
    root: group(t('partner_sku'), inputs.map(([l, input]) => field(nameOf(l), input))),
    read() {
      const some = inputs.filter(([, input]) => input.value.trim()).map(([l, input]) => ({ line_no: l.line_no, sku_id: input.value.trim() }));
      return some.length ? { [name]: some } : missing(inputs[0][1]);
    },
  };
};

/** Lines that ship, each with a waybill or without. */
export const shipped = (names, { lines }) => {
  const [ofLines, ofWaybills] = names.split(' ');
  const rows = lines.map((l) => ({ l, box: h('input', { type: 'checkbox', checked: true }), carrier: code(), no: code(), units: number(free(l), { min: 1, max: free(l) }) }));
  return {
    root: h('div', { class: 'rows' }, rows.map((r) => group(nameOf(r.l), field(t('ships'), r.box),
      h('div', { class: 'across' }, field(t('carrier'), r.carrier), field(t('waybill_no'), r.no), field(t('quantity'), r.units))))),
    read() {
      const going = rows.filter((r) => r.box.checked);
      if (!going.length) return { problem: t('choose_line'), at: rows[0].box };
      const half = going.find((r) => !r.carrier.value.trim() !== !r.no.value.trim());
      if (half) return missing(half.carrier.value.trim() ? half.no : half.carrier);
      const waybills = going.filter((r) => r.no.value.trim())
        .map((r) => ({ line_no: r.l.line_no, carrier: r.carrier.value.trim(), waybill_no: r.no.value.trim(), quantity: Number(r.units.value) }));
      return { [ofLines]: going.map((r) => r.l.line_no), ...(waybills.length ? { [ofWaybills]: waybills } : {}) };
    },
  };
};

/** One of the lines' waybills that are under way; with its line where the names say so. */
export const waybill = (names, { lines }) => {
  const wanted = names.split(' ');
  const all = lines.flatMap((l) => l.waybills.filter((w) => !w.delivered_at)
    .map((w) => ({ line_no: l.line_no, carrier: w.carrier, waybill_no: w.waybill_no, quantity: w.quantity })));
  const any = wanted.includes('line_no') ? [] : [['', t('every_waybill')]];
  const chosen = select([...any, ...all.map((w, i) => [String(i), `${w.line_no}. ${w.carrier} ${w.waybill_no} × ${num(w.quantity)}`])], any.length ? '' : '0');
  return {
    root: field(t('waybill'), chosen),
    read() {
      if (chosen.value === '') return {};
      const named = Object.fromEntries(wanted.map((n) => [n, all[Number(chosen.value)][n]]));
      return any.length ? { ...named, lines: undefined } : named; // the carrier knows its waybills, not our lines
    },
  };
};

const SETTLEMENTS_MAX = 10; // as the API takes
/** How it was paid: one means after another. */
export const settlements = (due) => (name, { order }) => {
  const list = h('div', { class: 'rows' });
  const rows = [];
  const add = (amount) => {
    const row = { method: select(['card', 'virtual_account', 'bank_transfer', 'points'].map((m) => [m, word(m)]), 'card'),
      amount: number(amount, { min: 1 }), id: code({ maxlength: 128 }) };
    rows.push(row);
    list.append(group(`${t('settlement')} ${rows.length}`, h('div', { class: 'across' },
      field(t('method'), row.method), field(t('amount'), row.amount), field(t('approval_id'), row.id))));
    return row;
  };
  add(due(order));
  const more = h('button', { type: 'button', onclick: () => rows.length < SETTLEMENTS_MAX && add('').method.focus() }, t('another_method'));
  return {
    root: h('div', { class: 'rows' }, list, h('div', {}, more)),
    read() {
      const used = rows.filter((r, i) => i === 0 || r.amount.value || r.id.value.trim());
      const bad = used.find((r) => !r.id.value.trim());
      if (bad) return missing(bad.id);
      return { [name]: used.map((r) => ({ method: r.method.value, amount: Number(r.amount.value), approval: { approval_id: r.id.value.trim() } })) };
    },
  };
};

/** To whom it goes. */
export const recipient = (name, { order }) => {
  if (order.parent_order_id) return { root: h('p', { class: 'hint' }, t('business_address')), read: () => ({}) };
  const inputs = ['name', 'phone', 'zip', 'address', 'address_detail'].map((k) => [k, words({
    required: k !== 'address_detail', maxlength: k === 'zip' ? 5 : 500, pattern: k === 'zip' ? '[0-9]{5}' : null, inputmode: k === 'zip' ? 'numeric' : k === 'phone' ? 'tel' : null })]);
  return {
    root: group(t('recipient'), inputs.map(([k, input]) => field(t(`to_${k}`), input))),
    read() {
      const empty = inputs.find(([, input]) => input.required && !input.value.trim());
      if (empty) return missing(empty[1]);
      return { [name]: Object.fromEntries(inputs.map(([k, input]) => [k, input.value.trim()]).filter(([, v]) => v)) };
    },
  };
};

/** The buyer's account for refunds: all of it, or nothing. */
export const account = (name) => {
  const inputs = [['bank', code()], ['number', words({ maxlength: 32, inputmode: 'numeric' })], ['holder', words()]];
  return {
    root: group(t('refund_account'), inputs.map(([k, input]) => field(t(`account_${k}`), input))),
    read() {
      const empty = inputs.filter(([, input]) => !input.value.trim());
      if (empty.length === inputs.length) return {};
      if (empty.length) return missing(empty[0][1]);
      return { [name]: Object.fromEntries(inputs.map(([k, input]) => [k, input.value.trim()])) };
    },
  };
};

/** One code of several. */
export const choice = (label, codes, first, told = word) => (name) => {
  const control = select(codes.map((c) => (c === '' ? ['', t('as_usual')] : [c, told(c)])), first);
  return { root: field(t(label), control), read: () => (control.value ? { [name]: control.value } : {}) };
};

const written = (label, make, required) => (name) => {
  const control = make({ required });
  return {
    root: field(t(label), control),
    read() {
      const value = control.value.trim();
      if (!value && required) return missing(control);
      return value ? { [name]: value } : {};
    },
  };
};
export const text = (label, required = false) => written(label, words, required);
/** An id or a number of somebody else's. */
export const id = (label, required = false) => written(label, code, required);

export const amount = (label, first = () => '') => (name, { order }) => {
  const control = number(first(order), { min: 0, required: true });
  return { root: field(t(label), control), read: () => (control.value === '' ? missing(control) : { [name]: Number(control.value) }) };
};
/** An amount that may be left out. */
export const optional = (label) => (name) => {
  const control = number('', { min: 0 });
  return { root: field(t(label), control), read: () => (control.value === '' ? {} : { [name]: Number(control.value) }) };
};
export const count = (label, most = () => undefined) => (name, { lines }) => {
  const control = number(1, { min: 1, max: most(lines), required: true });
  return { root: field(t(label), control), read: () => (control.value === '' ? missing(control) : { [name]: Number(control.value) }) };
};

export const flag = (label) => (name) => {
  const control = h('input', { type: 'checkbox' });
  return { root: field(t(label), control), read: () => (control.checked ? { [name]: true } : {}) };
};

/** A moment that has been; now, when nothing is said. */
export const moment = (label) => (name) => {
  const control = h('input', { type: 'datetime-local', step: 1 });
  return { root: field(t(label), control, t('now_if_empty')), read: () => (control.value ? { [name]: new Date(control.value).toISOString() } : {}) };
};
