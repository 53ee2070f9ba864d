// A person's data is erased: looked at first, then the id typed once more, then done.
import { act, get, mayAct } from './api.js';
import { facts, field, h, link, num, orderLink, say, section, table, time } from './dom.js';
import { pill } from './orders.js';
import { t } from './words.js';

const SHOWN = 20;
export const eraseLink = (customer) => link(`#/erase/${encodeURIComponent(customer)}`, t('erase_them'));
const plain = (props) => h('input', { type: 'text', required: true, autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false', ...props });

/** Whose? */
export function eraseView() {
  if (!mayAct()) throw new Error(t('forbidden_here'));
  const id = plain({ id: 'customer' });
  return h('div', {}, h('h1', { tabindex: '-1' }, t('erase')), h('p', { class: 'hint' }, t('erase_about')),
    h('form', { class: 'search', onsubmit: (e) => {
      e.preventDefault();
      if (id.value.trim()) location.hash = `#/erase/${encodeURIComponent(id.value.trim())}`;
    } }, field(t('customer'), id), h('button', { class: 'main' }, t('next_step'))));
}

export async function eraseOneView({ id, signal }) {
  if (!mayAct()) throw new Error(t('forbidden_here'));
  const orders = await get(`/v1/orders?customer_id=${encodeURIComponent(id)}&limit=${SHOWN}`, signal);
  const again = plain({ id: 'customer-again' });
  const problem = h('p', { class: 'problem', role: 'alert' });
  const go = h('button', { class: 'danger main', id: 'erase' }, t('erase_now'));
  const form = h('form', { class: 'card narrow', novalidate: true, onsubmit: async (e) => {
    e.preventDefault();
    if (go.disabled) return;
    if (again.value.trim() !== id) {
      problem.textContent = t('not_the_same');
      return void again.focus();
    }
    go.disabled = true;
    problem.textContent = '';
    try {
      const done = await act('POST', `/v1/customers/${encodeURIComponent(id)}/erase`);
      const told = erased(done);
      form.replaceWith(told);
      told.focus();
      say(t('erased'), 'good');
    } catch (error) {
      problem.textContent = error.message;
      go.disabled = false;
    }
  } }, h('h2', {}, t('erase_sure')), field(`${t('customer_again')}: ${id}`, again), problem, h('div', { class: 'row' }, go, link('#/erase', t('cancel'))));
  return h('div', {}, h('p', { class: 'crumb' }, link('#/erase', `← ${t('erase')}`)),
    h('h1', { tabindex: '-1' }, `${t('erase')} `, h('code', {}, id)),
    h('div', { class: 'pair' }, section(t('what_goes'), list('goes')), section(t('what_stays'), list('stays'))),
    section(t('their_orders'), table(t('their_orders'), [
      [t('order_id'), (o) => orderLink(o.order_id)], [t('status'), (o) => pill(o.status)], [t('placed_at'), (o) => time(o.placed_at)],
    ], orders.items, t('no_orders_of_theirs')), orders.next && h('p', { class: 'hint' }, link(`#/orders?customer_id=${encodeURIComponent(id)}`, t('and_more')))),
    form);
}

const list = (which) => h('ul', { class: 'hints' }, [1, 2, 3].map((n) => h('li', {}, t(`${which}_${n}`))));

/** What the answer says. */
function erased(done) {
  const more = done.pending_orders - done.pending.length;
  return h('section', { class: 'card', tabindex: '-1', id: 'erased' }, h('h2', {}, t('erased')),
    facts([[t('erased_orders'), num(done.orders)], [t('erased_rows'), num(done.rows)], [t('erased_letters'), num(done.dead_letters)], [t('kept_orders'), num(done.pending_orders)]]),
    done.pending_orders > 0 && [h('p', { class: 'hint' }, t('kept_about')),
      h('ul', { class: 'names' }, done.pending.map((id) => h('li', {}, orderLink(id)))), more > 0 && h('p', {}, `+${num(more)}`)],
    done.unprocessed_commands > 0 && h('p', { class: 'hint' }, t('unprocessed_about')),
    h('p', {}, link('#/audit', t('see_audit'))));
}
