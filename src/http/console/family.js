// The family of linked orders: from any of them up to the root, and down all of it, looked up while the page is there.
import { get } from './api.js';
import { h, link } from './dom.js';
import { state, t, word } from './words.js';

const DEPTH = 5; // generations above, and below the root
const ORDERS = 40;
const AT_ONCE = 4;
/** Links whose order is not placed yet, or never was. */
const NONE = ['asked', 'refused'];

/**
 * Of the order of one page: `draw(order)` gives what is known at once, and looks up the rest; each look keeps what the last
 * one found until it knows better.
 */
export function familyOf(signal, pill) {
  const known = new Map(); // order id → order; `null`: it can't be seen
  const root = h('div', { class: 'kin', 'aria-live': 'off' });
  let own = null;
  let lineage = new Set(); // this order and those above it: in a family too large they stay in sight
  const ownFirst = (a, b) => lineage.has(b.order_id) - lineage.has(a.order_id);
  let walk = 0;

  const path = (id) => `/v1/orders/${encodeURIComponent(id)}`;
  async function look(id) {
    try {
      known.set(id, await get(path(id), signal));
    } catch (e) {
      if (e.name === 'AbortError') throw e;
      known.set(id, null);
    }
  }

  /** The eldest that is known, by what is known. */
  function eldest() {
    let at = own;
    for (let n = 0; n < DEPTH && known.get(at.parent_order_id); n++) at = known.get(at.parent_order_id);
    return at;
  }

  async function explore(number) {
    lineage = new Set([own.order_id]);
    let above = own.parent_order_id;
    for (let n = 0; above && n < DEPTH && !lineage.has(above); n++) {
      lineage.add(above);
      await look(above);
      above = known.get(above)?.parent_order_id;
    }
    const seen = new Set([eldest().order_id]);
    let generation = [eldest().order_id];
    for (let n = 0; n < DEPTH && generation.length; n++) {
      const next = generation.flatMap((id) => known.get(id)?.linked_orders ?? []).toSorted(ownFirst)
        .filter((l) => !NONE.includes(l.state) && !seen.has(l.order_id)).map((l) => l.order_id).slice(0, ORDERS - seen.size);
      next.forEach((id) => seen.add(id));
      const wanted = next.filter((id) => id !== own.order_id);
      for (let i = 0; i < wanted.length; i += AT_ONCE) await Promise.all(wanted.slice(i, i + AT_ONCE).map(look));
      generation = next;
    }
    if (number === walk) paint(true);
  }

  function paint(whole, sorted = false) {
    const drawn = new Set();
    let cut = false;
    const node = (id, l, depth) => {
      const o = known.get(id);
      drawn.add(id);
      const told = l && [' ', h('span', { class: 'pill' }, state(l.state, l.state_korean)), ` ${word(l.kind)} · ${l.partner_id} · ${t('lines')} ${l.lines.join(', ')}`];
      const name = id === own.order_id ? [h('b', {}, id), ` (${t('this_order')})`]
        : [h('a', { href: `#/orders/${encodeURIComponent(id)}`, id: `kin-${id}` }, id), id === own.parent_order_id && ` (${t('parent')})`];
      const links = (o?.linked_orders ?? []).filter((c) => !drawn.has(c.order_id));
      if (sorted) links.sort(ownFirst);
      const below = [];
      for (const c of links) {
        if (drawn.has(c.order_id)) continue; // another branch led there
        if (depth >= DEPTH || drawn.size >= ORDERS) {
          cut = true;
          break;
        }
        below.push(node(c.order_id, c, depth + 1));
      }
      return h('li', {}, name, o && [' ', pill(o.status)], told, below.length > 0 && h('ul', {}, below));
    };
    const top = eldest();
    let tree = node(top.order_id, null, 0);
    if (!drawn.has(own.order_id) && !sorted) return paint(whole, true);
    const further = top.parent_order_id; // too far up, or not to be seen
    if (further) tree = h('li', {}, link(`#/orders/${encodeURIComponent(further)}`, further), further === own.parent_order_id && ` (${t('parent')})`, h('ul', {}, tree));
    const focused = root.contains(document.activeElement) && document.activeElement.id;
    root.replaceChildren(h('ul', { class: 'tree' }, tree),
      ...(whole && (cut || (further && known.get(further) !== null)) ? [h('p', { class: 'hint' }, t('family_cut'))] : []),
      ...(whole ? [] : [h('p', { class: 'hint' }, t('loading'))]));
    if (focused) document.getElementById(focused)?.focus();
  }

  return {
    draw(order) {
      own = order;
      known.set(order.order_id, order);
      walk += 1;
      paint(false);
      explore(walk).catch(() => {}); // the page was left
      return root;
    },
  };
}
