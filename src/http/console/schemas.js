// A schema as a tree of fields. Each level is made when it is opened, so that what holds itself has an end.
import { field, h, link, num, select } from './dom.js';
import { inner, nameOf, schemaOf, shape } from './openapi.js';
import { t } from './words.js';

export const schemaLink = (name) => link(`#/api/schema/${encodeURIComponent(name)}`, name);

/** Details that are made when they are opened. */
export function unfold(summary, make, open = false) {
  const box = h('details', { open, ontoggle: fill }, h('summary', {}, summary));
  function fill() {
    if (!box.open || box.children.length > 1) return;
    box.append(make());
  }
  if (open) fill();
  return box;
}

/** What stands between backticks is code. */
export const prose = (text) => String(text ?? '').split('`').map((part, i) => (i % 2 ? h('code', {}, part) : part));

const code = (value) => h('code', {}, JSON.stringify(value));

/** What kind of value it is, in a few words. */
export function kind(doc, schema) {
  const s = shape(doc, schema);
  if (!s.types.length && s.values) s.types.push(...new Set(s.values.map(([v]) => typeof v)));
  const plain = s.types.filter((type) => type !== 'object' && type !== 'array').join(' | ');
  const said = [];
  if (s.name) said.push(schemaLink(s.name), plain && ` ${plain}`);
  else if (s.items) said.push(`${t('list_of')} `, kind(doc, s.items));
  else if (s.rest) said.push(`${t('map_of')} `, kind(doc, s.rest));
  else if (s.others.length) said.push(t('one_of'));
  else said.push(s.types.join(' | ') || (s.fields.size || s.variants ? 'object' : t('anything')));
  if (s.format) said.push(` (${s.format})`);
  if (s.orNull) said.push(' | null');
  return said;
}

const LIMITS = [['minimum', '≥'], ['exclusiveMinimum', '>'], ['maximum', '≤'], ['exclusiveMaximum', '<']];
function bounds(s) {
  const b = s.bounds;
  const said = LIMITS.filter(([name]) => name in b).map(([name, sign]) => `${sign} ${num(b[name])}`);
  const size = (least, most, what) => {
    if (least in b && most in b) said.push(`${num(b[least])} – ${num(b[most])} ${t(what)}`);
    else if (least in b || most in b) said.push(`${least in b ? `≥ ${num(b[least])}` : `≤ ${num(b[most])}`} ${t(what)}`);
  };
  size('minLength', 'maxLength', 'characters');
  size('minItems', 'maxItems', 'entries');
  if (b.pattern) said.push(`${t('pattern')} ${b.pattern}`);
  if (b.default !== undefined && b.default !== null) said.push(`${t('default')} ${JSON.stringify(b.default)}`);
  return said.length > 0 && h('small', { class: 'under long' }, said.join(' · '));
}

/** The values that there are; with what each means, where that is said. */
function values(s) {
  if (!s.values) return null;
  if (s.values.some(([, about]) => about)) return h('ul', { class: 'values' }, s.values.map(([v, about]) => h('li', {}, code(v), about && [' ', prose(about)])));
  return h('p', { class: 'values' }, s.values.map(([v], i) => [i > 0 && ' · ', code(v)]));
}

/** A field, or a parameter that stands somewhere. */
export function row(doc, name, schema, required, where) {
  const s = shape(doc, schema);
  const below = inner(doc, schema);
  return h('li', {},
    h('p', {}, h('code', { class: 'name' }, name), ' ', h('span', { class: 'type' }, kind(doc, schema)), ' ',
      where && h('small', {}, where, ' '), required && h('small', { class: 'pill' }, t('needed'))),
    s.about && h('p', { class: 'hint' }, prose(s.about)), bounds(s), values(s),
    below && unfold(t('its_fields'), () => tree(doc, below)));
}

let made = 0;
/** Variants told apart by a field: one is chosen, its fields are shown. */
function chosen(doc, { by, of }, without) {
  const out = h('div', {});
  const control = select(of.map(({ tag }, i) => [String(i), String(tag)]), '0', { id: `variant${++made}`, onchange: draw });
  function draw() {
    out.replaceChildren(tree(doc, of[Number(control.value)].schema, [...without, by])); // the choice says that one
  }
  draw();
  return h('div', { class: 'variants' }, field(by, control), out);
}

/** The fields of a schema. `without`: names that stand elsewhere. */
export function tree(doc, schema, without = []) {
  const s = shape(doc, schema);
  const fields = [...s.fields].filter(([name]) => !without.includes(name));
  const first = fields.filter(([name]) => s.required.has(name));
  const then = fields.filter(([name]) => !s.required.has(name));
  const list = h('ul', { class: 'fields' }, [...first, ...then].map(([name, of]) => row(doc, name, of, s.required.has(name))));
  const below = !s.fields.size && !s.variants && !s.others.length ? inner(doc, schema) : null;
  const plain = !fields.length && !s.variants && !s.others.length;
  return h('div', { class: 'schema' },
    fields.length > 0 && list,
    plain && !s.values && h('p', {}, h('span', { class: 'type' }, kind(doc, schemaOf(doc, nameOf(schema)) ?? schema))), plain && bounds(s), plain && values(s),
    below && tree(doc, below),
    s.variants && chosen(doc, s.variants, without),
    s.others.length > 0 && h('ul', { class: 'fields' }, s.others.map((part) => h('li', {}, h('p', {}, h('span', { class: 'type' }, kind(doc, part))),
      shape(doc, part).about && h('p', { class: 'hint' }, prose(shape(doc, part).about)), values(shape(doc, part)),
      inner(doc, part) && unfold(t('its_fields'), () => tree(doc, inner(doc, part)))))));
}
