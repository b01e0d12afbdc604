// Widgets in a real JupyterLab: moves a slider while a pool works, clicks, types, crashes and reloads. README.md says how
// to run it; the server's environment needs jupyterlab_widgets.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';

const [base, token, pictures] = process.argv.slice(2);
if (!pictures) {
  console.error('usage: node widgets.mjs URL TOKEN PICTURES_FOLDER');
  process.exit(2);
}
const NOTEBOOK = 'browser-widgets.ipynb';
const MINUTE_MS = 60_000;

mkdirSync(pictures, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--headless', '--disable-gpu', '--disable-background-networking'],
});
const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
page.setDefaultTimeout(3 * MINUTE_MS);

async function ask(path, options = {}) {
  const headers = { Authorization: `token ${token}` };
  const response = await fetch(`${base}/api/${path}`, { ...options, headers });
  assert(response.ok, `${path}: ${response.status}`);
  return response.status === 204 ? null : response.json();
}

const picture = name => page.screenshot({ path: `${pictures}/${name}.png` });
const cell = index => page.locator('.jp-Notebook .jp-CodeCell').nth(index);
const output = (index, text) => cell(index).locator('.jp-OutputArea-output', { hasText: text }).first().waitFor();

async function run(index) {
  await cell(index).locator('.cm-content').click();
  await page.keyboard.press('Control+Enter');
}


const sources = [
  `use std::sync::Arc;
use std::time::Duration;

let pool = Arc::new(ThreadPoolExecutor::new(1));
let slider = widgets::IntSlider::new(1..=8).with_description("workers");
let bar = widgets::IntProgress::new(0..=400).with_description("tasks");
let resized = Arc::clone(&pool);
slider.on_change(move |workers| {
    resized.set_workers(workers as usize);
    println!("{workers} workers");
});
widgets::VBox::new(&[&slider, &bar])`,
  `let tasks: Vec<_> = (0..400)
    .map(|_| {
        let bar = bar.clone();
        pool.submit(move || {
            std::thread::sleep(Duration::from_millis(100));
            bar.advance(1);
        })
    })
    .collect();
for task in tasks {
    task.result()?;
}
println!("all with {} workers", pool.workers());`,
  `let name = widgets::Text::new("").with_placeholder("name");
let loud = widgets::Checkbox::new(false).with_description("loud");
let part = widgets::FloatSlider::new(0.0..=1.0);
let label = widgets::Label::new("nobody");
let area = widgets::Output::new();
let button = widgets::Button::new("Greet");
let (greeted, texts, is_loud, said) = (label.clone(), name.clone(), loud.clone(), area.clone());
button.on_click(move || {
    let greeting = format!("hello, {}{}", texts.value(), if is_loud.value() { "!" } else { "" });
    said.append(&format!("{greeting}\\n"));
    greeted.set_value(greeting);
});
widgets::VBox::new(&[&widgets::HBox::new(&[&name, &loud, &button]), &part, &label, &area])`,
  'slider.set_value(2);\nstd::process::abort();',
  'println!("at {}", slider.value());',
];

const notebook = {
  nbformat: 4,
  nbformat_minor: 5,
  metadata: { kernelspec: { name: 'threadbook', display_name: 'Rust (Threadbook)', language: 'rust' } },
  cells: sources.map((source, index) => ({
    cell_type: 'code',
    id: `widgets-${index}`,
    metadata: {},
    execution_count: null,
    outputs: [],
    source,
  })),
};

const kernelIs = state =>
  page.waitForFunction(
    state => document.querySelector('#jp-main-statusbar')?.innerText.includes(`| ${state}`),
    state,
  );

const slider = () => cell(0).locator('.noUi-handle');
const readout = () => cell(0).locator('.widget-readout').innerText();

const tasksAreAbove = percent =>
  page.waitForFunction(
    percent => parseFloat(document.querySelector('.jp-CodeCell .progress-bar').style.width) > percent,
    percent,
  );

async function moveTo(workers) {
  await slider().focus();
  for (let steps = 0; Number(await readout()) !== workers && steps < 10; steps += 1) {
    await page.keyboard.press(Number(await readout()) < workers ? 'ArrowRight' : 'ArrowLeft');
  }
  assert.equal(Number(await readout()), workers);
}

const checks = {
  async 'a slider is shown and moves while the pool works'() {
    await page.goto(`${base}/lab/tree/${NOTEBOOK}?token=${token}&reset`);
    await page.locator('.jp-Notebook .jp-CodeCell').first().waitFor();
    const no = page.locator('.Toastify button:has-text("No")');
    await no.click({ timeout: 3000 }).catch(() => {});
    await kernelIs('Idle');
    await run(0);
    await slider().waitFor();
    await picture('slider');
    await run(1);
    // The pool works, with one thread.
    await tasksAreAbove(1);
    await moveTo(6);
    await output(0, '6 workers');
    await tasksAreAbove(25);
    await picture('slider-while-the-pool-works');
    await output(1, 'all with 6 workers');
  },

  async 'a button, a field and a box call functions'() {
    await run(2);
    await cell(2).locator('input[type=text]').fill('Ada');
    await cell(2).locator('input[type=checkbox]').check();
    await cell(2).locator('button:has-text("Greet")').click();
    await cell(2).locator('.widget-label', { hasText: 'hello, Ada!' }).waitFor();
    await cell(2).locator('.jupyter-widgets-output-area, .jp-OutputArea', { hasText: 'hello, Ada!' }).first().waitFor();
    await picture('greeting');
  },

  async 'a crash sets the slider back, and it goes on'() {
    await run(3);
    await output(3, 'WorkerCrashed');
    await page.waitForFunction(
      () => document.querySelector('.jp-CodeCell .widget-readout').innerText === '6',
    );
    await moveTo(7);
    await run(4);
    await output(4, 'at 7');
    await picture('after-the-crash');
  },

  async 'a reload shows the widgets again'() {
    await page.keyboard.press('Control+s');
    await page.waitForTimeout(3000);
    await page.reload();
    await kernelIs('Idle');
    await slider().waitFor();
    assert.equal(await readout(), '7');
    await moveTo(3);
    await run(4);
    await output(4, 'at 3');
    await picture('reloaded');
  },
};

try {
  const body = JSON.stringify({ type: 'notebook', format: 'json', content: notebook });
  await ask(`contents/${NOTEBOOK}`, { method: 'PUT', body });
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
    if (path === NOTEBOOK) await ask(`sessions/${id}`, { method: 'DELETE' });
  }
  await ask(`contents/${NOTEBOOK}`, { method: 'DELETE' }).catch(() => {});
}
