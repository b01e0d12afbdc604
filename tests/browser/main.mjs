// Opens a notebook in a real JupyterLab and does by mouse and keys what people do. README.md says how to run it.
//
// Each check prints a line; the first one that fails ends the script with exit code 1 and leaves a picture.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';

const [base, token, tour, pictures] = process.argv.slice(2);
if (!pictures) {
  console.error('usage: node lab.mjs URL TOKEN NOTEBOOK PICTURES_FOLDER');
  process.exit(2);
}
const MINUTE_MS = 60_000;
const COPY = 'browser-copy.ipynb';
const SCRATCH = 'browser-scratch.ipynb';

mkdirSync(pictures, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--headless', '--disable-gpu', '--disable-background-networking'],
});
const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
page.setDefaultTimeout(MINUTE_MS);

const picture = name => page.screenshot({ path: `${pictures}/${name}.png` });
const status = () => page.locator('#jp-main-statusbar').innerText();
const kernelIs = state =>
  page.waitForFunction(
    state => document.querySelector('#jp-main-statusbar')?.innerText.includes(`| ${state}`),
    state,
    { timeout: 3 * MINUTE_MS },
  );

async function ask(path, options = {}) {
  const response = await fetch(`${base}/api/${path}`, {
    ...options,
    headers: { Authorization: `token ${token}` },
  });
  assert(response.ok, `${path}: ${response.status}`);
  return response.status === 204 ? null : response.json();
}

const contents = async path => (await ask(`contents/${path}`)).content;
const save = (path, content) =>
  ask(`contents/${path}`, {
    method: 'PUT',
    body: JSON.stringify({ type: 'notebook', format: 'json', content }),
  });

async function open(path) {
  await page.goto(`${base}/lab/tree/${path}?token=${token}&reset`);
  await page.locator('.jp-Notebook .jp-CodeCell').first().waitFor();
  // JupyterLab asks about news once; the question covers outputs.
  const no = page.locator('.Toastify button:has-text("No")');
  await no.click({ timeout: 3000 }).catch(() => {});
  await kernelIs('Idle');
}

async function menu(name, item) {
  await page.locator('.lm-MenuBar-item', { hasText: name }).click();
  await page.locator('.lm-Menu-item', { hasText: item }).first().click();
}

const cell = index => page.locator('.jp-Notebook .jp-CodeCell').nth(index);

async function edit(index) {
  await cell(index).locator('.cm-content').click();
}

async function runCell(index) {
  await edit(index);
  await page.keyboard.press('Control+Enter');
}

const output = (index, text) =>
  cell(index).locator('.jp-OutputArea-output', { hasText: text }).first().waitFor();

const checks = {
  async 'the tour runs from top to bottom'() {
    const codeOf = notebook => notebook.cells.filter(cell => cell.cell_type === 'code');
    const copy = await contents(tour);
    for (const cell of codeOf(copy)) {
      cell.outputs = [];
      cell.execution_count = null;
    }
    await save(COPY, copy);
    await open(COPY);
    await menu('Run', 'Run All Cells');
    // Between two cells the kernel is idle for a moment, too.
    for (let idle_s = 0; idle_s < 5; ) {
      await page.waitForTimeout(1000);
      idle_s = (await status()).includes('| Idle') ? idle_s + 1 : 0;
    }
    await menu('File', 'Save Notebook');
    await page.waitForTimeout(3000);
    const code = codeOf(await contents(COPY));
    for (const cell of code) {
      assert(cell.execution_count > 0, `did not run: ${cell.source}`);
      const failed = cell.outputs.some(output => output.output_type === 'error');
      assert.equal(failed, cell.metadata.tags?.includes('raises-exception') ?? false, cell.source);
    }
    const panel = page.locator('.jp-WindowedPanel-outer').first();
    const [whole, seen] = await panel.evaluate(it => [it.scrollHeight, it.clientHeight]);
    for (let top = 0, number = 1; top < whole; top += seen - 60, number += 1) {
      await panel.evaluate((it, top) => it.scrollTo(0, top), top);
      await page.waitForTimeout(500);
      await picture(`tour-${String(number).padStart(2, '0')}`);
    }
  },

  async 'the stop button ends a loop'() {
    await save(SCRATCH, scratch());
    await open(SCRATCH);
    await runCell(0);
    await output(0, 'kept');
    await runCell(1);
    await output(1, 'waiting');
    await page.locator('.jp-NotebookPanel-toolbar [data-jp-item-name="interrupt"]').click();
    await output(1, 'KeyboardInterrupt');
    await kernelIs('Idle');
    await picture('interrupt');
  },

  async 'an input box answers the cell'() {
    await runCell(3);
    const box = cell(3).locator('.jp-Stdin-input');
    await box.waitFor();
    await picture('input-box');
    await box.fill('Ada');
    await box.press('Enter');
    await output(3, 'hello, Ada');
    await picture('input-answered');
  },

  async 'Tab completes a path'() {
    await edit(4);
    await page.keyboard.press('End');
    await page.keyboard.press('Tab');
    await page.locator('.jp-Completer-item', { hasText: 'spawn' }).first().waitFor();
    await picture('completion');
    await page.keyboard.press('Escape');
  },

  async 'Shift-Tab shows the documentation'() {
    await edit(5);
    await page.keyboard.press('End');
    await page.keyboard.press('Shift+Tab');
    await page.locator('.jp-Tooltip', { hasText: 'growable' }).waitFor();
    await picture('inspection');
    await page.keyboard.press('Escape');
  },

  async 'a compile error is read in colours'() {
    await runCell(6);
    await output(6, 'mismatched types');
    await picture('error');
  },

  async 'name? opens the pager'() {
    await runCell(7);
    await page.locator('.jp-Notebook, .jp-Inspector', { hasText: 'growable' }).first().waitFor();
    await picture('pager');
  },

  async 'a restart begins anew'() {
    await page.locator('.jp-NotebookPanel-toolbar [data-jp-item-name="restart"]').click();
    await page.locator('.jp-Dialog .jp-mod-accept').click();
    await page.waitForTimeout(1000);
    await kernelIs('Idle');
    await runCell(8);
    await output(8, 'two: 2');
    assert.match(await cell(8).locator('.jp-InputPrompt').innerText(), /\[1\]/);
    await runCell(2);
    await output(2, 'cannot find value');
    await picture('restarted');
  },
};

function scratch() {
  const sources = [
    'let kept = 41;\nprintln!("kept");',
    'println!("waiting");\nloop {\n    std::thread::sleep(std::time::Duration::from_millis(20));\n}',
    'println!("kept: {kept}");',
    'let name = threadbook::input("your name: ")?;\nprintln!("hello, {name}");',
    'std::thread::sp',
    'Vec',
    'let n: u32 = "seven";',
    'Vec?',
    'println!("two: {}", 1 + 1);',
  ];
  return {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: { kernelspec: { name: 'threadbook', display_name: 'Rust (Threadbook)', language: 'rust' } },
    cells: sources.map((source, index) => ({
      cell_type: 'code',
      id: `scratch-${index}`,
      metadata: {},
      execution_count: null,
      outputs: [],
      source,
    })),
  };
}

try {
  for (const [name, check] of Object.entries(checks)) {
    await check();
    console.log(`ok    ${name}`);
  }
} catch (error) {
  await picture('failed');
  console.error(error);
  process.exitCode = 1;
} finally {
  await browser.close();
  for (const { id, path } of await ask('sessions')) {
    if ([COPY, SCRATCH].includes(path)) await ask(`sessions/${id}`, { method: 'DELETE' });
  }
  for (const path of [COPY, SCRATCH]) {
    await ask(`contents/${path}`, { method: 'DELETE' }).catch(() => {});
  }
}
