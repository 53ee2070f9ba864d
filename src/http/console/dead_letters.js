// Dead letters: looked at, sent again, taken away.
import { act, get, mayAct } from './api.js';
import { h, num, pager, say, table } from './dom.js';
import { asks, sure } from './sure.js';
import { hookLetters } from './webhooks.js';
import { t } from './words.js';

export async function lettersView({ query, signal, again }) {
  const cursor = query.get('cursor');
  const hooks = get('/v1/webhooks', signal).then(({ items }) => hookLetters(items, signal, again)) // whatever waits for an operator is here
    .catch((e) => h('p', { class: 'problem' }, `${t('webhooks')}: ${e.message}`));
  const [page, posted] = await Promise.all([get(`/v1/dead-letters?limit=200${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`, signal), hooks]);
  return h('div', {},
    h('div', { class: 'head' }, h('h1', { tabindex: '-1' }, t('letters')),
      h('button', { id: 'again', onclick: again }, t('refresh'))),
    h('p', { class: 'hint' }, t('letters_about')),
    table(t('letters'), [
      [t('why'), (l) => l.reason],
      ...(mayAct() ? [[t('actions'), (l) => h('div', { class: 'row' }, button('requeue', l, again), button('discard', l, again))]] : []),
      [t('command'), (l) => h('details', {}, h('summary', {}, short(l.command)), h('pre', {}, pretty(l.command)), mayAct() && whole(l))],
      [t('attempts'), (l) => num(l.attempts), 'n'],
      [t('partition'), (l) => l.partition, 'n'],
      [t('letter'), (l) => h('code', {}, l.dead_letter_id)],
    ], page.items, t('no_letters')), pager('#/dead-letters', query, page.next), posted);
}

/** What lists hide, for whoever has to see it: the server writes down who did. */
function whole(letter) {
  const asked = h('button', { class: 'whole', onclick: async () => {
    try {
      const { command } = await get(path(letter));
      asked.previousSibling.textContent = pretty(command);
      asked.remove();
    } catch (e) {
      say(e.message, 'bad');
    }
  } }, t('show_whole'));
  return asked;
}

const path = (letter) => `/v1/dead-letters/${letter.partition}/${encodeURIComponent(letter.dead_letter_id)}`;
const short = (text) => (text.length > 60 ? `${text.slice(0, 60)}…` : text);
function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

const button = (what, letter, again) =>
  asks(`${what}-${letter.partition}-${letter.dead_letter_id}`, what, letter.dead_letter_id, what === 'discard', () => ask(what, letter, again));

function ask(what, letter, again) {
  sure({
    title: `${t(what)}: ${letter.dead_letter_id}`, word: t(what), danger: what === 'discard',
    told: [h('p', {}, t(`${what}_sure`)), h('p', {}, h('b', {}, letter.reason)), h('pre', {}, pretty(letter.command))],
    run: () => (what === 'requeue' ? act('POST', `${path(letter)}/requeue`) : act('DELETE', path(letter))),
    done: () => {
      say(t(what === 'requeue' ? 'requeued' : 'discarded'), 'good');
      again();
    },
  });
}
