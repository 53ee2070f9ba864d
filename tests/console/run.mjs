// Clicks through the operator's console in a headless Chromium, against a server of this run's own.
//
// From the repository's root, where .ci/console.sh has put playwright-core and axe-core beside it:
//   node target/ci-console/run.mjs --jumun target/debug/jumun [--only WORD] [--pictures FOLDER] [--files FOLDER]
//
// --only: the tests whose names hold the word. --pictures: writes what docs/guide/console.md shows, and tests nothing; they
// need a font with Hangul (fonts-nanum).
// --files: the console's files as they are in that folder instead of the server's, while one works on them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { launch, open } from './browser.mjs';
import { forged, opened, policy, stored } from './inert.mjs';
import { LIVE } from './live.mjs';
import { complete, OTHERS } from './others.mjs';
import { PAGES } from './pages.mjs';
import { pictures } from './pictures.mjs';
import { catalogue } from './seed.mjs';
import { Shop } from './shop.mjs';
import { TASKS } from './tasks.mjs';
import { pass, prepare, signIn } from './views.mjs';

const { values: asked } = parseArgs({ options: { jumun: { type: 'string' }, only: { type: 'string' }, pictures: { type: 'string' }, files: { type: 'string' } } });
if (!asked.jumun) throw new Error('say --jumun PATH');
const hangul = () => { try { return execFileSync('fc-list', [':lang=ko'], { encoding: 'utf8' }); } catch { return ''; } };
if (asked.pictures && !hangul()) throw new Error('install a font with Hangul first: fonts-nanum');
const LONGEST_MS = 1_440_000;

const shop = new Shop(asked.jumun);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));
setTimeout(() => {
  console.error(`not done in ${LONGEST_MS} ms`);
  process.exit(1);
}, LONGEST_MS).unref();

const failures = [];
let ran = 0;
async function test(name, run, page) {
  if (asked.only && !name.includes(asked.only)) return;
  const began = Date.now();
  ran += 1;
  try {
    const other = await run();
    for (const p of [page, other].filter((p) => p?.wrong)) {
      const wrong = p.wrong.splice(0);
      p.allowed.length = 0;
      assert.deepEqual(wrong, [], 'no error in the page');
    }
    if (other?.context && other !== page) await other.context().close();
    console.log(`ok    ${name} (${Date.now() - began} ms)`);
  } catch (e) {
    failures.push(name);
    console.log(`FAIL  ${name}\n${e.stack}`);
    if (page) {
      console.log(`      at ${page.url()}`);
      page.wrong.splice(0).forEach((w) => console.log(`      ${w}`));
      page.allowed.length = 0;
      await page.reload().catch(() => {});
    }
  }
}

let browser;
try {
  await shop.open();
  await catalogue(shop);
  browser = await launch();
  const fresh = ({ url = shop.url, ...options }) => open(browser, url, { files: asked.files, ...options });
  const staff = { token: shop.tokens.operator };
  const page = await fresh(staff);
  if (asked.pictures) {
    await pictures(shop, fresh, asked.pictures);
  } else {
    page.tried = new Set();
    let keys = [];
    await test('every command that an operator may send is an action, with all its fields', async () => { keys = await complete(page); }, page);
    for (const [name, run] of TASKS) await test(name, () => run(shop, page), page);
    if (!asked.only) await test('every action was tried', async () => assert.deepEqual([...page.tried].sort(), [...keys].sort()), page);
    for (const [name, run] of [...OTHERS, ...LIVE, ...PAGES]) await test(name, () => run({ shop, page, fresh }), page);

    const views = [[1360, 'light', 'en-GB'], [1360, 'dark', 'ko-KR'], [390, 'light', 'ko-KR'], [390, 'dark', 'en-GB']];
    await test('accessible: what is looked at', () => prepare(shop));
    const look = async ([width, colorScheme, locale]) => {
      const as = { viewport: { width, height: 844 }, colorScheme, locale };
      const name = `accessible: ${width} px, ${colorScheme}, ${locale}`;
      await test(name, async () => {
        const door = await fresh(as);
        await signIn(door);
        await door.context().close();
        const other = await fresh({ ...staff, ...as });
        await pass(other, name);
        return other;
      });
    };
    while (views.length) await Promise.all(views.splice(0, 2).map(look)); // two cores, two at a time

    let put;
    await test('inert: the policy', () => policy(shop.url));
    await test('inert: script is stored in every text', async () => { put = await stored(shop); });
    for (const bypassCSP of [false, true]) {
      await test(`inert: nothing of it runs${bypassCSP ? ', without the policy either' : ''}`, async () => {
        const other = await fresh({ ...staff, bypassCSP });
        await opened(other, put);
        return other;
      });
      await test(`inert: nothing of what the server itself could be made to say${bypassCSP ? ', without the policy either' : ''}`, async () => {
        const other = await fresh({ ...staff, bypassCSP });
        await forged(other);
        return other;
      });
    }
    console.log(`${ran - failures.length} of ${ran} passed`);
    if (ran === 0) failures.push('nothing ran');
  }
} finally {
  await browser?.close();
  shop.close();
}
process.exit(failures.length ? 1 : 0);
