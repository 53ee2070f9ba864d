// What an operator may send about an order: one table of commands, when they make sense, and their fields.
import { account, amount, bought, checks, choice, count, flag, free, id, inspected, line, moment, optional, recipient, settlements, shipped, text, units, waybill } from './fields.js';
import { t } from './words.js';

/** In the order in which they are shown. */
export const GROUPS = ['claims', 'procurement', 'delivery', 'money'];

const WHY = ['change_of_mind', 'defect', 'wrong_item', 'damaged', 'late', 'other'];
const FAULT = ['buyer', 'seller'];
const GIFT = ['complaint', 'delay', 'damage', 'goodwill'];
/** Whose fault it is, where it was said wrongly. */
const JUDGED = choice('fault_of', ['', ...FAULT]);
const METHOD = choice('ship_method', ['', 'parcel', 'own', 'quick', 'pickup'], '', (c) => t(`method_${c}`));
const TIMING = choice('timing', ['', 'before_collection', 'after_collection']);
const BEFORE_SHIPPING = ['PREPARING', 'PROCUREMENT_CHECK', 'PROCUREMENT_DONE'];

/** Of the order: once, when some line of these statuses has units that no claim has. */
const of = (statuses, fits = () => true) => (o) => {
  const lines = o.lines.filter((l) => statuses.includes(l.status) && free(l) > 0 && fits(l, o));
  return lines.length ? [{ lines }] : [];
};
const when = (holds) => (o) => (holds(o) ? [{ lines: o.lines }] : []);

const has = (...states) => (l) => states.includes(String(l.delivery).toUpperCase());
const installed = (o, l) => o.linked_orders.some((k) => k.kind === 'installation' && k.lines.includes(l.line_no) && !['ended', 'refused', 'cancelled'].includes(k.state));
const both = (a, b) => (l, o) => a(l, o) && b(l, o);
const byInstaller = (l, o) => installed(o, l);

const surcharge = (o) => o.fees.filter((f) => f.unpaid).reduce((sum, f) => sum + f.amount - f.refunded, 0);
const awaited = (o) => o.settlements.find((s) => s.expected > 0 && !s.paid_at);
const unpaid = (o) => o.status === 'PAYMENT_PENDING' && !awaited(o);

/** Of a return or an exchange in one of these states, beside it. */
const claim = (kind, list, states, some = (lines) => lines) => (o) => o.claims[list].filter((c) => states.includes(c.state)).map((c) => ({
  place: `${kind} ${c.claim_group}`, name: String(c.claim_group), fixed: { claim_group: c.claim_group },
  lines: some((c.lines ?? [c]).map((l) => ({ ...o.lines.find((own) => own.line_no === l.line_no), ...l }))) }));
const returned = (...states) => claim('return', 'returns', states);
const exchanged = claim('exchange', 'exchanges', ['requested']);
/** Units of a return that are still out, and goods of an exchange that are to come back. */
const out = claim('return', 'returns', ['approved'], (lines) => lines.filter((l) => l.outstanding > 0));
const wayBack = (...states) => (o) => o.claims.exchanges.filter((e) => e.state !== 'failed' && states.includes(e.collection?.state))
  .map((e) => ({ place: `exchange ${e.claim_group}`, name: String(e.claim_group), fixed: { claim_group: e.claim_group },
    lines: [{ ...o.lines.find((l) => l.line_no === e.line_no), ...e.collection, line_no: e.line_no, quantity: e.collection.collected }] }));
const some = (at) => (o) => at(o).filter((p) => p.lines.length);
/** Of a refund that is to be given back, beside it. */
const refund = (fits = () => true) => (o) => o.refunds.filter((r) => r.state === 'due' && fits(r))
  .map((r) => ({ place: `refund ${r.refund_key}`, name: r.refund_key, fixed: { refund_key: r.refund_key }, lines: [] }));
/** Of a fee that is still owed, beside it. */
const debt = (o) => o.fees.filter((f) => f.unpaid && f.amount > f.refunded)
  .map((f) => ({ place: `fee ${f.fee_no}`, name: String(f.fee_no), fixed: { fee_no: f.fee_no }, lines: [] }));

/**
 * { type, group, at(order) → where it makes sense now, fields: { 'name other_name': builder }, rare?: fields hardly ever
 * needed, step?: the way forward, key? and fixed?: where a type stands twice }. The server has the last word.
 */
export const ACTIONS = [
  { type: 'cancel_lines', group: 'claims', at: of(['ORDERED']), fields: { lines: checks() }, rare: { reason: text('text_reason'), refund_account: account } },
  { type: 'request_return', group: 'claims', at: of([...BEFORE_SHIPPING, 'SHIPPED', 'RETURNING', 'EXCHANGING']),
    fields: { lines: units(), reason: choice('why', WHY), fault: choice('fault_of', FAULT), refund_timing: TIMING, waive_gifts: flag('waive') }, rare: { refund_account: account } },
  { type: 'request_exchange', group: 'claims', at: of(['PROCUREMENT_DONE', 'SHIPPED', 'RETURNING', 'EXCHANGING'], (l) => !l.gift),
    fields: { line_no: line(), quantity: count('quantity', (lines) => Math.max(...lines.map(free))), reason: choice('why', WHY), fault: choice('fault_of', FAULT), sku_id: id('other_sku') }, rare: { refund_account: account } },
  { type: 'add_gift', group: 'claims', at: of(['ORDERED', ...BEFORE_SHIPPING, 'SHIPPED'], (l) => !l.gift),
    fields: { main_line_no: line('gift_to'), sku_id: id('gift_sku', true), quantity: count('quantity'), reason: choice('why', GIFT) } },
  { type: 'approve_return', group: 'claims', step: true, at: returned('requested'), fields: { refund_timing: TIMING, fault: JUDGED } },
  { type: 'reject_return', group: 'claims', at: returned('requested'), fields: { reason: text('text_reason') } },
  { type: 'collect_return', group: 'claims', step: true, at: claim('return', 'returns', ['approved'], (lines) => lines.filter((l) => l.collect)),
    fields: { lines: units({ rest: true, of: (l) => l.outstanding }) } },
  { type: 'collect_return', key: 'collect_exchange', group: 'claims', step: true, at: wayBack('due'), fields: { lines: units({ rest: true, of: (l) => l.outstanding }) } },
  { type: 'complete_return', group: 'claims', step: true, at: claim('return', 'returns', ['collected'], (lines) => lines.filter((l) => l.collected > 0)),
    fields: { inspected, fault: JUDGED } },
  { type: 'complete_return', key: 'inspect_exchange', group: 'claims', step: true, at: wayBack('collected'), fields: { inspected, fault: JUDGED } },
  { type: 'withdraw_return', group: 'claims', at: returned('requested', 'approved'), fields: {} },
  { type: 'withdraw_return', key: 'withdraw_rest', group: 'claims', at: some(out), fields: { lines: units({ of: (l) => l.outstanding }) } },
  { type: 'write_off_return', group: 'claims', at: some(out), fields: { lines: units({ rest: true, of: (l) => l.outstanding }), reason: text('text_reason', true), charge: optional('charge') } },
  { type: 'write_off_return', key: 'write_off_exchange', group: 'claims', at: wayBack('due'), fields: { reason: text('text_reason', true), charge: optional('charge') } },
  { type: 'waive_collection', group: 'claims', at: wayBack('due'), fields: { reason: text('text_reason', true) } },
  { type: 'withdraw_exchange', group: 'claims', at: exchanged, fields: {} },
  { type: 'approve_exchange', group: 'claims', step: true, at: exchanged, fields: { resolution: choice('resolution', ['pickup', 'add_product']), sku_id: id('other_sku'), fault: JUDGED },
    rare: { waive_collection: flag('waive_collection'), reason: text('text_reason') } },
  { type: 'reject_exchange', group: 'claims', at: exchanged, fields: { reason: text('text_reason') } },

  { type: 'prepare', group: 'procurement', step: true, at: of(['ORDERED']), fields: { lines: checks(true) } },
  { type: 'confirm_stock', group: 'procurement', at: of(['ORDERED']), fields: { lines: units({ full: true, as: 'available', of: (l) => l.active }) } },
  { type: 'use_own_stock', group: 'procurement', step: true, at: of(['PREPARING']), fields: { lines: checks(true) } },
  { type: 'purchase_from_partner', group: 'procurement', at: of(['PREPARING']),
    fields: { partner_id: id('partner', true), lines: bought }, rare: { linked_order_id: id('linked_id') } },
  { type: 'purchase_from_non_partner', group: 'procurement', at: of(['PREPARING']),
    fields: { lines: checks(true), seller_name: text('seller_name', true), amount: amount('amount') } },
  { type: 'assign_installer', group: 'procurement', at: of(['PREPARING'], (l, o) => !installed(o, l)),
    fields: { partner_id: id('installer', true), lines: bought }, rare: { linked_order_id: id('linked_id') } },
  { type: 'complete_procurement', group: 'procurement', step: true, at: of(['PROCUREMENT_CHECK']), fields: { lines: checks(true) } },
  { type: 'cancel_procurement', group: 'procurement', at: of(['PROCUREMENT_CHECK']), fields: { lines: checks(), reason: text('text_reason') } },
  { type: 'report_stock_loss', group: 'procurement', at: of(BEFORE_SHIPPING), fields: { lines: units() } },

  { type: 'set_shipping_address', group: 'delivery', at: of(['PAYMENT_PENDING', 'ORDERED', ...BEFORE_SHIPPING]), fields: { recipient } },
  { type: 'ship', group: 'delivery', step: true, at: of(['PROCUREMENT_DONE']), fields: { 'lines waybills': shipped, in_transit: flag('in_transit') }, rare: { method: METHOD } },
  { type: 'register_waybill', group: 'delivery', at: of(['SHIPPED'], has('READY', 'IN_TRANSIT')),
    fields: { line_no: line(), carrier: id('carrier', true), waybill_no: id('waybill_no', true), quantity: count('quantity', (lines) => Math.max(...lines.map(free))) }, rare: { carrier_name: text('carrier_name') } },
  { type: 'update_waybill', group: 'delivery', at: of(['SHIPPED'], both(has('READY', 'IN_TRANSIT'), (l) => l.waybills.some((w) => !w.delivered_at))),
    fields: { 'line_no carrier waybill_no': waybill, quantity: count('quantity') } },
  { type: 'mark_delivered', group: 'delivery', step: true, at: of(['SHIPPED'], both(has('IN_TRANSIT'), (l) => l.waybills.some((w) => !w.delivered_at))),
    fields: { lines: checks(true), 'carrier waybill_no': waybill, reason: text('text_reason') }, rare: { delivered_at: moment('delivered_at') } },
  { type: 'mark_delivered', key: 'force_delivered', group: 'delivery', fixed: { forced: true }, at: of(['SHIPPED'], has('READY', 'IN_TRANSIT')),
    fields: { lines: checks(), reason: text('force_reason', true) } },
  { type: 'confirm_installer_delivery', group: 'delivery', step: true, at: of(['SHIPPED'], both(has('READY', 'IN_TRANSIT', 'DELIVERED'), byInstaller)),
    fields: { lines: checks(true) }, rare: { delivered_at: moment('delivered_at') } },
  { type: 'complete_installation', group: 'delivery', step: true, at: of(['SHIPPED'], both(has('DELIVERED_BY_INSTALLER'), byInstaller)), fields: { lines: checks(true) } },
  { type: 'fail_installation', group: 'delivery', at: of(['SHIPPED'], both((l) => !has('INSTALLED')(l), byInstaller)), fields: { lines: checks() } },
  { type: 'confirm_purchase', group: 'delivery', step: true, at: of(['SHIPPED'], (l, o) => l.in_claims === 0
    && (has('INSTALLED')(l) || (has('DELIVERED', 'DELIVERED_BY_INSTALLER')(l) && !installed(o, l)))), fields: { lines: checks(true) } },

  { type: 'approve_payment', group: 'money', step: true, at: when((o) => unpaid(o) || surcharge(o) > 0),
    fields: { settlements: settlements((o) => o.due) } },
  { type: 'confirm_deposit', group: 'money', step: true, at: when((o) => o.status === 'PAYMENT_PENDING' && awaited(o)), fields: { amount: amount('amount', (o) => awaited(o).expected) }, rare: { payment_id: id('payment_id') } },
  { type: 'decline_payment', group: 'money', at: when(unpaid), fields: { reason: text('text_reason') } },
  { type: 'set_refund_account', group: 'money', at: when((o) => o.refunds.some((r) => ['awaiting_return', 'due'].includes(r.state))), fields: { refund_account: account } },
  { type: 'waive_debt', group: 'money', at: debt, fields: { reason: text('text_reason', true), amount: optional('waived_amount') } },
  { type: 'cancel_payment', group: 'money', at: when((o) => o.status === 'PAYMENT_PENDING'), fields: {} },
  { type: 'confirm_refund', group: 'money', at: refund(), fields: {} },
  { type: 'fail_refund', group: 'money', at: refund(), fields: { reason: text('fail_reason', true), outcome: choice('refund_outcome', ['refused', 'no_response', 'pending']) } },
  { type: 'refund_by_bank_transfer', group: 'money', at: refund((r) => r.attempts > 0), fields: { holder: text('holder_name') }, rare: { account } },
];

/** What makes sense now: an action for each target. */
export const actionsFor = (order) => ACTIONS.flatMap((a) => a.at(order).map((target) => ({ ...a, ...target, key: a.key ?? a.type, fixed: { ...a.fixed, ...target.fixed } })));

/** The form of an action: its fields, and those hardly ever needed. */
export function fieldsOf(action, order) {
  const made = (fields) => Object.entries(fields ?? {}).map(([name, build]) => build(name, { order, lines: action.lines }));
  return { usual: made(action.fields), rare: made(action.rare) };
}
