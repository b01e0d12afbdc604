// Tab, Shift-Tab and `name?`, while the kernel is idle and while it is busy.

import { PATIENCE_MS } from './lab.mjs';

// Presses keys until the page shows their effect. JupyterLab shows nothing if a reply takes longer than a second, as
// the first replies of rust-analyzer do; a person then presses the keys again.
async function until(lab, index, keys, wanted) {
  for (const deadline = Date.now() + PATIENCE_MS; ; ) {
    await lab.edit(index);
    await lab.page.keyboard.press(keys);
    try {
      await wanted.first().waitFor({ timeout: 2000 });
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await lab.page.keyboard.press('Escape');
    }
  }
}

const complete = (lab, index, item) =>
  until(lab, index, 'Tab', lab.page.locator('.jp-Completer-item', { hasText: item }));

const tooltip = (lab, index, text) =>
  until(lab, index, 'Shift+Tab', lab.page.locator('.jp-Tooltip', { hasText: text }));

async function leave(lab, selector) {
  await lab.page.keyboard.press('Escape');
  await lab.page.locator(selector).first().waitFor({ state: 'hidden' });
}

export default {
  async 'Tab completes a path'(lab) {
    await lab.open('typing.ipynb', [
      'let kept_first = 1;\nlet kept_second = 2;\nfn twice(number: i32) -> i32 {\n    2 * number\n}\nprintln!("ready");',
      'std::thread::sp',
      'Vec',
      'Vec?',
      'println!("waiting");\nwhile !std::path::Path::new("go-typing").exists() {\n    std::thread::sleep(std::time::Duration::from_millis(20));\n}',
      'kept_',
      'twice',
    ]);
    await lab.run(0);
    await lab.shows(0, 'ready');
    await complete(lab, 1, 'spawn');
    await lab.picture('completion');
    await leave(lab, '.jp-Completer');
  },

  async 'Shift-Tab shows documentation'(lab) {
    await tooltip(lab, 2, 'growable');
    await lab.picture('tooltip');
    await leave(lab, '.jp-Tooltip');
  },

  async 'name? opens the pager'(lab) {
    await lab.run(3);
    await lab.page.locator('.jp-Notebook, .jp-Inspector', { hasText: 'growable' }).first().waitFor();
    await lab.picture('pager');
  },

  async 'Tab answers while a cell runs'(lab) {
    await lab.run(4);
    await lab.shows(4, 'waiting');
    await lab.kernelIs('Busy');
    await complete(lab, 5, 'kept_second');
    await lab.picture('completion-busy');
    await leave(lab, '.jp-Completer');
  },

  async 'Shift-Tab answers while a cell runs'(lab) {
    await tooltip(lab, 6, 'number: i32');
    await lab.picture('tooltip-busy');
    await leave(lab, '.jp-Tooltip');
    await lab.kernelIs('Busy');
    lab.file('go-typing');
    await lab.ends(4);
    await lab.kernelIs('Idle');
  },
};
