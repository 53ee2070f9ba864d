// The operator console: sign-in, header, routes.
import { hasToken, onSignedOut, ready, setToken, who, whoAmI } from './api.js';
import { auditView } from './audit.js';
import { field, h, link, say } from './dom.js';
import { eraseOneView, eraseView } from './erase.js';
import { giftsView, giftView } from './gifts.js';
import { lettersView } from './dead_letters.js';
import { liveState, liveView, start, stop, watch } from './live.js';
import { menu } from './menu.js';
import { orderView, ordersView } from './orders.js';
import { operationView, referenceView, schemaView } from './reference.js';
import { campaignsView, skuView, stockView } from './stock.js';
import { webhooksView, webhookView } from './webhooks.js';
import { lang, setLang, t, word } from './words.js';

const main = document.getElementById('main');
const top = document.getElementById('top');
const banner = document.getElementById('banner');

const ROUTES = [
  [/^\/$/, 'live', liveView],
  [/^\/orders$/, 'orders', ordersView],
  [/^\/orders\/(.+)$/, 'orders', orderView],
  [/^\/dead-letters$/, 'letters', lettersView],
  [/^\/stock$/, 'stock', stockView],
  [/^\/stock\/(.+)$/, 'stock', skuView],
  [/^\/campaigns$/, 'campaigns', campaignsView],
  [/^\/gifts$/, 'gifts', giftsView],
  [/^\/gifts\/(.+)$/, 'gifts', giftView],
  [/^\/webhooks$/, 'webhooks', webhooksView],
  [/^\/webhooks\/(.+)$/, 'webhooks', webhookView],
  [/^\/audit$/, 'audit', auditView],
  [/^\/erase$/, 'erase', eraseView],
  [/^\/erase\/(.+)$/, 'erase', eraseOneView],
  [/^\/api$/, 'api', referenceView],
  [/^\/api\/schema\/(.+)$/, 'api', schemaView],
  [/^\/api\/(.+)$/, 'api', operationView],
];
/** What one may see without signing in: what it shows is open to all. */
const FREE = ['api'];

let open = false; // to anyone
let signedIn = false;
let leaving = new AbortController();

function theme() {
  return document.documentElement.dataset.theme ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
}

function header(section) {
  const other = lang() === 'ko' ? 'en' : 'ko';
  const focused = document.activeElement?.id;
  const dot = h('p', { class: 'link-state', id: 'link-state' });
  const search = document.getElementById('search')?.value ?? '';
  top.replaceChildren(
    h('p', { class: 'brand' }, h('a', { href: '#/' }, h('b', {}, 'jumun'), ' ', h('span', {}, t('console')))),
    signedIn ? menu(section) : '',
    signedIn ? finder(search) : '',
    h('div', { class: 'tools' }, signedIn ? dot : '', signedIn && !open && who() ? h('p', { id: 'who' }, `${who().name} · ${word(who().role)}`) : '',
      h('button', { id: 'lang', lang: other, onclick: () => {
        setLang(other);
        render(false);
      } }, other === 'ko' ? '한국어' : 'English'),
      h('button', { id: 'theme', onclick: () => {
        const next = theme() === 'dark' ? 'light' : 'dark';
        document.documentElement.dataset.theme = next;
        localStorage.setItem('jumun.theme', next);
        render(false);
      } }, theme() === 'dark' ? t('light') : t('dark')),
      !signedIn && FREE.includes(section) ? link('#/', t('sign_in')) : '',
      signedIn && !open ? h('button', { id: 'sign-out', onclick: () => {
        setToken(null);
        signOut();
      } }, t('sign_out')) : ''));
  if (focused) document.getElementById(focused)?.focus();
  linkState();
}

/** An order, from anywhere. */
function finder(value) {
  const id = h('input', { type: 'search', id: 'search', 'aria-label': t('order_id'), placeholder: t('order_id'), value,
    'aria-keyshortcuts': 'Control+K', title: 'Ctrl+K', autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false' });
  return h('form', { class: 'finder', role: 'search', onsubmit: (e) => {
    e.preventDefault();
    const asked = id.value.trim();
    if (!asked) return id.focus();
    id.value = '';
    location.hash = `#/orders/${encodeURIComponent(asked)}`;
  } }, id, h('button', {}, t('open')));
}
document.addEventListener('keydown', (e) => {
  if (e.key.toLowerCase() !== 'k' || !(e.ctrlKey || e.metaKey) || document.querySelector('dialog[open]')) return;
  const search = document.getElementById('search');
  if (!search) return;
  e.preventDefault();
  search.focus();
  search.select();
});

function linkState() {
  const dot = document.getElementById('link-state');
  if (!dot) return;
  const [css, text] = { on: ['good', t('connected')], off: ['bad', t('disconnected')], connecting: ['', t('connecting')], denied: ['bad', t('live_denied')] }[liveState()];
  if (dot.textContent === text) return;
  dot.className = `link-state ${css}`;
  dot.textContent = text;
}

async function render(moved = true) {
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  document.querySelector('dialog[open]')?.close();
  document.documentElement.lang = lang();
  document.getElementById('skip').textContent = t('skip');
  banner.hidden = !open;
  banner.setAttribute('aria-label', t('notice'));
  banner.replaceChildren(...(open ? [h('p', { class: 'no-authentication' }, t('no_authentication_text'))] : []));

  const [path, asked = ''] = (location.hash.slice(1) || '/').split('?');
  const query = new URLSearchParams(asked);
  const found = ROUTES.map(([pattern, name, view]) => ({ match: pattern.exec(path), name, view })).find((r) => r.match);
  const free = FREE.includes(found?.name);
  if (!signedIn && !free) {
    header();
    return signInForm();
  }
  header(found?.name);
  if (moved) window.scrollTo(0, 0);
  const waiting = setTimeout(() => main.replaceChildren(h('p', { class: 'empty' }, t('loading'))), 300);
  main.setAttribute('aria-busy', 'true');
  let shown;
  try {
    if (!found) throw new Error(t('no_page'));
    const id = found.match[1] && decodeURIComponent(found.match[1]);
    shown = await found.view({ id, query, signal, signedIn, again: () => render(false) });
  } catch (e) {
    if (signal.aborted || (!signedIn && !free)) return;
    shown = h('div', {}, h('h1', { tabindex: '-1' }, found ? t(found.name) : 'jumun'),
      h('p', { class: 'problem', role: 'alert' }, e.message), h('button', { id: 'again', onclick: () => render(false) }, t('retry')));
  } finally {
    clearTimeout(waiting);
  }
  if (signal.aborted) return;
  const focused = moved ? null : document.activeElement?.id;
  main.removeAttribute('aria-busy');
  main.replaceChildren(shown);
  main.dataset.view = location.hash;
  const title = shown.querySelector('h1')?.textContent;
  document.title = title ? `${title} · jumun` : 'jumun';
  if (focused) document.getElementById(focused)?.focus();
  else if (moved && routed) shown.querySelector('h1')?.focus();
  routed = true;
}
let routed = false;

function signInForm(problem) {
  const token = h('input', { type: 'password', required: true, autocomplete: 'off', spellcheck: 'false', id: 'token' });
  const said = h('p', { class: 'problem', role: 'alert' }, problem);
  main.removeAttribute('aria-busy');
  main.replaceChildren(h('form', { class: 'card sign-in', onsubmit: (e) => {
    e.preventDefault();
    if (!token.value.trim()) return token.focus();
    setToken(token.value.trim());
    signIn();
  } }, h('h1', { tabindex: '-1' }, t('sign_in')), field(t('token'), token, t('token_hint')), said, h('button', { class: 'main' }, t('sign_in')),
  h('p', { class: 'hint' }, link('#/api', t('api_without')))));
  document.title = `${t('sign_in')} · jumun`;
  token.focus();
}

async function signIn() {
  signedIn = true;
  try {
    await whoAmI();
  } catch {
    // a token that may not ask even that sees why on each page
  }
  if (!signedIn) return; // its token was refused
  start();
  render();
}

function signOut(problem) {
  signedIn = false;
  stop();
  leaving.abort();
  render().then(() => problem && signInForm(problem));
}
onSignedOut(() => signedIn && signOut(t('token_wrong')));

const kept = localStorage.getItem('jumun.theme');
if (kept) document.documentElement.dataset.theme = kept;
watch(linkState);
window.addEventListener('hashchange', () => render());
document.getElementById('skip').addEventListener('click', (e) => {
  e.preventDefault(); // the hash is a route here
  main.focus();
});

async function begin() {
  try {
    open = (await ready())?.no_authentication === true;
  } catch {
    main.replaceChildren(h('p', { class: 'problem', role: 'alert' }, t('connecting')));
    setTimeout(begin, 2000);
    return;
  }
  if (open || hasToken()) signIn();
  else render();
}
begin().catch((e) => say(e.message, 'bad'));
