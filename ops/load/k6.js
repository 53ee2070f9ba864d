// Load through the HTTP API with k6: the scenarios of `jumun load`, its commands, and its report.
//
//   k6 run -e URL=http://127.0.0.1:8080 -e SCENARIO=hot -e RATE=100 -e SECONDS=10 -e REPORT=after.json ops/load/k6.js
//
// URL, SCENARIO, RATE, SECONDS, SKUS, STOCK, RETRIES, SEED, VUS, REPORT, SCENARIOS (a file beside this one); where the
// server asks for a token, an operator's in the environment as JUMUN_TOKEN_TEXT.
// Command n is a function of n, as in src/tools/load/workload.rs: both generators send the same.

import exec from 'k6/execution';
import http from 'k6/http';
import { check, fail, sleep } from 'k6';
import { Counter, Trend } from 'k6/metrics';

const { scenarios, reasons } = JSON.parse(open(__ENV.SCENARIOS || './scenarios.json'));
const NAME = __ENV.SCENARIO || 'hot';
const SCENARIO = scenarios.find((s) => s.name === NAME);
if (!SCENARIO) {
  throw new Error(`no scenario is called "${NAME}"; there are ${scenarios.map((s) => s.name).join(', ')}`);
}

function number(name, usual, least) {
  const text = __ENV[name];
  if (text === undefined || text === '') return usual;
  if (!/^[0-9]+$/.test(text) || Number(text) < least) throw new Error(`${name} is a number from ${least}, not "${text}"`);
  return Number(text);
}

const URL = (__ENV.URL || 'http://127.0.0.1:8080').replace(/\/+$/, '');
const TOKEN = __ENV.JUMUN_TOKEN_TEXT;
const RATE = number('RATE', SCENARIO.rate, 1);
const SECONDS = number('SECONDS', SCENARIO.seconds, 1);
const SKUS = SCENARIO.pick === 'first' ? SCENARIO.skus : number('SKUS', SCENARIO.skus, 1);
const STOCK = number('STOCK', SCENARIO.stock, 0);
const RETRIES = number('RETRIES', SCENARIO.retries, 0);
const SEED = number('SEED', 0, 0);
const VUS = number('VUS', Math.min(200, Math.max(20, RATE)), 1);
const PLANNED = RATE * SECONDS;
const ROUND = SCENARIO.round;
// a follow-up comes about a second after its placement
const LAG = Math.floor(RATE / ROUND.length) + 1;
const PATIENCE = '15s';
const PAUSE_SECONDS_MAX = 5;
const SET_UP_AT_ONCE = 20;

const sent = new Counter('jumun_sent');
const accepted = new Counter('jumun_accepted');
const retries = new Counter('jumun_retries');
const latency = new Trend('jumun_latency', true);
// when an answer came, in milliseconds from the first command's time
const answeredAt = new Trend('jumun_answered_at', true);
// k6 must know what it counts before it starts
const counters = (kind, names) => Object.fromEntries(names.map((name) => [name, new Counter(`jumun_${kind}_${name}`)]));
const FAILURES = ['fault', 'no_answer', 'http_202', 'http_401', 'http_403', 'http_404', 'http_413', 'http_429', 'http_500', 'http_503',
  'answer_of_another_command', 'other'];
const rejected = counters('rejected', [...reasons, 'other']);
const failed = counters('failed', FAILURES);

export const options = {
  scenarios: {
    [NAME]: {
      executor: 'constant-arrival-rate',
      rate: RATE,
      timeUnit: '1s',
      duration: `${SECONDS}s`,
      preAllocatedVUs: VUS,
      maxVUs: Math.max(VUS, 1000),
      gracefulStop: '30s',
    },
  },
  thresholds: { checks: ['rate==1'] },
  summaryTrendStats: ['p(50)', 'p(90)', 'p(99)', 'p(99.9)', 'max'],
  setupTimeout: '300s',
  teardownTimeout: '120s',
};

// splitmix64, and what is picked by it: src/tools/load/workload.rs
const mask = (n) => BigInt.asUintN(64, n);
function mix(n) {
  let z = mask(n + 0x9e3779b97f4a7c15n);
  z = mask((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
  z = mask((z ^ (z >> 27n)) * 0x94d049bb133111ebn);
  return z ^ (z >> 31n);
}
const SALT = SEED === 0 ? 0n : mix(BigInt(SEED));

const shares = [];
if (SCENARIO.pick === 'zipf') {
  let total = 0;
  for (let k = 1; k <= SKUS; k += 1) total += 1 / k;
  let sum = 0;
  for (let k = 1; k <= SKUS; k += 1) {
    sum += 1 / k;
    shares.push(Math.floor((sum / total) * 4294967295));
  }
}

function pick(n, line) {
  if (SCENARIO.pick === 'first') return 0;
  const high = Number(mix(SALT ^ BigInt(n) ^ (BigInt(line) << 56n)) >> 32n);
  if (SCENARIO.pick === 'even') return Math.floor((high * SKUS) / 4294967296);
  let [low, top] = [0, SKUS - 1];
  while (low < top) {
    const middle = (low + top) >> 1;
    if (shares[middle] < high) low = middle + 1;
    else top = middle;
  }
  return low;
}

const ACTORS = { buyer: (n) => `buyer:u-${n}`, payment: () => 'payment:load', operator: () => 'operator:load' };
// a token says who sends
const by = (actor, n) => (TOKEN ? {} : { actor: ACTORS[actor || 'buyer'](n) });

function place(run, n, payment) {
  const count = SCENARIO.lines_max > 1 ? 1 + Number(mix(SALT ^ BigInt(n)) % BigInt(SCENARIO.lines_max)) : 1;
  const lines = [];
  for (let line = 0; line < count; line += 1) lines.push({ sku_id: `${run}-${pick(n, line)}`, quantity: 1 });
  const body = { id: `${run}-${n}`, order_id: `o-${run}-${n}`, ...by('buyer', n), customer_id: `u-${n}`, lines };
  if (payment === 'deposit') body.payment = { kind: 'deposit', method: 'virtual_account' };
  if (payment === 'approved') {
    const approval = { approval_id: `a-${run}-${n}`, token: `tok-${n}` };
    body.payment = { kind: 'approved', settlements: [{ method: 'card', amount: SCENARIO.price * count, approval }] };
  }
  return ['/v1/orders', body];
}

/// Path and body of command n.
function command(run, n) {
  const [round, step] = [Math.floor(n / ROUND.length), ROUND[n % ROUND.length]];
  if (step.about === undefined) return place(run, n, step.payment);
  const back = LAG * (step.after || 1);
  if (round < back) return place(run, n, 'approved');
  const order = (round - back) * ROUND.length + step.about;
  const fields = JSON.parse(JSON.stringify(step.body || {}).split('{order}').join(`${run}-${order}`));
  return [`/v1/orders/o-${run}-${order}/${step.send}`, { id: `${run}-${n}`, ...by(step.actor, order), ...fields }];
}

const HEADERS = { 'Content-Type': 'application/json' };
if (TOKEN) HEADERS.Authorization = `Bearer ${TOKEN}`;
// a path of its own for each order would be a series of its own
const params = (name) => ({ headers: HEADERS, timeout: PATIENCE, tags: { name } });

function parsed(response) {
  try {
    return response.json() || {};
  } catch (e) {
    return {};
  }
}

const goesAgain = (status) => status === 0 || status === 202 || status === 429 || status === 503;

export function setup() {
  const run = `k${Date.now().toString(16)}${Math.floor(Math.random() * 0xffff).toString(16)}`;
  const made = (commands) => {
    for (let i = 0; i < commands.length; i += SET_UP_AT_ONCE) {
      const some = commands.slice(i, i + SET_UP_AT_ONCE);
      let left = some.map((body) => JSON.stringify({ ...by('operator'), ...body }));
      for (let tries = 0; left.length > 0; tries += 1) {
        const responses = http.batch(left.map((body) => ['POST', `${URL}/v1/commands`, body, params('set-up')]));
        const bad = responses.find((r) => r.status !== 200 && !(goesAgain(r.status) && tries < 5));
        if (bad) fail(`the set-up failed: ${bad.status} ${bad.error || bad.body}`);
        left = left.filter((_, at) => responses[at].status !== 200);
        if (left.length > 0) sleep(1);
      }
    }
  };
  const ids = Array.from({ length: SKUS }, (_, i) => `${run}-${i}`);
  const [template_id, product_id] = [`t-${run}`, `g-${run}`];
  made([{ id: `${run}-set-t-0`, type: 'create_template', partner_id: 'p-load', name: 'load', template_id }]);
  made([{ id: `${run}-set-p-0`, type: 'create_product', name: 'load', kind: 'goods', product_type: 'normal',
    partner_id: 'p-load', product_id, template_id, price: SCENARIO.price, bundled: true, delivery_fee: 3000,
    free_delivery: true, lead_time_days: 2, pre_refund: false }]);
  made(ids.map((sku_id, i) => ({ id: `${run}-set-s-${i}`, type: 'create_sku', option_name: 'one size', product_id, sku_id })));
  if (STOCK > 0) {
    made(ids.map((sku_id, i) => ({ id: `${run}-set-r-${i}`, type: 'receive_stock', sku_id, quantity: STOCK })));
  }
  const about = parsed(http.get(`${URL}/openapi.json`, params('about')));
  return { run, version: about.info ? about.info.version : 'unknown', started: new Date().toISOString().replace(/\.[0-9]+/, '') };
}

export default function ({ run }) {
  const n = exec.scenario.iterationInTest;
  if (n >= PLANNED) return;
  const [path, body] = command(run, n);
  const text = JSON.stringify(body);
  const about = params(path.split('/').length > 3 ? `/v1/orders/{id}/${path.split('/').pop()}` : path);
  const began = Date.now();
  sent.add(1);
  let response = http.post(URL + path, text, about);
  let tries = 0;
  while (goesAgain(response.status) && tries < RETRIES) {
    tries += 1;
    retries.add(1);
    const asked = Number(response.headers['Retry-After']);
    sleep(Math.min(asked > 0 ? asked : 0.2, PAUSE_SECONDS_MAX));
    response = http.post(URL + path, text, about);
  }
  latency.add(tries > 0 ? Date.now() - began : response.timings.blocked + response.timings.duration);
  answeredAt.add(Date.now() - exec.scenario.startTime);
  const answer = [200, 403, 409, 422].includes(response.status) ? parsed(response) : {};
  let failure = null;
  if (!answer.outcome) failure = response.status === 0 ? 'no_answer' : `http_${response.status}`;
  else if (answer.command_id !== body.id) failure = 'answer_of_another_command';
  else if (answer.outcome === 'accepted') accepted.add(1);
  else if (answer.outcome === 'rejected') (rejected[answer.reason] || rejected.other).add(1);
  else failure = answer.reason || 'other';
  if (failure) (failed[failure] || failed.other).add(1);
  check(response, {
    'no order is answered 5xx': (r) => r.status < 500,
    'each command gets its own answer': () => failure === null,
  });
}

export function teardown({ run }) {
  for (let i = 0; i < SKUS; i += SET_UP_AT_ONCE) {
    const ids = Array.from({ length: Math.min(SET_UP_AT_ONCE, SKUS - i) }, (_, k) => `${run}-${i + k}`);
    for (const response of http.batch(ids.map((id) => ['GET', `${URL}/v1/skus/${id}`, null, params('/v1/skus/{id}')]))) {
      const sku = parsed(response);
      check(sku, {
        'stock can be read': (s) => response.status === 200 && Number.isInteger(s.sold),
        'no more is sold than there was': (s) => s.sold <= STOCK && s.on_hand >= 0 && s.held >= 0,
        'what is left was not sold': (s) => s.on_hand + s.held <= STOCK,
      });
    }
  }
}

function counted(metrics, kind, names) {
  const found = {};
  for (const name of names) {
    const metric = metrics[`jumun_${kind}_${name}`];
    if (metric && metric.values.count > 0) found[name] = metric.values.count;
  }
  return found;
}

export function handleSummary({ metrics, setup_data: about }) {
  if (!about) return { stderr: 'nothing was sent: there is no report\n' };
  const count = (name) => (metrics[name] ? metrics[name].values.count || 0 : 0);
  const sum = (counts) => Object.values(counts).reduce((a, b) => a + b, 0);
  const us = (stat) => (metrics.jumun_latency ? Math.round(metrics.jumun_latency.values[stat] * 1000) : 0);
  const checks = metrics.checks ? metrics.checks.values : { passes: 0, fails: 0 };
  const refusals = counted(metrics, 'rejected', Object.keys(rejected));
  const failures = counted(metrics, 'failed', Object.keys(failed));
  const answered = count('jumun_accepted') + sum(refusals) + sum(failures);
  const last = metrics.jumun_answered_at ? metrics.jumun_answered_at.values.max / 1000 : 0;
  const seconds = Math.max(last, answered / RATE);
  const report = {
    format: 'jumun-load/1', by: 'k6', version: about.version, started: about.started,
    scenario: NAME, transport: 'http', skus: SKUS, stock: STOCK, seed: SEED,
    offered: RATE, achieved: seconds > 0 ? Math.round(answered / seconds) : 0,
    planned: PLANNED, sent: count('jumun_sent'), answered, accepted: count('jumun_accepted'),
    rejected: refusals, failed: failures, unanswered: count('jumun_sent') - answered, duplicates: 0,
    retries: count('jumun_retries'), seconds,
    latency: { p50_us: us('p(50)'), p90_us: us('p(90)'), p99_us: us('p(99)'), p999_us: us('p(99.9)'), max_us: us('max') },
  };
  const text = `${JSON.stringify(report, null, 2)}\n`;
  const told = `${NAME}: ${report.achieved} answers/s of ${RATE}, ${report.sent} sent, ${report.accepted} accepted, refused `
    + `${JSON.stringify(refusals)}, failed ${JSON.stringify(failures)}, p99 ${report.latency.p99_us / 1000} ms; `
    + `${checks.passes} checks held, ${checks.fails} did not\n`;
  return __ENV.REPORT ? { [__ENV.REPORT]: text, stdout: told } : { stdout: text, stderr: told };
}
