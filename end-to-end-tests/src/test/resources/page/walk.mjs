// Walks through the page as a person would and prints what it saw as JSON.
// node walk.mjs BASE_URL CHROMIUM SCREENSHOT_FOLDER DATASET; puppeteer-core lies beside this file.
import puppeteer from 'puppeteer-core';
import path from 'node:path';

const [base, executablePath, shots, dataset] = process.argv.slice(2);
const seen = { errors: [] };
const browser = await puppeteer.launch({
  executablePath,
  headless: true,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(60_000);
  page.on('pageerror', (e) => seen.errors.push(String(e)));
  page.on('console', (m) => m.type() === 'error' && seen.errors.push(m.text()));
  const foreign = new Set();
  page.on('request', (r) => {
    if (!r.url().startsWith(base) && !r.url().startsWith('data:')) foreign.add(r.url());
  });
  const shot = (name) => page.screenshot({ path: path.join(shots, `${name}.png`) });
  const texts = (selector) => page.$$eval(selector, (all) => all.map((n) => n.textContent));
  const answered = (n) => page.waitForFunction((k) => document.querySelectorAll('.turn.model .facts button').length >= 2 * k, {}, n);

  await page.setViewport({ width: 1200, height: 850 });
  const response = await page.goto(base);
  seen.policy = response.headers()['content-security-policy'] || '';
  await page.waitForSelector('.idea');
  await shot('welcome');

  // A dialogue of two turns, with the keyboard alone.
  await page.focus('.composer textarea');
  await page.keyboard.type('What is the capital of France?');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.slot.filled');
  await shot('filling');
  await answered(1);
  await page.keyboard.type('And of Italy?');
  await page.keyboard.press('Enter');
  await answered(2);
  seen.answers = await texts('.turn.model > .text');
  seen.facts = await texts('.turn.model .facts');
  seen.titled = await page.$eval('.turn.model .slot.filled', (n) => n.title);
  await shot('dialogue');

  // The scrubber goes back to the empty canvas, and forward by a key.
  const slider = await page.$('.turn.model .scrubber input');
  await slider.focus();
  await page.keyboard.press('Home');
  seen.emptyAtStart = await page.$eval('.turn.model .slots', (n) => n.querySelectorAll('.filled').length);
  await page.keyboard.press('ArrowRight');
  seen.filledAfterOne = await page.$eval('.turn.model .slots', (n) => n.querySelectorAll('.filled').length);
  seen.label = await page.$eval('.turn.model .slots', (n) => n.getAttribute('aria-label'));
  await page.click('.turn.model .map-box summary');
  await page.waitForSelector('.map-picture rect');
  await shot('order');

  // A turn is edited: it and what followed it are taken back.
  await page.click('.turn.user button');
  seen.afterEdit = await page.$eval('.composer textarea', (n) => n.value);
  seen.turnsAfterEdit = (await page.$$('.turn')).length;

  // Tabs by keyboard; a selection becomes a gap and is filled.
  await page.focus('#tab-chat');
  await page.keyboard.press('ArrowRight');
  await page.waitForSelector('#infill:not([hidden]) textarea');
  await page.$eval('#infill textarea', (n) => {
    n.value = 'The capital of France is Paris.';
    n.setSelectionRange(n.value.indexOf('France'), n.value.indexOf('France') + 6);
  });
  await page.evaluate(() => [...document.querySelectorAll('#infill button')].find((b) => b.textContent.includes('Mask')).click());
  seen.masked = await page.$eval('#infill textarea', (n) => n.value);
  await page.click('#infill .primary');
  await page.waitForSelector('#infill .infilled .facts, #infill .infilled .notice');
  seen.infilled = await texts('#infill .infilled p');
  await shot('infill');

  // A job is started and followed to its end.
  await page.click('#tab-tuning');
  await page.waitForSelector('#tuning option');
  await (await page.$('#tuning input[type=file]')).uploadFile(dataset);
  await page.type('#tuning input[type=number]', '4');
  await page.click('#tuning .primary');
  await page.waitForFunction(() => document.querySelector('#tuning .state')?.textContent === 'succeeded', { timeout: 240_000 });
  await page.waitForSelector('#tuning .chart');
  seen.curves = await texts('#tuning .key');
  seen.probes = (await page.$$('#tuning .probe')).length;
  await shot('tuning');

  await page.click('#tab-models');
  await page.waitForSelector('#models tbody tr');
  seen.models = await texts('#models tbody th');
  await shot('models');
  await page.click('#tab-cluster');
  await page.waitForSelector('#cluster .tile');
  seen.tiles = (await page.$$('#cluster .tile')).length;
  seen.workers = await texts('#cluster .workers li');
  await shot('cluster');
  await page.click('#tab-about');
  await page.waitForSelector('#about .slot');
  await shot('about');

  // A phone at night.
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
  await page.setViewport({ width: 390, height: 844, isMobile: true, hasTouch: true });
  await page.goto(`${base}/#chat`);
  await page.reload();
  await page.waitForSelector('.idea');
  seen.overflows = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  seen.dark = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await (await page.$$('.idea'))[1].tap();
  await answered(1);
  await shot('phone');
  seen.nameless = await page.evaluate(() => [...document.querySelectorAll('button, select, input, textarea')]
    .filter((n) => !n.textContent.trim() && !n.getAttribute('aria-label') && !n.labels?.length).map((n) => n.outerHTML));
  seen.foreign = [...foreign];
} finally {
  await browser.close();
}
console.log(JSON.stringify(seen));
