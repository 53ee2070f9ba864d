// The menu: what a night needs at once; what is needed now and then under “More”.
import { mayAct } from './api.js';
import { h } from './dom.js';
import { t } from './words.js';

const FIRST = ['live', 'orders', 'stock', 'campaigns', 'letters'];
const MORE = ['gifts', 'webhooks', 'audit', 'erase', 'api'];
const may = (name) => name !== 'erase' || mayAct();
const PATHS = { live: '', letters: 'dead-letters' }; // where it isn't the name
const entry = (name, section) => h('li', {}, h('a', { href: `#/${PATHS[name] ?? name}`, 'aria-current': name === section ? 'page' : null }, t(name)));

export function menu(section) {
  const list = h('ul', { id: 'more-list', hidden: true }, MORE.filter(may).map((name) => entry(name, section)));
  const button = h('button', { id: 'more', 'aria-expanded': 'false', 'aria-controls': 'more-list', class: MORE.includes(section) ? 'at' : '', onclick: () => show(list.hidden) },
    t('more'), h('span', { 'aria-hidden': 'true' }, ' ▾'));
  const show = (shown) => {
    list.hidden = !shown;
    button.setAttribute('aria-expanded', String(shown));
  };
  const rest = h('div', { class: 'more', onkeydown: (e) => {
    if (e.key !== 'Escape' || list.hidden) return;
    show(false);
    button.focus();
  }, onfocusout: (e) => {
    if (!rest.contains(e.relatedTarget)) show(false);
  }, onclick: (e) => e.target.closest('a') && show(false) }, button, list);
  return h('nav', { 'aria-label': t('menu') }, h('ul', {}, FIRST.map((name) => entry(name, section))), rest);
}
