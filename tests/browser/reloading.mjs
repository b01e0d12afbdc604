// A page is reloaded while a cell runs. With every kernel, JupyterLab keeps only those outputs of the running cell that
// are in the notebook's file. The kernel must cause the page to show it as busy, and must run cells in order.

import assert from 'node:assert/strict';

export default {
  async 'a reload while a cell runs'(lab) {
    await lab.open('reloading.ipynb', [
      `println!("step 0");
for n in 1..3 {
    while !std::path::Path::new(&format!("go-reloading-{n}")).exists() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    println!("step {n}");
}
let kept = 41;`,
      'println!("one more than kept: {}", kept + 1);',
    ]);
    await lab.run(0);
    await lab.shows(0, 'step 0');
    lab.file('go-reloading-1');
    await lab.shows(0, 'step 1');
    await lab.menu('File', 'Save Notebook');
    await lab.page.waitForFunction(() => !window.jupyterapp.shell.currentWidget.content.model.dirty);
    await lab.page.reload();
    await lab.cell(0).waitFor();
    await lab.kernelIs('Busy');
    assert.equal((await lab.text(0)).trim(), 'step 0\nstep 1');
    await lab.picture('reloaded');
    await lab.run(1);
    lab.file('go-reloading-2');
    await lab.shows(1, 'one more than kept: 42');
    await lab.kernelIs('Idle');
    await lab.picture('reloaded-and-ended');
  },
};
