// The API's own document, read: operations, schemas, example bodies, curl lines. Nothing here makes elements.
import { get } from './api.js';

let kept = null;
/** The document; read anew where one begins, since a server may have been renewed meanwhile. */
export async function described(signal, anew = false) {
  if (anew || !kept) kept = await get('/openapi.json', signal);
  return kept;
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
/** Which group a path is in, by its first word. */
const GROUP_OF = { commands: 'commands', orders: 'orders', 'payment-callbacks': 'payments', skus: 'stock', products: 'stock', campaigns: 'stock', 'gift-promotions': 'stock',
  'dead-letters': 'letters', events: 'events', live: 'events', webhooks: 'webhooks', customers: 'people', audit: 'people', me: 'people' };
const GROUPS = ['commands', 'orders', 'payments', 'stock', 'letters', 'events', 'webhooks', 'people'];
const REST = 'server';

/** Every operation, in the document's order: { id, method, path, group, summary, roles, … }. */
export const operations = (doc) => Object.entries(doc.paths).flatMap(([path, of]) => METHODS.filter((m) => of[m]).map((method) => {
  const o = of[method];
  const first = /^\/v1\/([\w-]+)/.exec(path)?.[1];
  const security = Object.keys(o.security?.[0] ?? {})[0] ?? null;
  return { id: o.operationId, method: method.toUpperCase(), path, group: first ? GROUP_OF[first] ?? first : REST, summary: o.summary ?? '', security,
    roles: /^Roles: (.+)\.$/.exec(o.description ?? '')?.[1].split(', ') ?? [], parameters: o.parameters ?? [],
    body: o.requestBody?.content?.['application/json']?.schema, responses: o.responses,
    streams: Object.values(o.responses).some((r) => r.content?.['text/event-stream']) };
}));

/** The groups that there are, each with its operations; what is new goes before the server's own. */
export function grouped(list) {
  const names = new Set([...GROUPS, ...list.map((o) => o.group).filter((g) => g !== REST), REST]);
  return [...names].map((name) => [name, list.filter((o) => o.group === name)]).filter(([, some]) => some.length);
}

export const nameOf = (schema) => /^#\/components\/schemas\/(.+)$/.exec(schema?.$ref ?? '')?.[1];
export const schemaOf = (doc, name) => (Object.hasOwn(doc.components.schemas, name) ? doc.components.schemas[name] : undefined);

const DEEP = 12; // references to references: what goes round in them ends here
const BOUNDS = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'minLength', 'maxLength', 'minItems', 'maxItems', 'pattern', 'default'];
const isNull = (schema) => schema?.type === 'null';

/**
 * One level of a schema, whatever it is put together of:
 * { name, about, types, orNull, format, bounds, values: [[value, about]], fields: Map(name → schema), required, variants: { by, of: [{ tag, schema }] },
 *   others: [schema], items, rest }.
 */
export function shape(doc, schema) {
  const out = { name: nameOf(schema), about: '', types: [], orNull: false, format: null, bounds: {}, values: null, fields: new Map(), required: new Set(),
    variants: null, others: [], items: null, rest: null };
  collect(doc, schema, out, 0);
  return out;
}

function collect(doc, schema, out, depth) {
  if (!schema || schema === true || depth > DEEP) return;
  out.about ||= schema.description ?? ''; // what stands where it is used says more
  if (schema.$ref) collect(doc, schemaOf(doc, nameOf(schema)), out, depth + 1);
  for (const part of schema.allOf ?? []) {
    out.name ??= nameOf(part);
    collect(doc, part, out, depth + 1);
  }
  for (const type of [schema.type ?? []].flat()) {
    if (type === 'null') out.orNull = true;
    else if (!out.types.includes(type)) out.types.push(type);
  }
  if ('const' in schema) out.values = [[schema.const, schema.description]];
  if (schema.enum) {
    out.orNull ||= schema.enum.includes(null);
    const about = schema['x-enum-descriptions'] ?? [];
    out.values = schema.enum.map((v, i) => [v, about[i] || undefined]).filter(([v]) => v !== null);
  }
  out.format ??= schema.format ?? null;
  for (const name of BOUNDS) if (name in schema) out.bounds[name] ??= schema[name];
  for (const [name, of] of Object.entries(schema.properties ?? {})) out.fields.set(name, of);
  for (const name of schema.required ?? []) out.required.add(name);
  out.items ??= schema.items ?? null;
  if (schema.additionalProperties && schema.additionalProperties !== true) out.rest ??= schema.additionalProperties;

  const parts = schema.oneOf ?? schema.anyOf;
  if (!parts) return;
  out.orNull ||= parts.some(isNull);
  const real = parts.filter((p) => !isNull(p));
  if (real.length === 1) {
    out.name ??= nameOf(real[0]);
    collect(doc, real[0], out, depth + 1);
    return;
  }
  const each = real.map((part) => {
    const one = shape(doc, part);
    return { part, one };
  });
  if (each.every(({ one }) => one.values)) {
    out.values = each.flatMap(({ one }) => one.values.map(([v, about]) => [v, about ?? one.about]));
    each.forEach(({ one }) => one.types.filter((t) => !out.types.includes(t)).forEach((t) => out.types.push(t)));
    return;
  }
  const only = (one, name) => (one.fields.get(name)?.enum?.length === 1 ? one.fields.get(name).enum[0] : undefined);
  const by = [...each[0].one.fields.keys()].find((name) => each.every(({ one }) => only(one, name) !== undefined));
  if (by) out.variants = { by, of: each.map(({ part, one }) => ({ tag: only(one, by), schema: part })) };
  else out.others = real;
}

/** What is unfolded of it: of a list its items, of a map its values. `null`: nothing has fields. */
export function inner(doc, schema) {
  let at = schema;
  for (let n = 0; n < 4; n++) {
    const s = shape(doc, at);
    if (s.fields.size || s.variants || s.others.length) return at;
    at = s.items ?? s.rest;
    if (!at) return null;
  }
  return null;
}

// Such values as the pages of docs/ have.
const SAMPLES = { order_id: 'o-1', customer_id: 'u-1', sku_id: 'AC-100', product_id: 'AC', campaign_id: 'cm-1', partner_id: 'p-1', template_id: 't-1', promotion_id: 'pr-1', gift_promotion_id: 'gp-1',
  coupon_id: 'cp-1', approval_id: 'ap-1', refund_key: 'o-1/1/1', zip: '04524', phone: '010-1234-5678', carrier: 'CJ', waybill_no: '6101-2044', name: 'name', address: 'address',
  event_id: 'ev-1', closes_at: '2099-12-31T00:00:00Z', ends_at: '2099-12-31T00:00:00Z',
  command: { type: 'cancel_lines', lines: [1] } };
const NOW = '2026-01-01T00:00:00Z';

/** A body that is valid by the schema: what must be there, and nothing else. */
export function example(doc, schema, name = '', depth = 0) {
  const s = shape(doc, schema);
  if (s.values) return s.values[0][0];
  if (depth > DEEP) return null;
  // what a command within a command is made of is not in its schema
  if (s.fields.size && Object.hasOwn(SAMPLES, name) && typeof SAMPLES[name] === 'object') return SAMPLES[name];
  if (s.variants || s.fields.size) {
    const own = [...s.fields].filter(([field]) => s.required.has(field)).map(([field, of]) => [field, example(doc, of, field, depth + 1)]);
    const more = s.variants ? example(doc, s.variants.of[0].schema, name, depth + 1) : {};
    return { ...more, ...Object.fromEntries(own) };
  }
  if (s.others.length) return example(doc, s.others[0], name, depth + 1);
  if (s.items) return Array.from({ length: Math.max(1, s.bounds.minItems ?? 1) }, () => example(doc, s.items, name.replace(/s$/, ''), depth + 1));
  if (s.rest) return {};
  const kind = s.types[0];
  if (kind === 'integer' || kind === 'number') return Math.min(Math.max(1, s.bounds.minimum ?? 1), s.bounds.maximum ?? Infinity);
  if (kind === 'boolean') return false;
  if (kind === 'array') return [];
  if (Object.hasOwn(SAMPLES, name)) return SAMPLES[name];
  if (kind !== 'string') return {};
  return s.format === 'date-time' ? NOW : (name || 'text').padEnd(s.bounds.minLength ?? 0, '-');
}

const IN_PATH = { orders: 'o-1', skus: 'AC-100', products: 'AC', campaigns: 'cm-1', 'gift-promotions': 'gp-1', customers: 'u-1', webhooks: 'warehouse', commands: 'c-00000001', console: 'style.css',
  '{partition}': '0', letters: '01a2b3', 'dead-letters': '0' };
/** What stands for a parameter of the path, until somebody says more. */
export function sample(op, name) {
  const words = op.path.split('/');
  return IN_PATH[words[words.indexOf(`{${name}}`) - 1]] ?? name;
}

/** Path and query, with values filled in. */
export function address(op, values = {}) {
  const path = op.path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(values[name] || sample(op, name)));
  const query = new URLSearchParams(op.parameters.filter((p) => p.in === 'query' && values[p.name]).map((p) => [p.name, values[p.name]]));
  return query.size ? `${path}?${query}` : path;
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** The same on a command line; the token stands in TOKEN. */
export function curl(op, where, body) {
  const words = [`curl ${op.streams ? '-N ' : ''}${body || op.method === 'GET' ? '' : `-X ${op.method} `}${quoted(location.origin + where)}`];
  if (op.security === 'token') words.push('-H "Authorization: Bearer $TOKEN"');
  if (op.security === 'signature') words.push('-H "jumun-signature: $SIGNATURE"');
  if (body && op.security === 'token') words.push('-H "Idempotency-Key: me-$(date +%s)"');
  if (body) words.push("-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(body))}`);
  return words.join(' \\\n  ');
}

/** What every command has: said by path, header and token. */
export const ENVELOPE = ['id', 'actor', 'at'];

/** The commands that a body may be, and which of their fields stand elsewhere. `null`: it is one kind of body. */
export function commandsOf(doc, op) {
  if (nameOf(op.body) !== 'Command') return null;
  return { of: shape(doc, schemaOf(doc, 'Command')).variants?.of ?? [], elsewhere: ENVELOPE };
}

/** Whether it is one of the paths that are the commands' own: they are listed as commands. */
export const isTyped = (op) => op.method === 'POST' && /^\/v1\/commands\/[a-z_]+$/.test(op.path);

/** Where schemas are named: { name → [{ operation } | { schema }] }. */
export function uses(doc, wanted) {
  const names = (part) => JSON.stringify(part).includes(`"#/components/schemas/${wanted}"`);
  return { operations: operations(doc).filter((o) => names([doc.paths[o.path][o.method.toLowerCase()]])),
    schemas: Object.keys(doc.components.schemas).filter((name) => name !== wanted && names(doc.components.schemas[name])) };
}
