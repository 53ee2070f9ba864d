// An action's form: filled in, previewed, confirmed.
import { fieldsOf } from './actions.js';
import { send } from './api.js';
import { facts, h, modal, num, orderLink, say, won } from './dom.js';
import { because, changes } from './orders.js';
import { reason, t, word } from './words.js';

/** The form of an action: preview, then confirm. A retry keeps its id; other content, or a refusal, gets another. */
export function perform(order, action, load) {
  const path = `/v1/orders/${encodeURIComponent(order.order_id)}`;
  const { usual, rare } = fieldsOf(action, order);
  const fields = [...usual, ...rare];
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
  } }, usual.map((f) => f.root), rare.length > 0 && h('details', {}, h('summary', {}, t('rarely')), rare.map((f) => f.root)),
  h('p', { class: 'hint' }, t('preview_first')), out,
  h('div', { class: 'row end' }, h('button', { type: 'button', onclick: () => box.close() }, t('cancel')), look, go));
  const box = modal(`${t(action.key)} · ${order.order_id}${action.name ? ` · ${action.name}` : ''}`,
    form, h('div', { class: 'said', role: 'status' }));
  let sent = { content: null, key: null };
  let version = null;

  const problem = (message, more) => out.replaceChildren(h('p', { class: 'problem', role: 'alert' }, message), more ?? '');

  function body() {
    const asked = {};
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
    return { ...asked, ...action.fixed };
  }

  const refusal = (answer) => problem(`${reason(answer.reason ?? 'fault')}${answer.message ? ` (${answer.message})` : ''}`, facts(because({ ...answer.facts, detail: undefined })));

  async function preview() {
    const asked = body();
    if (!asked) return;
    look.disabled = true;
    try {
      const answer = await send(`${path}/preview`, { command: { type: action.type, ...asked } }, crypto.randomUUID());
      if (answer.outcome === 'accepted') {
        version = answer.order_version; // what is confirmed is what was shown
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

  /** The order has gone on since it was previewed: what would be done now is shown, and not done. */
  async function again() {
    await preview();
    out.prepend(h('p', { class: 'problem', role: 'alert', id: 'moved-on' }, t('moved_on')));
  }

  async function confirm(e) {
    e.preventDefault();
    if (go.disabled) return void preview();
    const asked = body();
    if (!asked) return;
    const command = { ...asked, expected_version: version };
    const content = JSON.stringify(command);
    if (sent.content !== content) sent = { content, key: crypto.randomUUID() };
    go.disabled = true;
    try {
      const answer = await send(`${path}/${action.type}`, command, sent.key);
      if (answer.outcome === 'accepted') {
        box.close();
        const note = answer.reason ? ` (${reason(answer.reason)})` : '';
        say(`${t(action.key)}: ${t('done')}${note}`, 'good');
        await load().catch((error) => error.name !== 'AbortError' && say(error.message, 'bad'));
        return;
      }
      if (answer.outcome === 'unknown') {
        problem(t('not_known'));
        go.disabled = false;
      } else {
        sent = { content: null, key: null };
        if (answer.reason === 'version_mismatch') await again();
        else refusal(answer);
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
    const when = r.immediate ? t('at_once') : r.timing ? word(r.timing) : t('later');
    pairs.push([`${t('refund_of')} · ${word(r.method)}`, [h('b', {}, won(r.amount)), ` · ${when}`]]);
  }
  for (const f of p.return_fees ?? []) {
    const was = f.before_threshold !== f.amount ? ` · ${t('before_threshold')} ${won(f.before_threshold)}` : '';
    pairs.push([t('return_fee'), `${won(f.amount)} · ${word(f.reason)}${was}`]);
  }
  for (const name of ['fee_refunds', 'withheld', 'due']) if (p[name]) pairs.push([t(name), won(p[name])]);
  if (p.gifts?.length) pairs.push([t('gifts_too'), p.gifts.join(', ')]);
  for (const s of p.stock ?? []) pairs.push([`${t('stock_moves')} · ${s.sku_id}`, `${word(s.movement)} ${num(s.quantity)}`]);
  const links = (ids) => ids.flatMap((id) => [orderLink(id), ' ']);
  if (p.linked_orders?.length) pairs.push([t('linked_made'), links(p.linked_orders)]);
  if (p.cancelled_linked_orders?.length) pairs.push([t('linked_stopped'), links(p.cancelled_linked_orders)]);
  return h('div', { class: 'preview' }, h('h3', {}, t('would')), pairs.length ? facts(pairs) : h('p', {}, t('nothing_moves')));
}
