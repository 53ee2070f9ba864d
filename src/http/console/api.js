// The HTTP API: requests with the token, and the live stream.
import { t, reason } from './words.js';

const KEY = 'jumun.token';
let token = sessionStorage.getItem(KEY);
let signedOut = () => {};
let actor; // with a token, the token says who asks
let me = null;

export const hasToken = () => token !== null;
export const onSignedOut = (f) => { signedOut = f; };
/** Who is signed in, as the API says; `null`: not known. Where it is open to anyone, commands say themselves who asks. */
export async function whoAmI() {
  me = null;
  me = await get('/v1/me');
  actor = me.no_authentication ? 'operator:console' : undefined;
}
export const who = () => me;
/** Whether commands may be sent: an auditor sees everything and changes nothing. */
export const mayAct = () => me?.actors.includes('operator') === true;
/** Whether what only operators and auditors see may be asked for. */
export const isStaff = () => me !== null && (me.no_authentication || ['operator', 'support', 'stock', 'privacy', 'finance', 'auditor'].includes(me.role));
export function setToken(value) {
  token = value;
  if (value === null) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, value);
}

/** What the API says against it, as a sentence. */
export class Refused extends Error {
  constructor(status, body) {
    const code = body?.reason ?? '';
    const said = body?.detail ?? body?.message ?? body?.title ?? '';
    const known = status === 403 ? t('forbidden_here') : code ? reason(code) : t('fault');
    super(said && said !== known ? `${known} (${said})` : known);
    this.status = status;
    this.code = code;
    this.body = body;
  }
}

function headers(more) {
  return { ...(token ? { Authorization: `Bearer ${token}` } : {}), ...more };
}

async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { cache: 'no-store', ...options, headers: headers(options.headers) });
  } catch (e) {
    if (e.name === 'AbortError') throw e;
    throw new Refused(0, { reason: 'unreachable' });
  }
  if (response.status === 401) {
    setToken(null);
    signedOut();
  }
  return response;
}

const read = (response) => response.json().catch(() => null);

export async function get(path, signal, etag) {
  const response = await ask(path, { signal, headers: etag ? { 'If-None-Match': etag } : {} });
  if (response.status === 304) return null;
  const body = await read(response);
  if (!response.ok) throw new Refused(response.status, body);
  if (body && typeof body === 'object') Object.defineProperty(body, 'etag', { value: response.headers.get('etag') });
  return body;
}

export async function ready() {
  const response = await fetch('/readyz', { cache: 'no-store' });
  return read(response);
}

/** Sends a command; the answer, whatever its outcome. 202: nothing is known yet. */
export async function send(path, body, key) {
  const response = await ask(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key },
    body: JSON.stringify({ actor, ...body }),
  });
  const answer = await read(response);
  if (response.status === 202) return { outcome: 'unknown' };
  if (answer?.outcome) return answer;
  if (!response.ok) throw new Refused(response.status, answer);
  return answer;
}

export async function act(method, path) {
  const response = await ask(path, { method });
  const body = await read(response);
  if (!response.ok) throw new Refused(response.status, body);
  return body;
}

/** A GET as it is answered, whatever that is. */
export async function look(path) {
  const began = performance.now();
  const response = await ask(path);
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, ms: performance.now() - began };
}

const STALL_MS = 6000;

/** Follows `/v1/live` until aborted. `tell(view)` each second, `state('on' | 'off' | 'denied')` as it changes. */
export async function follow(signal, tell, state) {
  let wait = 500;
  while (!signal.aborted) {
    const attempt = new AbortController();
    const stop = () => attempt.abort();
    signal.addEventListener('abort', stop);
    let stall = setTimeout(stop, STALL_MS);
    try {
      const response = await ask('/v1/live', { signal: attempt.signal });
      if (response.status === 401) return;
      if (response.status === 403) return state('denied');
      if (!response.ok) throw new Error(String(response.status));
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = '';
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        clearTimeout(stall);
        stall = setTimeout(stop, STALL_MS);
        const events = (rest + value.replaceAll('\r', '')).split('\n\n');
        rest = events.pop();
        for (const event of events) {
          const data = event.split('\n').filter((l) => l.startsWith('data:')).map((l) => l.slice(5)).join('\n');
          if (!data) continue;
          wait = 500;
          state('on');
          tell(JSON.parse(data));
        }
      }
    } catch {
      // told below
    } finally {
      clearTimeout(stall);
      signal.removeEventListener('abort', stop);
    }
    if (signal.aborted) return;
    state('off');
    await new Promise((go) => setTimeout(go, wait * (0.75 + Math.random() / 2)));
    wait = Math.min(wait * 2, 15000);
  }
}
