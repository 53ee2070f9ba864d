// The API reference: /openapi.json, to be browsed. It is open to anyone, as the document is.
import { facts, field, h, link, say, section } from './dom.js';
import { address, commandsOf, curl, described, example, grouped, isTyped, nameOf, operations, schemaOf, shape, uses } from './openapi.js';
import { kind, prose, row, schemaLink, tree, unfold } from './schemas.js';
import { tryIt } from './trying.js';
import { t, word } from './words.js';

const RAW = '/openapi.json';
const opLink = (op, ...more) => h('a', { href: `#/api/${op.id}`, class: 'op', title: op.summary }, method(op), path(op), more);
/** It may break behind a slash. */
const path = (op) => h('code', {}, op.path.split(/(?<=\/)/).map((word) => [word, h('wbr')]));
const method = (op) => h('span', { class: `method ${op.method.toLowerCase()}` }, op.method);
const crumb = () => h('p', { class: 'crumb' }, link('#/api', `← ${t('api')}`));
const count = (n) => h('small', {}, ` ${n}`);

let sought = ''; // stays while one looks around

/** All that there is, by group, as far as it fits what is sought. `brief`: beside a page. */
function index(doc, brief, at) {
  const all = operations(doc).filter((o) => !isTyped(o));
  const commands = shape(doc, schemaOf(doc, 'Command')).variants?.of ?? [];
  const schemas = Object.keys(doc.components.schemas);
  const seek = h('input', { type: 'search', id: 'seek', value: sought, autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false', oninput: () => {
    sought = seek.value;
    draw();
  } });
  const found = h('small', { role: 'status' });
  const out = h('div', { class: 'index' });

  const names = (title, list, to, some) => list.length > 0 && unfold([title, count(list.length)],
    () => h('ul', { class: 'names' }, list.map((name) => h('li', {}, link(to(name), name)))), some);
  function draw() {
    const words = sought.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (...texts) => words.every((w) => texts.join(' ').toLowerCase().includes(w));
    const list = all.filter((o) => fits(o.method, o.path, o.summary, o.id, t(`of_${o.group}`)));
    const tags = commands.map((c) => c.tag).filter((tag) => fits(tag));
    const kinds = schemas.filter((name) => fits(name));
    const part = (title, inside) => (brief ? h('div', {}, h('h2', {}, title), inside) : section(title, inside));
    const groups = grouped(list).map(([group, some]) => part(label(group),
      h('ul', { class: 'ops' }, some.map((o) => h('li', { class: o.id === at ? 'at' : '' }, opLink(o, !brief && h('span', {}, o.summary)))))));
    const rest = [names(t('commands_all'), tags, (tag) => `#/api/post_commands?type=${encodeURIComponent(tag)}`, words.length > 0),
      names(t('schemas'), kinds, (name) => `#/api/schema/${encodeURIComponent(name)}`, words.length > 0)].filter(Boolean);
    const none = !list.length && !rest.length;
    out.replaceChildren(...groups, ...(rest.length ? [part(t('parts'), rest)] : []), ...(none ? [h('p', { class: 'empty' }, t('nothing_found'))] : []));
    found.textContent = words.length ? `${list.length + tags.length + kinds.length} ${t('found')}` : '';
  }
  draw();
  const first = (e) => {
    e.preventDefault();
    const links = [...out.querySelectorAll('a')];
    (links.find((a) => a.textContent === sought.trim()) ?? links[0])?.click();
  };
  return [h('form', { class: 'seek', role: 'search', 'aria-label': t('api'), onsubmit: first }, field(t('seek'), seek), found), out];
}

const known = (key) => (t(key) === key ? null : t(key));
const label = (group) => known(`of_${group}`) ?? group;

export async function referenceView({ signal }) {
  const doc = await described(signal, true);
  return h('div', { class: 'reference' },
    h('div', { class: 'head' }, h('h1', { tabindex: '-1' }, t('api')), h('small', {}, `${doc.info.title} ${doc.info.version} · OpenAPI ${doc.openapi}`), link(RAW, RAW)),
    h('p', { class: 'hint' }, doc.info.description),
    h('ul', { class: 'hints' }, ['api_token', 'api_key', 'api_problem'].map((key) => h('li', {}, t(key)))),
    index(doc, false));
}

/** A page with the list beside it, where there is room. */
function beside(doc, at, ...page) {
  const side = h('aside', { class: 'side', 'aria-label': t('api') }, index(doc, true, at));
  requestAnimationFrame(() => { // where it stands in the list is to be seen
    const here = side.querySelector('.at');
    if (here) side.scrollTop = here.offsetTop - side.clientHeight / 2;
  });
  return h('div', { class: 'reference' }, h('div', { class: 'sides' }, side, h('div', { class: 'page' }, page)));
}

/** Text on a dark ground that can be taken along. */
function taken(text, id) {
  const pre = h('pre', { id, tabindex: '0' }, text);
  const copy = h('button', { type: 'button', id: `copy-${id}`, 'aria-label': `${t('copy')}: ${id}`, onclick: async () => {
    try {
      await navigator.clipboard.writeText(pre.textContent);
      say(t('copied'), 'good');
    } catch { // not over plain HTTP from afar: then by hand
      getSelection().selectAllChildren(pre);
    }
  } }, t('copy'));
  return { root: h('div', { class: 'taken' }, pre, copy), say: (next) => { pre.textContent = next; } };
}

export async function operationView({ id, query, signal, signedIn }) {
  const doc = await described(signal);
  const op = operations(doc).find((o) => o.id === id);
  if (!op) throw new Error(t('no_operation'));
  const values = {};
  const commands = commandsOf(doc, op);
  let type = commands ? (commands.of.find((c) => c.tag === query.get('type')) ?? commands.of[0])?.tag : undefined;
  const line = taken('', 'curl');
  const body = bodyOf(doc, op, commands, () => type, (next) => {
    type = next;
    history.replaceState(null, '', `#/api/${op.id}?type=${encodeURIComponent(next)}`);
    write();
  });
  const write = () => line.say(curl(op, address(op, values), body?.sent()));
  write();
  const may = op.roles.length ? op.roles.map((role) => (role === 'partner' ? t('partner') : word(role))).join(', ') : op.security === 'signature' ? t('a_signature') : t('anyone');
  return beside(doc, op.id, crumb(),
    h('h1', { tabindex: '-1' }, method(op), ' ', path(op)),
    h('p', {}, prose(op.summary)), facts([[t('who_may'), may], [t('operation_id'), h('code', {}, op.id)]]),
    op.parameters.length > 0 && section(t('parameters'), parameters(doc, op)),
    body && section(t('body'), body.root),
    section('curl', op.streams && h('p', { class: 'hint' }, t('a_stream')), line.root),
    signedIn && op.method === 'GET' && !op.streams && tryIt(doc, op, values, write),
    section(t('responses'), h('div', { class: 'answers' }, Object.entries(op.responses).map(([status, r]) => response(doc, status, r, status === '200')))));
}

const parameters = (doc, op) => h('ul', { class: 'fields' }, op.parameters.map((p) =>
  row(doc, p.name, { ...p.schema, ...(p.description ? { description: p.description } : {}) }, p.required, t(`in_${p.in}`))));

/** What is sent: the fields, and an example; of a command the type is chosen first. */
function bodyOf(doc, op, commands, type, choose) {
  if (!op.body) return null;
  const out = h('div', { class: 'fields-of' });
  const shown = taken('', 'example');
  const schema = () => commands?.of.find((c) => c.tag === type())?.schema ?? op.body;
  const sent = () => Object.fromEntries(Object.entries(example(doc, schema())).filter(([name]) => !commands?.elsewhere.includes(name)));
  const control = commands?.of.length > 1 && h('select', { id: 'command', onchange: () => {
    choose(control.value);
    draw();
  } }, commands.of.map((c) => h('option', { value: c.tag, selected: c.tag === type() }, c.tag)));
  function draw() {
    const name = shape(doc, schema()).name ?? nameOf(op.body);
    out.replaceChildren(...[name && h('p', {}, schemaLink(name)), h('p', { class: 'hint' }, prose(shape(doc, schema()).about)),
      tree(doc, schema(), commands?.elsewhere)].filter(Boolean));
    shown.say(JSON.stringify(sent(), null, 2));
  }
  draw();
  return { sent, root: [control && field(t('command_type'), control), commands && h('p', { class: 'hint' }, t('envelope')), out, h('h3', {}, t('example')), shown.root] };
}

function response(doc, status, r, open) {
  const kinds = Object.entries(r.content ?? {});
  const named = [...new Set(kinds.map(([, c]) => nameOf(c.schema)).filter(Boolean))];
  const title = [h('b', { class: status < 300 ? 'good' : status < 400 ? '' : 'bad' }, status), ' ', r.description, named.length > 0 && h('small', {}, ` · ${named.join(', ')}`)];
  if (!kinds.length) return h('p', { class: 'answer' }, title);
  return unfold(title, () => h('div', {}, kinds.map(([type, c]) => h('div', {}, h('p', {}, h('code', {}, type), ' ', c.schema && kind(doc, c.schema)), c.schema && tree(doc, c.schema)))), open);
}

export async function schemaView({ id, signal }) {
  const doc = await described(signal);
  const schema = schemaOf(doc, id);
  if (!schema) throw new Error(t('no_schema'));
  const used = uses(doc, id);
  return beside(doc, null, crumb(),
    h('h1', { tabindex: '-1' }, h('code', {}, id)), schema.description && h('p', {}, prose(schema.description)),
    section(t('fields'), tree(doc, schema)),
    section(t('example'), taken(JSON.stringify(example(doc, schema), null, 2), 'example').root),
    section(t('used_by'), used.operations.length > 0 && h('ul', { class: 'ops' }, used.operations.map((o) => h('li', {}, opLink(o, h('span', {}, o.summary))))),
      used.schemas.length > 0 && h('ul', { class: 'names' }, used.schemas.map((name) => h('li', {}, schemaLink(name)))),
      !used.operations.length && !used.schemas.length && h('p', { class: 'empty' }, t('nothing'))));
}

