// Elements are made by createElement and textContent alone: text that came from anywhere stays text.
import { lang, t } from './words.js';

const SVG = 'http://www.w3.org/2000/svg';

function fill(el, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) el.addEventListener(name.slice(2), value);
    else if (name === 'value') el.value = value;
    else el.setAttribute(name, value === true ? '' : String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false || child === '') continue;
    el.append(child instanceof Node ? child : String(child));
  }
  return el;
}

export const h = (tag, props, ...children) => fill(document.createElement(tag), props, children);
export const svg = (tag, props, ...children) => fill(document.createElementNS(SVG, tag), props, children);

const locale = () => (lang() === 'ko' ? 'ko-KR' : 'en-GB');
export const num = (n, digits = 0) =>
  n === null || n === undefined ? '–' : new Intl.NumberFormat(locale(), { maximumFractionDigits: digits }).format(n);
export const won = (n) => (n === null || n === undefined ? '–' : lang() === 'ko' ? `${num(n)}원` : `₩${num(n)}`);

export function time(at) {
  if (!at) return '–';
  const date = new Date(at);
  const shown = new Intl.DateTimeFormat(locale(), { dateStyle: 'medium', timeStyle: 'medium' }).format(date);
  return h('time', { datetime: at, title: at }, shown);
}

/** A table that scrolls within itself. `columns`: [heading, cell of a row, class?]. */
export function table(caption, columns, rows, empty = t('nothing')) {
  if (!rows.length) return h('p', { class: 'empty' }, empty);
  return h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption },
    h('table', {},
      h('caption', { class: 'unseen' }, caption),
      h('thead', {}, h('tr', {}, columns.map(([name, , kind]) => h('th', { scope: 'col', class: kind }, name)))),
      h('tbody', {}, rows.map((row) => h('tr', {}, columns.map(([, cell, kind]) => h('td', { class: kind }, cell(row))))))));
}

export const section = (title, ...children) => h('section', { class: 'card' }, h('h2', {}, title), children);

/** Names and values. */
export const facts = (pairs) =>
  h('dl', { class: 'facts' }, pairs.filter(([, v]) => v !== undefined && v !== null && v !== '')
    .map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))));

let ids = 0;
/** A labelled field. */
export function field(label, control, hint) {
  control.id ||= `f${++ids}`;
  const hinted = hint && h('small', { id: `${control.id}h` }, hint);
  if (hinted) control.setAttribute('aria-describedby', hinted.id);
  const checks = control.type === 'checkbox';
  const name = h('label', { for: control.id }, label);
  return h('div', { class: checks ? 'field check' : 'field' }, checks ? [control, name] : [name, control], hinted);
}

export const select = (options, chosen, props) =>
  h('select', props, options.map(([value, label]) => h('option', { value, selected: value === chosen }, label)));

export const link = (href, ...children) => h('a', { href }, children);
export const orderLink = (id) => link(`#/orders/${encodeURIComponent(id)}`, id);
export const skuLink = (id) => link(`#/stock/${encodeURIComponent(id)}`, id);

/** Parts of a whole, as a bar with a legend. `parts`: [name, amount, class]. */
export function bar(label, parts, show, whole) {
  const all = whole ?? parts.reduce((sum, [, n]) => sum + n, 0);
  const told = parts.map(([name, n]) => `${name} ${show(n)}`).join(', ');
  const strip = h('div', { class: 'bar', role: 'img', 'aria-label': `${label}: ${told}` });
  for (const [, n, kind] of parts) {
    if (n <= 0 || all <= 0) continue;
    const piece = h('span', { class: kind });
    piece.style.setProperty('flex-basis', `${(100 * n) / all}%`);
    strip.append(piece);
  }
  return h('div', { class: 'barred' }, strip,
    h('ul', { class: 'legend' }, parts.map(([name, n, kind]) =>
      h('li', { class: n ? '' : 'zero' }, h('span', { class: `dot ${kind}`, 'aria-hidden': 'true' }), `${name} `, h('b', {}, show(n))))));
}

/** Links to the first and the next page. */
export function pager(base, query, next) {
  const to = (cursor) => {
    const asked = new URLSearchParams(query);
    asked.delete('cursor');
    if (cursor) asked.set('cursor', cursor);
    const text = asked.toString();
    return text ? `${base}?${text}` : base;
  };
  const paged = query.get('cursor');
  if (!paged && !next) return null;
  return h('nav', { class: 'pager', 'aria-label': t('pages') },
    paged && link(to(null), t('first_page')), next && link(to(next), t('next_page'), ' →'));
}

export function say(text, kind = '') {
  const line = h('p', { class: `toast ${kind}` }, text);
  const place = document.querySelector('dialog[open] .said') ?? document.getElementById('news');
  while (place.children.length > 2) place.firstChild.remove();
  place.append(line);
  setTimeout(() => line.remove(), 7000);
}

/** A modal dialog; resolves when it closes. */
export function modal(title, ...children) {
  const opener = document.activeElement?.id;
  const box = h('dialog', { 'aria-labelledby': 'dialog-title' },
    h('h2', { id: 'dialog-title' }, title), children);
  document.body.append(box);
  box.addEventListener('close', () => {
    box.remove();
    if (opener) document.getElementById(opener)?.focus();
  });
  box.showModal();
  return box;
}
