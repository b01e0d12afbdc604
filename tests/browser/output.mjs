// The outputs of cells: a display that changes, many lines, both themes.

import assert from 'node:assert/strict';

const LINES = 50_000;

async function theme(lab, name, isLight) {
  await lab.menu('Settings', 'Theme', name);
  await lab.page.waitForFunction(isLight => document.body.dataset.jpThemeLight === isLight, String(isLight));
}

export default {
  async 'a display changes in place, also after its cell has ended'(lab) {
    await lab.open('output.ipynb', [
      `let shown = display::text("step 0");
let wait = |name: &str| while !std::path::Path::new(name).exists() {
    std::thread::sleep(std::time::Duration::from_millis(20));
};
wait("step-1");
shown.update_text("step 1");
std::thread::spawn(move || {
    wait("step-2");
    shown.update_text("step 2");
});`,
      'let n: u32 = "seven";',
      'println!("next");',
      // This cell is last, because a page takes long to scroll over so much text.
      `for n in 0..${LINES} {\n    println!("line {n}");\n}`,
    ]);
    await lab.run(0);
    await lab.shows(0, 'step 0');
    lab.file('step-1');
    await lab.shows(0, 'step 1');
    await lab.ends(0);
    lab.file('step-2');
    await lab.shows(0, 'step 2');
    assert.equal((await lab.text(0)).trim(), 'step 2');
  },

  async 'light and dark'(lab) {
    await lab.run(1);
    await lab.shows(1, 'mismatched types');
    await theme(lab, 'JupyterLab Dark', false);
    await lab.picture('output-dark');
    await theme(lab, 'JupyterLab Light', true);
    await lab.picture('output-light');
  },

  async '50,000 lines arrive, and the page goes on'(lab) {
    await lab.run(3);
    await lab.ends(3);
    const outputs = (await lab.notebook()).cells[3].outputs;
    const text = outputs.map(output => output.text).join('');
    const expected = Array.from({ length: LINES }, (_, n) => `line ${n}\n`).join('');
    assert(text === expected, `${text.length} characters instead of ${expected.length}`);
    await lab.kernelIs('Idle');
    await lab.picture('many-lines');
    await lab.run(2);
    await lab.shows(2, 'next');
  },
};
