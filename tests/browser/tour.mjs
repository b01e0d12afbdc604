// A new notebook, and all cells of the tour.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const codeOf = notebook => notebook.cells.filter(cell => cell.cell_type === 'code');

export default {
  async 'a new notebook from the launcher'(lab) {
    await lab.page.goto(`${lab.base}/lab?token=${lab.token}&reset`);
    const cards = lab.page.locator('.jp-Launcher-section', { hasText: 'Notebook' }).locator('.jp-LauncherCard');
    await cards.filter({ hasText: 'Rust (Threadbook)' }).first().click();
    await lab.kernelIs('Idle');
    await lab.edit(0);
    await lab.page.keyboard.type('let answer = 6 * 7;\nprintln!("the answer is {answer}");', { delay: 5 });
    await lab.page.keyboard.press('Shift+Enter');
    await lab.shows(0, 'the answer is 42');
    await lab.picture('new-notebook');
  },

  async 'the tour runs from top to bottom'(lab) {
    const copy = JSON.parse(readFileSync(join(lab.folder, '00_tour.ipynb')));
    for (const cell of codeOf(copy)) {
      cell.outputs = [];
      cell.execution_count = null;
    }
    lab.file('tour-copy.ipynb', JSON.stringify(copy));
    await lab.show('tour-copy.ipynb');
    await lab.kernelIs('Idle');
    await lab.menu('Run', 'Run All Cells');
    await lab.page.waitForFunction(() => {
      const { cells } = window.jupyterapp.shell.currentWidget.content.model;
      return [...cells].every(cell => cell.type !== 'code' || cell.executionCount !== null);
    });
    for (const cell of codeOf(await lab.notebook())) {
      const failed = cell.outputs.some(output => output.output_type === 'error');
      assert.equal(failed, cell.metadata.tags?.includes('raises-exception') ?? false, cell.source);
    }
  },

  async 'the tour is drawn'(lab) {
    for (const id of ['tour-09', 'tour-33', 'tour-43', 'tour-51']) {
      // JupyterLab removes cells from the page that are far from the visible part of a notebook.
      await lab.page.waitForFunction(async id => {
        const { content } = window.jupyterapp.shell.currentWidget;
        const index = content.widgets.findIndex(cell => cell.model.id === id);
        await content.scrollToItem(index, 'center');
        const { node } = content.widgets[index];
        return node.isConnected && node.querySelector('.jp-OutputArea-output');
      }, id);
      await lab.picture(id);
    }
  },
};
