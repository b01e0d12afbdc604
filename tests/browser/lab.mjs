// A page with JupyterLab, and the actions of a person in it.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

// A longer wait is a hang. Two slow processors may compile something else at the same time.
export const PATIENCE_MS = 3 * 60_000;

export const THREADBOOK = { name: 'threadbook', display_name: 'Rust (Threadbook)', language: 'rust' };
export const IPYKERNEL = { name: 'python3', display_name: 'Python 3 (ipykernel)', language: 'python' };

export class Lab {
  constructor(page, { base, token, folder, pictures }) {
    this.page = page;
    this.base = base;
    this.token = token;
    this.folder = folder;
    this.pictures = pictures;
    page.setDefaultTimeout(PATIENCE_MS);
  }

  picture(name) {
    return this.page.screenshot({ path: join(this.pictures, `${name}.png`) });
  }

  // Makes a file in the server's folder, which is also the working folder of cells.
  file(name, text = '') {
    writeFileSync(join(this.folder, name), text);
  }

  async ask(path, options = {}) {
    const headers = { Authorization: `token ${this.token}` };
    const response = await fetch(`${this.base}/api/${path}`, { ...options, headers });
    assert(response.ok, `${path}: ${response.status}`);
    return response.status === 204 ? null : response.json();
  }

  async endKernels() {
    for (const { id } of await this.ask('sessions')) {
      await this.ask(`sessions/${id}`, { method: 'DELETE' });
    }
  }

  // Writes a notebook of these code cells and opens it in a page without other notebooks.
  async open(path, sources, kernelspec = THREADBOOK) {
    const cells = sources.map((source, index) => ({
      cell_type: 'code',
      id: `cell-${index}`,
      metadata: {},
      execution_count: null,
      outputs: [],
      source,
    }));
    this.file(path, JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: { kernelspec }, cells }));
    await this.show(path);
    await this.kernelIs('Idle');
  }

  // Opens an existing notebook.
  async show(path) {
    await this.page.goto(`${this.base}/lab/tree/${path}?token=${this.token}&reset`);
    await this.cell(0).waitFor();
  }

  kernelIs(state) {
    return this.page.waitForFunction(
      state => document.querySelector('#jp-main-statusbar')?.innerText.includes(`| ${state}`),
      state,
    );
  }

  async menu(...names) {
    const [bar, ...items] = names;
    await this.page.locator('.lm-MenuBar-item', { hasText: bar }).click();
    for (const item of items) {
      await this.page.locator('.lm-Menu-item', { hasText: item }).first().click();
    }
  }

  // Clicks a button of the notebook's toolbar, such as `interrupt`.
  async button(name) {
    await this.page.locator(`.jp-NotebookPanel-toolbar [data-jp-item-name="${name}"]`).click();
  }

  cell(index) {
    return this.page.locator('.jp-Notebook .jp-CodeCell').nth(index);
  }

  async edit(index) {
    await this.cell(index).locator('.cm-content').click();
    await this.page.keyboard.press('Control+End');
  }

  // Runs a cell without waiting for its end.
  async run(index) {
    await this.edit(index);
    await this.page.keyboard.press('Control+Enter');
  }

  // Waits until the page shows the text in the outputs of the cell.
  shows(index, text) {
    return this.cell(index).locator('.jp-OutputArea-output', { hasText: text }).first().waitFor();
  }

  // Waits until the cell has ended and has an execution count.
  async ends(index) {
    await this.cell(index).locator('.jp-InputPrompt', { hasText: /\[\d+\]/ }).waitFor();
  }

  async text(index) {
    return (await this.cell(index).locator('.jp-OutputArea-output').allInnerTexts()).join('\n');
  }

  // The notebook in the state of the page; the server is started with `--expose-app-in-browser` for this.
  notebook() {
    return this.page.evaluate(() => window.jupyterapp.shell.currentWidget.content.model.toJSON());
  }
}
