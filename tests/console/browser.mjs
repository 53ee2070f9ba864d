// Chromium, and pages that note what goes wrong in them.
import { chromium } from 'playwright-core';
import fs from 'node:fs';
import path from 'node:path';

const EXECUTABLES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** A fresh profile, in a folder of the driver's own. */
export function launch() {
  const executablePath = process.env.CHROMIUM ?? EXECUTABLES.find((p) => fs.existsSync(p));
  if (!executablePath) throw new Error('no chromium: please install it, or say in CHROMIUM where it is');
  return chromium.launch({ executablePath, headless: true, args: FLAGS });
}

/**
 * A page: `wrong` is what went wrong in it, `clicks` how often it was clicked. `files`: a folder whose files stand in for
 * the server's own, while one works on them.
 */
export async function open(browser, url, { token, files, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1360, height: 900 }, locale: 'en-GB', timezoneId: 'Asia/Seoul', reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(8000);
  page.wrong = [];
  page.allowed = []; // statuses that a test provokes: the browser logs each
  page.clicks = 0;
  const note = (text) => page.wrong.push(`${page.url()}: ${text}`);
  page.on('console', (m) => {
    if (!['error', 'warning'].includes(m.type())) return;
    if (page.allowed.some((status) => m.text().includes(`status of ${status}`))) return;
    note(m.text());
  });
  page.on('pageerror', (e) => note(e.message));
  page.on('dialog', (d) => {
    note(`a dialog: ${d.message()}`);
    d.dismiss();
  });
  page.on('request', (r) => {
    if (!r.url().startsWith(url) && !r.url().startsWith('data:image/svg+xml,')) note(`asks elsewhere: ${r.url()}`);
  });
  if (files) {
    const kinds = { html: 'text/html', js: 'text/javascript', css: 'text/css' };
    const csp = (await fetch(url)).headers.get('content-security-policy');
    const give = (route, name) => route.fulfill({ contentType: `${kinds[name.split('.').pop()]}; charset=utf-8`, headers: { 'content-security-policy': csp }, body: fs.readFileSync(path.join(files, name)) });
    await page.route(`${url}/`, (route) => give(route, 'index.html'));
    await page.route(`${url}/console/*`, (route) => give(route, new URL(route.request().url()).pathname.split('/').pop()));
  }
  if (token) await page.addInitScript((t) => sessionStorage.setItem('jumun.token', t), token);
  await page.goto(`${url}/`);
  page.start = () => visit(page, '/');
  page.press = async (selector) => {
    page.clicks += 1;
    await page.click(selector);
  };
  return page;
}

/** Another view of the same page. */
export async function visit(page, view) {
  await page.evaluate((v) => { location.hash = v; }, `#${view}`);
  await shown(page);
}

/** Until what was asked for is there. */
export const shown = (page) => page.waitForFunction(() => document.querySelector('main:not([aria-busy])')?.dataset.view === location.hash);

export const text = (page, selector) => page.locator(selector).first().innerText();
