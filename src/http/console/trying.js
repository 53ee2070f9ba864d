// A GET, asked with the token of who is signed in. Nothing but GET is tried from here: it changes nothing.
import { look } from './api.js';
import { facts, field, h, num, section, select } from './dom.js';
import { address, sample, shape } from './openapi.js';
import { t } from './words.js';

const SHOWN_MAX = 100000;
const TOLD = ['content-type', 'etag', 'x-request-id', 'retry-after', 'location'];

/** The form; `changed` hears that a value was written into `values`. */
export function tryIt(doc, op, values, changed) {
  const out = h('div', { class: 'outcome', role: 'status' });
  const controls = op.parameters.map((p) => [p, control(doc, op, p)]);
  for (const [p, input] of controls) {
    input.addEventListener('input', () => {
      values[p.name] = input.value.trim();
      changed();
    });
  }
  const go = h('button', { class: 'main', id: 'try' }, t('ask'));
  async function ask(e) {
    e.preventDefault();
    const empty = controls.find(([p, input]) => p.required && !input.value.trim());
    if (empty) {
      out.replaceChildren(h('p', { class: 'problem', role: 'alert' }, `${empty[0].name}: ${t('required')}`));
      return void empty[1].focus();
    }
    go.disabled = true;
    const where = address(op, values);
    try {
      out.replaceChildren(...told(where, await look(where)));
    } catch (error) {
      out.replaceChildren(h('p', { class: 'problem', role: 'alert' }, error.message));
    }
    go.disabled = false;
  }
  return section(t('try_it'), h('p', { class: 'hint' }, t('try_about')),
    h('form', { class: 'trying', novalidate: true, onsubmit: ask }, controls.map(([p, input]) => field(p.name, input)), h('div', {}, go)), out);
}

function control(doc, op, p) {
  const s = shape(doc, p.schema);
  const id = `try-${p.name}`;
  if (s.values) return select([['', t('any')], ...s.values.map(([v]) => [String(v), String(v)])], '', { id });
  const whole = s.types.includes('integer');
  return h('input', { id, type: 'text', inputmode: whole ? 'numeric' : null, autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false',
    placeholder: p.required ? sample(op, p.name) : s.bounds.default ?? '' });
}

function told(where, answer) {
  const headers = TOLD.filter((name) => answer.headers.has(name)).map((name) => [name, h('code', {}, answer.headers.get(name))]);
  let text = answer.text;
  if (/json/.test(answer.headers.get('content-type'))) {
    try {
      text = JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      // shown as it came
    }
  }
  const cut = text.length > SHOWN_MAX;
  return [
    h('p', {}, h('span', { class: `pill ${answer.status < 400 ? 'good' : 'bad'}` }, answer.status), ' ', h('code', {}, where), ' ', h('small', {}, `${num(answer.ms)} ms`)),
    facts(headers), h('pre', { class: 'answer-body', tabindex: '0', 'aria-label': t('answer') }, cut ? text.slice(0, SHOWN_MAX) : text),
    cut && h('p', { class: 'hint' }, t('cut_here')),
  ].filter(Boolean);
}
