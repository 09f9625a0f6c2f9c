// A cluster that asks for keys, as somebody without one, with a wrong one and with his own; prints what it saw as JSON.
// node keyed.mjs BASE_URL CHROMIUM SCREENSHOT_FOLDER KEY; puppeteer-core lies beside this file.
import puppeteer from 'puppeteer-core';
import path from 'node:path';

const [base, executablePath, shots, key] = process.argv.slice(2);
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
  let typed = null;
  page.on('dialog', (d) => {
    seen.asked = d.message();
    return typed === null ? d.dismiss() : d.accept(typed);
  });
  const shot = (name) => page.screenshot({ path: path.join(shots, `${name}.png`) });
  const saying = async (words) => {
    await page.waitForFunction((w) => document.body.innerText.includes(w), {}, words);
    return page.evaluate((w) => document.body.innerText.split('\n').find((line) => line.includes(w)), words);
  };
  const give = async (text) => {
    typed = text;
    await page.click('#key');
  };

  await page.setViewport({ width: 1200, height: 850 });
  await page.goto(base);
  seen.without = await saying('wants a key');
  await shot('key-none');

  await give('unmask-0123456789ab-nonsense');
  seen.wrong = await saying('not known here');
  await shot('key-wrong');

  await give(key);
  await page.waitForFunction(() => document.querySelector('#chat .weights').textContent.includes('weights'));
  await page.focus('.composer textarea');
  await page.keyboard.type('What is the capital of France?');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelectorAll('.turn.model .facts button').length >= 2);
  seen.answer = await page.$eval('.turn.model > .text', (n) => n.textContent);
  seen.left = await page.evaluate(() => document.body.innerText.includes('not known here') || document.body.innerText.includes('wants a key'));
  await shot('key-right');

  // It is kept over a reload, for this tab and nowhere else.
  await page.reload();
  await page.waitForFunction(() => document.querySelector('#chat .weights').textContent.includes('weights'));
  seen.elsewhere = await page.evaluate((k) => JSON.stringify({ ...localStorage }).includes(k) || document.cookie.includes(k), key);
  const other = await browser.newPage();
  await other.goto(base);
  seen.otherTab = await other.evaluate(() => sessionStorage.getItem('unmask.key'));
} finally {
  await browser.close();
}
console.log(JSON.stringify(seen));
