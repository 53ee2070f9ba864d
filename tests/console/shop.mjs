// A shop of this run's own: Redis, the server on a SQLite file, tokens; all of it ended with the run.
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

const WAIT_MS = 20000;
const sleep = (ms) => new Promise((go) => setTimeout(go, ms));

/** Waits until `look` gives something. */
export async function until(what, look, ms = WAIT_MS) {
  const end = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited ${ms} ms for ${what}`);
    await sleep(50);
  }
}

export class Shop {
  constructor(jumun) {
    this.jumun = path.resolve(jumun);
    this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'jumun-console-'));
    this.children = [];
    this.sent = 0;
    this.tokens = {};
    this.receivers = { mail: { answer: 422, got: [] }, warehouse: { answer: 200, got: [] } };
    process.on('exit', () => this.close());
  }

  close() {
    for (const child of this.children.splice(0)) child.kill('SIGKILL');
    fs.rmSync(this.dir, { recursive: true, force: true });
  }

  start(command, args, log) {
    const out = fs.openSync(path.join(this.dir, log), 'a');
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(JUMUN|DATABASE_URL|REDIS_URL)/.test(name)));
    const child = spawn(command, args, { stdio: ['ignore', out, out], env: { ...env, NO_COLOR: '1' } });
    fs.closeSync(out);
    this.children.push(child);
    return child;
  }

  said(log) {
    return fs.readFileSync(path.join(this.dir, log), 'utf8');
  }

  /** Redis, because dead letters come over a stream: the API refuses what it can't read. */
  async redis() {
    this.password = randomBytes(16).toString('hex');
    for (let tries = 0; tries < 20; tries++) {
      this.port = 20000 + Math.floor(Math.random() * 12000);
      const config = path.join(this.dir, 'redis.conf');
      fs.writeFileSync(config, `port ${this.port}\nbind 127.0.0.1\ndir ${this.dir}\nsave ""\nrequirepass ${this.password}\n`, { mode: 0o600 });
      const child = this.start('redis-server', [config], 'redis.log');
      const up = await until('Redis', async () => child.exitCode !== null || (await this.call('PING').catch(() => null)) === '+PONG');
      if (up && child.exitCode === null) return;
      this.children.splice(this.children.indexOf(child), 1);
    }
    throw new Error('Redis did not start');
  }

  /** One command, over a connection of its own; the reply's first line. */
  call(...words) {
    const frame = (list) => `*${list.length}\r\n${list.map((w) => `$${Buffer.byteLength(w)}\r\n${w}\r\n`).join('')}`;
    return new Promise((done, failed) => {
      const socket = net.connect(this.port, '127.0.0.1', () => socket.write(frame(['AUTH', this.password]) + frame(words)));
      let text = '';
      socket.on('error', failed);
      socket.on('data', (data) => {
        text += data;
        const lines = text.split('\r\n');
        if (lines.length < 3) return;
        socket.end();
        if (lines[1].startsWith('-')) failed(new Error(lines[1]));
        else done(lines[1]);
      });
    });
  }

  token(name, role) {
    const made = spawnSync(this.jumun, ['token', name, '--role', role], { encoding: 'utf8' });
    if (made.status !== 0) throw new Error(`jumun token: ${made.stderr}`);
    fs.appendFileSync(path.join(this.dir, 'tokens.toml'), made.stdout);
    this.tokens[role] = /jumun_\w+/.exec(made.stderr)[0];
  }

  /** A server; gives back where it serves. */
  async serve(name, ...more) {
    const log = `${name}.log`;
    const child = this.start(this.jumun, ['serve', '--listen', '127.0.0.1:0', '--database', `sqlite:${path.join(this.dir, name)}.db`, ...(more.includes('--tokens') ? [] : ['--no-auth']), ...more], log);
    return until(`${name} to serve`, () => {
      if (child.exitCode !== null) throw new Error(`${name} ended: ${this.said(log)}`);
      const found = /jumun serves address=(\S+)/.exec(this.said(log));
      return found && `http://${found[1]}`;
    });
  }

  /** Who takes webhooks: `mail` hears of payments that were declined, and takes nothing until a test says so. */
  async hooks() {
    const server = http.createServer((request, response) => {
      const receiver = this.receivers[request.url.slice(1)];
      let body = '';
      request.on('data', (data) => { body += data; });
      request.on('end', () => {
        receiver.got.push(JSON.parse(body));
        response.writeHead(receiver.answer).end();
      });
    });
    await new Promise((go) => server.listen(0, '127.0.0.1', go));
    server.unref();
    const hook = (name, types) => `[[webhook]]\nname = "${name}"\nurl = "http://127.0.0.1:${server.address().port}/${name}"\n`
      + `secret = "${randomBytes(16).toString('hex')}"\ntypes = ${JSON.stringify(types)}\n`;
    const file = path.join(this.dir, 'webhooks.toml');
    fs.writeFileSync(file, hook('mail', ['payment_declined']) + hook('warehouse', ['shipped', 'delivered']), { mode: 0o600 });
    return file;
  }

  /** The letters of `mail`, as soon as there are so many. */
  hookLetters(count) {
    return until(`${count} webhook letters`, async () => {
      const { items } = await this.get('/v1/webhooks/mail/failed-deliveries');
      return items.length >= count && items;
    });
  }

  async open() {
    await this.redis();
    for (const [name, role] of [['boss', 'operator'], ['look', 'auditor']]) this.token(name, role);
    this.url = await this.serve('shop', '--tokens', path.join(this.dir, 'tokens.toml'), '--redis', `redis://default:${this.password}@127.0.0.1:${this.port}`, '--webhooks', await this.hooks());
    await until('the server to be ready', async () => (await fetch(`${this.url}/readyz`)).status === 200);
  }

  async get(where) {
    const response = await fetch(this.url + where, { headers: { Authorization: `Bearer ${this.tokens.operator}` } });
    if (!response.ok) throw new Error(`GET ${where}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  order(id) {
    return this.get(`/v1/orders/${encodeURIComponent(id)}`);
  }

  /** Sends a command; its answer, whatever it is. */
  async ask(command, url = this.url) {
    const response = await fetch(`${url}/v1/commands`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...(url === this.url ? { Authorization: `Bearer ${this.tokens.operator}` } : {}) },
      body: JSON.stringify({ id: `console-test-${++this.sent}`, ...command }),
    });
    return response.json();
  }

  async send(command, url) {
    const answer = await this.ask(command, url);
    if (answer.outcome !== 'accepted') throw new Error(`${JSON.stringify(command)}: ${JSON.stringify(answer)}`);
    return answer;
  }

  /** Something else than a command, as the operator; the answer, whatever it is. */
  async act(method, where, headers = {}) {
    return fetch(this.url + where, { method, headers: { Authorization: `Bearer ${this.tokens.operator}`, ...headers } });
  }

  /** A command as somebody put it into the stream, readable or not. */
  stream(text) {
    return this.call('XADD', 'jumun:{0}:commands', '*', 'command', text);
  }
}
