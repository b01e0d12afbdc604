// Prints the seconds between a cell's start and the moment when its last line is on the page.
//
// large_output.py calls this: node large_output.mjs URL TOKEN KERNEL CODE ROUNDS

import { chromium } from 'playwright-core';

const [base, token, kernel, code, rounds] = process.argv.slice(2);
const NAME = `large-${kernel}.ipynb`;
const headers = { Authorization: `token ${token}` };

const reached = async () => (await fetch(`${base}/api`, { headers }).catch(() => null))?.ok;
while (!(await reached())) await new Promise(resolve => setTimeout(resolve, 200));

const cell = { cell_type: 'code', id: 'only', metadata: {}, source: code, outputs: [], execution_count: null };
const content = {
  cells: [cell],
  metadata: { kernelspec: { name: kernel, display_name: kernel } },
  nbformat: 4,
  nbformat_minor: 5,
};
const body = JSON.stringify({ type: 'notebook', format: 'json', content });
await fetch(`${base}/api/contents/${NAME}`, { method: 'PUT', headers, body });

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--headless', '--disable-gpu'],
});
const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
page.setDefaultTimeout(300_000);
await page.goto(`${base}/lab/tree/${NAME}?token=${token}&reset`);
await page.locator('.jp-Notebook .jp-CodeCell').first().waitFor();
await page.locator('.Toastify button:has-text("No")').click({ timeout: 3000 }).catch(() => {});
const idle = () =>
  page.waitForFunction(() => document.querySelector('#jp-main-statusbar')?.innerText.includes('| Idle'));
await idle();

for (let round = -1; round < Number(rounds); round += 1) {
  await page.locator('.jp-Notebook .cm-content').first().click();
  await page.evaluate(() => {
    const shows = () =>
      [...document.querySelectorAll('.jp-OutputArea-output')].some(output => output.textContent.includes('the end'));
    const until = async condition => {
      while (!condition()) await new Promise(resolve => requestAnimationFrame(resolve));
    };
    window.watched = new Promise(resolve => {
      const start = async event => {
        if (event.key !== 'Enter') return;
        document.removeEventListener('keydown', start, true);
        const began = performance.now();
        // A new run removes the output of the previous run.
        await until(() => !shows());
        await until(shows);
        resolve((performance.now() - began) / 1000);
      };
      document.addEventListener('keydown', start, true);
    });
  });
  await page.keyboard.press('Control+Enter');
  const seconds = await page.evaluate(() => window.watched);
  await idle();
  // The first run is not printed, because it compiles and draws more than the later ones.
  if (round >= 0) console.log(seconds.toFixed(3));
}
await browser.close();
await fetch(`${base}/api/contents/${NAME}`, { method: 'DELETE', headers });
