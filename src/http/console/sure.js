// Whether something is meant: told what it does, then done or left.
import { h, modal, say } from './dom.js';
import { t } from './words.js';

/** `run` does it; `done` follows when it was done. A refusal is told where it was asked for. */
export function sure({ title, word, danger = false, told, run, done }) {
  const problem = h('p', { class: 'problem', role: 'alert' });
  const go = h('button', { class: danger ? 'danger main' : 'main', onclick: confirm }, word);
  const box = modal(title, told, problem,
    h('div', { class: 'row end' }, h('button', { autofocus: true, onclick: () => box.close() }, t('cancel')), go));

  async function confirm() {
    go.disabled = true;
    problem.textContent = '';
    try {
      await run();
      box.close();
      done();
    } catch (e) {
      if (!box.isConnected) say(e.message, 'bad'); // left meanwhile
      problem.textContent = e.message;
      go.disabled = false;
    }
  }
}

/** A button that asks so. */
export const asks = (id, what, name, danger, ask) =>
  h('button', { id, class: danger ? 'danger' : '', 'aria-label': `${t(what)} ${name}`, onclick: ask }, t(what));
