// Dead letters: looked at, sent again, taken away.
import { act, get, mayAct } from './api.js';
import { h, modal, num, say, table } from './dom.js';
import { t } from './words.js';

export async function lettersView({ signal, again }) {
  const page = await get('/v1/dead-letters?limit=200', signal);
  return h('div', {},
    h('div', { class: 'head' }, h('h1', { tabindex: '-1' }, t('letters')),
      h('button', { id: 'again', onclick: again }, t('refresh'))),
    h('p', { class: 'hint' }, t('letters_about')),
    table(t('letters'), [
      [t('why'), (l) => l.reason],
      ...(mayAct() ? [[t('actions'), (l) => h('div', { class: 'row' }, button('requeue', l, again), button('discard', l, again))]] : []),
      [t('command'), (l) => h('details', {}, h('summary', {}, short(l.command)), h('pre', {}, pretty(l.command)))],
      [t('attempts'), (l) => num(l.attempts), 'n'],
      [t('partition'), (l) => l.partition, 'n'],
      [t('letter'), (l) => h('code', {}, l.letter)],
    ], page.items, t('no_letters')));
}

const short = (text) => (text.length > 60 ? `${text.slice(0, 60)}…` : text);
function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function button(what, letter, again) {
  const id = `${what}-${letter.partition}-${letter.letter}`;
  return h('button', { id, class: what === 'discard' ? 'danger' : '', 'aria-label': `${t(what)} ${letter.letter}`, onclick: () => sure(what, letter, again) }, t(what));
}

function sure(what, letter, again) {
  const problem = h('p', { class: 'problem', role: 'alert' });
  const go = h('button', { class: what === 'discard' ? 'danger main' : 'main', onclick: run }, t(what));
  const box = modal(`${t(what)}: ${letter.letter}`,
    h('p', {}, t(`${what}_sure`)), h('p', {}, h('b', {}, letter.reason)), h('pre', {}, pretty(letter.command)), problem,
    h('div', { class: 'row end' }, h('button', { autofocus: true, onclick: () => box.close() }, t('cancel')), go));

  async function run() {
    go.disabled = true;
    try {
      const path = `/v1/dead-letters/${letter.partition}/${encodeURIComponent(letter.letter)}`;
      await (what === 'requeue' ? act('POST', `${path}/requeue`) : act('DELETE', path));
      box.close();
      say(t(what === 'requeue' ? 'requeued' : 'discarded'), 'good');
      again();
    } catch (e) {
      problem.textContent = e.message;
      go.disabled = false;
    }
  }
}
