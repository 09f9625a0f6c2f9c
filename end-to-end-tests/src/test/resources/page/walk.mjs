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
  // What a screen reader would have to call by its role alone.
  const unnamed = async () => {
    const found = [];
    const look = (node) => {
      if (['button', 'textbox', 'slider', 'combobox', 'checkbox', 'spinbutton', 'tab', 'img', 'image', 'log', 'progressbar', 'link'].includes(node.role) && !node.name?.trim()) {
        found.push(node.role);
      }
      (node.children || []).forEach(look);
    };
    look(await page.accessibility.snapshot());
    return found;
  };
  const answered = (n) => page.waitForFunction((k) => document.querySelectorAll('.turn.model .facts button').length >= 2 * k, {}, n);

  await page.setViewport({ width: 1200, height: 850 });
  const response = await page.goto(base);
  seen.policy = response.headers()['content-security-policy'] || '';
  await page.waitForSelector('.idea');
  await page.waitForFunction(() => document.querySelector('#chat .weights').textContent.includes('weights'));
  await shot('welcome');
  seen.picked = await page.$eval('#chat .weights', (n) => n.textContent);
  seen.unnamed = { chat: await unnamed() };

  // Everything can be reached by keyboard: first the way past the tabs, then what is behind it.
  await page.keyboard.press('Tab');
  seen.first = await page.evaluate(() => document.activeElement.textContent);
  await page.keyboard.press('Enter');
  seen.skippedTo = await page.evaluate(() => document.activeElement.id + location.hash);
  seen.reached = [];
  for (let i = 0; i < 14; i++) {
    await page.keyboard.press('Tab');
    seen.reached.push(await page.evaluate(() => {
      const n = document.activeElement;
      return n.getAttribute('aria-label') || n.labels?.[0]?.textContent || n.textContent.trim().slice(0, 60);
    }));
  }

  // The dial, by keyboard.
  await page.focus('#chat .settings input[type=range]');
  await page.keyboard.press('Home');
  seen.dial = [await page.$eval('#chat .settings input[type=range]', (n) => n.getAttribute('aria-valuetext'))];
  for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowRight');
  seen.dial.push(await page.$eval('#chat .settings input[type=range]', (n) => n.getAttribute('aria-valuetext')));

  // A dialogue of two turns, with the keyboard alone.
  await page.focus('.composer textarea');
  await page.keyboard.type('What is the capital of France?');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.slot.filled');
  await shot('filling');
  seen.live = [];
  while (seen.live.length < 400 && !(await page.$('.turn.model .facts button'))) {
    seen.live.push(await page.$$eval('.turn.model .slot.filled', (all) => all.length));
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
  await answered(1);
  seen.spared = await page.$$eval('.turn.model .slot.spared', (all) => all.length);
  seen.leftMasked = await page.$$eval('.turn.model .slot.masked', (all) => all.length);
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
  // What is under the bar at the top has to be scrolled to first.
  await page.evaluate(() => scrollTo(0, 0));
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
  await page.waitForFunction(() => document.querySelector('#infill textarea').value.includes('[['));
  seen.masked = await page.$eval('#infill textarea', (n) => n.value);
  seen.unnamed.infill = await unnamed();
  await page.click('#infill .primary');
  await page.waitForSelector('#infill .infilled .facts, #infill .infilled .notice');
  seen.infilled = await texts('#infill .infilled p');
  await shot('infill');

  // A job is started and followed to its end.
  await page.click('#tab-tuning');
  await page.waitForSelector('#tuning option');
  await (await page.$('#tuning input[type=file]')).uploadFile(dataset);
  await page.type('#tuning input[type=number]', '4');
  await page.waitForSelector('#tuning .list > *');
  const jobsBefore = (await page.$$('#tuning .item')).length;
  await page.click('#tuning .primary');
  await page.waitForFunction((n) => document.querySelectorAll('#tuning .item').length > n, {}, jobsBefore);
  await page.waitForFunction(() => document.querySelector('#tuning .item.chosen .state')?.textContent === 'succeeded', { timeout: 240_000 });
  await page.waitForSelector('#tuning .probe');
  await page.waitForSelector('#tuning .chart');
  seen.curves = await texts('#tuning .key');
  seen.probes = (await page.$$('#tuning .probe')).length;
  seen.beforeAfter = await texts('#tuning .pair h4');
  seen.unnamed.tuning = await unnamed();
  await shot('tuning');
  await page.$eval('#tuning .probe', (n) => n.scrollIntoView());
  await shot('probes');

  await page.click('#tab-models');
  await page.waitForSelector('#models tbody tr');
  seen.models = await texts('#models tbody th');
  seen.digests = await page.$$eval('#models tbody code', (all) => all.map((n) => n.title));
  seen.unnamed.models = await unnamed();
  await shot('models');
  await page.click('#tab-cluster');
  await page.waitForSelector('#cluster .tile');
  seen.tiles = (await page.$$('#cluster .tile')).length;
  seen.workers = await texts('#cluster .worker');
  await page.waitForFunction(() => [...document.querySelectorAll('#cluster .tile .value')].every((n) => n.textContent !== '–'));
  await page.waitForSelector('#cluster .spark polyline');
  seen.queues = await texts('#cluster tbody th');
  seen.unnamed.cluster = await unnamed();
  await shot('cluster');
  await page.click('#tab-about');
  await page.waitForSelector('#about .slot');
  await shot('about');
  seen.unnamed.about = await unnamed();

  // Talking to one model: the picker follows.
  await page.click('#tab-models');
  await page.waitForSelector('#models tbody button');
  await page.click('#models tbody button');
  await page.waitForSelector('#chat:not([hidden])');
  const talksTo = (await texts('#models tbody th'))[0];
  await page.waitForFunction((id) => document.querySelector('#chat select').value === id, {}, talksTo);
  seen.talksTo = talksTo;

  // Light or dark by hand, kept over a reload.
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  seen.papers = [await paper()];
  await page.click('#theme');
  seen.papers.push(await paper());
  await shot('dark');
  await page.reload();
  await page.waitForSelector('.idea');
  seen.papers.push(await paper());
  await page.evaluate(() => localStorage.clear());

  // A script that sends nonsense is answered in a sentence.
  seen.nonsense = await page.evaluate(async () => {
    const answer = await fetch('/v1/chat/completions', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"model": 7, "messages": "<script>"}' });
    return [answer.status, (await answer.json()).error.message];
  });
  // The browser says in its console what was refused.
  seen.errors = seen.errors.filter((e) => !e.includes('status of 400'));

  // A phone at night.
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
  await page.setViewport({ width: 390, height: 844, isMobile: true, hasTouch: true });
  await page.goto(`${base}/#chat`);
  await page.reload();
  await page.waitForSelector('.idea');
  seen.overflows = [];
  for (const name of ['infill', 'tuning', 'models', 'cluster', 'about', 'chat']) {
    await page.evaluate((hash) => { location.hash = hash; }, name);
    await page.waitForSelector(`#${name}:not([hidden])`);
    await new Promise((resolve) => setTimeout(resolve, 300));
    if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) seen.overflows.push(name);
    await shot(`phone-${name}`);
  }
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
