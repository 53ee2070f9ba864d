// Every view and dialog, in light and dark, wide and narrow: axe-core has nothing against it, nothing scrolls sideways.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import fs from 'node:fs';
import { visit } from './browser.mjs';

const axe = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const VIEWS = ['/', '/orders', '/orders?status=ORDERED', '/orders/o-return', '/orders/o-fail', '/orders/o-family', '/orders/o-tell', '/stock', '/stock/FAN-2', '/campaigns', '/letters', '/nowhere'];
/** [view, what opens it, what else is done there] */
const DIALOGS = [
  ['/orders/o-tell', '#do-request_return-', async (page) => {
    await page.fill('dialog input[type=number] >> nth=1', '1');
    await page.click('#preview');
    await page.waitForSelector('dialog .preview');
  }],
  ['/orders/o-view', '#do-ship-'],
  ['/orders/o-view', '#do-choose_destination-', (page) => page.click('#preview')],
  ['/orders/o-unpaid', '#do-approve_payment-', (page) => page.click('dialog .rows > div > button')],
  ['/orders/o-make', '#do-purchase_from_partner-', (page) => page.click('dialog summary')],
  ['/letters', 'main button.danger'],
];

async function fine(page, where) {
  // by the debugger, so that the page keeps its policy
  if (!(await page.evaluate(() => Boolean(window.axe)))) await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations'] })
    .then((r) => r.violations.map((v) => `${v.id} (${v.impact}): ${v.nodes.slice(0, 3).map((n) => `${n.html.slice(0, 160)} — ${n.failureSummary}`).join('; ')}`)));
  assert.deepEqual(found, [], where);
  const wide = await page.evaluate(() => {
    const dialog = document.querySelector('dialog[open]');
    return [document.documentElement.scrollWidth - innerWidth, dialog ? dialog.scrollWidth - dialog.clientWidth : 0];
  });
  assert.deepEqual(wide.map((n) => Math.max(n, 0)), [0, 0], `${where} scrolls sideways`);
}

/** One pass over all of them, as this page is. */
export async function pass(page, name) {
  for (const view of VIEWS) {
    await visit(page, view);
    if (view === '/') await page.waitForFunction(() => document.querySelectorAll('.plot path').length > 0 && document.querySelector('.hot'));
    await fine(page, `${view}, ${name}`);
  }
  for (const [view, button, more] of DIALOGS) {
    await visit(page, view);
    await page.click(`${button} >> nth=0`);
    await more?.(page);
    await fine(page, `${button} of ${view}, ${name}`);
    await page.keyboard.press('Escape');
    await page.waitForSelector('dialog', { state: 'detached' });
  }
}

export async function signIn(page) {
  await page.waitForSelector('#token');
  await fine(page, 'the sign-in form');
}
