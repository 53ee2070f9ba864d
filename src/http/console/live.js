// The sale as it is: figures, charts, stock, lanes.
import { follow } from './api.js';
import { chart } from './charts.js';
import { bar, h, num, section, skuLink, table } from './dom.js';
import { reason, t } from './words.js';

const KEPT = 122;
const LAG_MAX = 10000;
const resets = new Map(); // of each lane, when this page first saw it
const points = [];
let before = null;
let last = null;
let state = 'connecting';
let running = null;
const listeners = new Set();

const tellAll = () => listeners.forEach((f) => f());
/** Calls `f` at every change until the signal is aborted. */
export function watch(f, signal) {
  listeners.add(f);
  signal?.addEventListener('abort', () => listeners.delete(f));
}
export const liveState = () => state;

/** What came between two looks, per second; a counter that fell has started anew. */
function rate(now, then, seconds) {
  return (now >= then ? now - then : now) / seconds;
}

function take(view) {
  const at = Date.parse(view.at) / 1000;
  if (before && at > before.at) {
    const seconds = at - before.at;
    const gap = seconds > 5;
    const refusals = {};
    for (const [code, n] of Object.entries(view.refusals)) {
      const r = rate(n, before.view.refusals[code] ?? 0, seconds);
      if (r > 0) refusals[code] = r;
    }
    if (gap) points.push({ at: before.at + 1, placed: null, refusals: null, p50: null, p99: null, left: null, work: null });
    const left = Object.fromEntries(view.hot.map((s) => [s.sku_id, s.on_hand]));
    const work = Object.fromEntries(WORK.map((k) => [k, view.lanes.reduce((sum, l) => sum + l[k], 0)]));
    points.push({ at, placed: rate(view.placed, before.view.placed, seconds), refusals, p50: view.p50_ms, p99: view.p99_ms, left, work });
    while (points.length > KEPT || (points.length && points[0].at < at - 120)) points.shift();
  }
  before = { at, view };
  last = view;
  tellAll();
}

export function start() {
  stop();
  running = new AbortController();
  state = 'connecting';
  follow(running.signal, take, (s) => {
    if (s !== state) {
      state = s;
      tellAll();
    }
  });
}
export function stop() {
  running?.abort();
  running = null;
  points.length = 0;
  resets.clear();
  slots.fill(null);
  before = last = null;
}

const total = (counts) => Object.values(counts ?? {}).reduce((a, b) => a + b, 0);
const KINDS = 6;
const WORK = ['lag', 'pending', 'in_flight'];
const slots = Array(KINDS).fill(null); // the SKU of each colour: it keeps its colour while it is among the first

/** Units left of the SKUs that sold most, a line each. */
function shelves() {
  // by what is taken: before the first payments nothing is sold, and much is held
  const first = (last?.hot ?? []).toSorted((a, b) => b.sold + b.held - a.sold - a.held).slice(0, KINDS).map((s) => s.sku_id);
  slots.forEach((id, i) => { if (!first.includes(id)) slots[i] = null; });
  for (const id of first) if (!slots.includes(id)) slots[slots.indexOf(null)] = id;
  return first.map((id) => ({ name: id, kind: `s${slots.indexOf(id) + 1}`, of: (p) => p.left?.[id] ?? null }));
}

/** The reasons of the last two minutes, most frequent first; the rest as one. */
function reasons() {
  const sums = {};
  for (const p of points) for (const [code, n] of Object.entries(p.refusals ?? {})) sums[code] = (sums[code] ?? 0) + n;
  const codes = Object.keys(sums).sort((a, b) => sums[b] - sums[a]);
  const named = codes.slice(0, codes.length > KINDS ? KINDS - 1 : KINDS);
  const rest = codes.slice(named.length);
  const series = named.map((code, i) => ({ name: reason(code), kind: `s${i + 1}`, of: (p) => (p.refusals ? p.refusals[code] ?? 0 : null) }));
  if (rest.length) {
    series.push({ name: t('other'), kind: 's6', of: (p) => (p.refusals ? rest.reduce((sum, c) => sum + (p.refusals[c] ?? 0), 0) : null) });
  }
  return series;
}

export function liveView({ signal }) {
  const figure = (label) => {
    const value = h('b', {}, '–');
    const note = h('small', {});
    return { root: h('div', { class: 'figure' }, h('span', {}, label), value, note), value, note };
  };
  const big = { orders: figure(t('orders_s')), refusals: figure(t('refusals_s')), p99: figure(t('p99')), lag: figure(t('lag')) };
  const charts = {
    orders: chart(t('chart_orders')),
    refusals: chart(t('chart_refusals'), { stacked: true }),
    latency: chart(t('chart_latency'), { digits: 1, unit: ' ms' }),
    left: chart(t('chart_left'), { empty: t('no_hot'), wide: true }),
    work: chart(t('chart_work')),
  };
  const alarm = h('div', {});
  const hot = h('div', {});
  const lanes = h('div', {});
  const body = h('div', { class: 'live' },
    h('h1', { tabindex: '-1' }, t('live')), alarm,
    h('div', { class: 'figures' }, Object.values(big).map((f) => f.root)),
    h('div', { class: 'charts' }, Object.values(charts).map((c) => c.root)),
    h('div', { class: 'pair' }, section(t('hot'), h('p', { class: 'hint' }, t('sold_about')), hot), section(t('lanes'), lanes)));

  let laneText = '';
  let hotIds = null;
  const bars = new Map();
  let alarmText = '';
  function draw() {
    const warn = state === 'denied' ? t('live_denied') : last?.broken ? t('broken')
      : state === 'off' ? `${t('disconnected')}. ${last ? t('stale') : ''}` : '';
    if (warn !== alarmText) {
      alarmText = warn;
      alarm.replaceChildren(...(warn ? [h('p', { class: 'alarm', role: 'alert' }, warn)] : []));
    }
    body.classList.toggle('stale', state === 'off');
    const p = points.at(-1);
    charts.orders.draw(points, [{ name: t('orders_s'), kind: 's1', of: (q) => q.placed }]);
    charts.refusals.draw(points, reasons());
    charts.latency.draw(points, [{ name: 'p50', kind: 's3', of: (q) => q.p50 }, { name: 'p99', kind: 's2', of: (q) => q.p99 }]);
    charts.left.draw(points, shelves());
    charts.work.draw(points, WORK.map((k, i) => ({ name: t(k), kind: `s${[5, 3, 1][i]}`, of: (q) => q.work?.[k] ?? null })));
    if (!last) return;
    big.orders.value.textContent = num(p?.placed);
    big.orders.note.textContent = `${t('placed')} ${num(last.placed)}`;
    big.refusals.value.textContent = num(p ? total(p.refusals) : null);
    big.refusals.note.textContent = `${t('refused_total')} ${num(last.commands.rejected ?? 0)}`;
    big.p99.value.textContent = last.p99_ms === null ? '–' : `${num(last.p99_ms, last.p99_ms < 10 ? 1 : 0)} ms`;
    big.p99.note.textContent = `p50 ${last.p50_ms === null ? '–' : `${num(last.p50_ms, 1)} ms`}`;
    big.lag.value.textContent = num(last.lanes.reduce((sum, l) => sum + l.lag, 0));
    big.lag.note.textContent = `${t('failed_total')} ${num(last.commands.failed ?? 0)}`;

    const ids = last.hot.map((s) => s.sku_id);
    if (ids.join(' ') !== hotIds) { // links that stay keep their focus
      hotIds = ids.join(' ');
      bars.clear();
      for (const id of ids) bars.set(id, h('div', {}));
      hot.replaceChildren(...(ids.length ? ids.map((id) => h('div', { class: 'hot' }, skuLink(id), bars.get(id))) : [h('p', { class: 'empty' }, t('no_hot'))]));
    }
    for (const s of last.hot) {
      bars.get(s.sku_id).replaceChildren(
        bar(s.sku_id, [[t('left'), s.on_hand, 'p-left'], [t('held'), s.held, 'p-held'], [t('sold_net'), s.sold_net, 'p-sold']], num), h('small', { class: 'under' }, `${t('sold')} ${num(s.sold)}`));
    }

    const told = JSON.stringify([last.lanes, last.owned]);
    if (told === laneText) return; // the table keeps its place and focus
    laneText = told;
    for (const l of last.lanes) if (!resets.has(l.partition)) resets.set(l.partition, l.resets);
    const wants = (l) => l.dead_letters > 0 || l.resets > resets.get(l.partition) || l.lag > LAG_MAX;
    lanes.replaceChildren(
      h('p', {}, `${t('owned')}: ${num(last.owned)} / ${num(last.partitions)}`),
      table(t('lanes'), [
        [t('partition'), (l) => l.partition, 'n'],
        [t('health'), (l) => h('span', { class: wants(l) ? 'pill warn' : 'pill good' }, wants(l) ? t('look') : t('ok'))],
        [t('lag'), (l) => num(l.lag), 'n'], [t('pending'), (l) => num(l.pending), 'n'], [t('in_flight'), (l) => num(l.in_flight), 'n'],
        [t('resets'), (l) => num(l.resets), 'n'],
        [t('dead'), (l) => (l.dead_letters ? h('a', { href: '#/dead-letters' }, num(l.dead_letters)) : 0), 'n'],
      ], last.lanes));
  }
  let scheduled = false;
  const soon = () => {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(() => {
      scheduled = false;
      if (!signal.aborted) draw();
    });
  };
  watch(soon, signal);
  soon();
  window.addEventListener('resize', soon, { signal });
  return body;
}
