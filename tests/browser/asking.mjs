// Input requests of cells.

import assert from 'node:assert/strict';

export default {
  async 'an input box answers the cell'(lab) {
    await lab.open('asking.ipynb', [
      'let name = threadbook::input("your name: ")?;\nprintln!("hello, {name}");',
      'let secret = threadbook::getpass("password: ")?;\nprintln!("{} letters", secret.len());',
    ]);
    await lab.run(0);
    const box = lab.cell(0).locator('.jp-Stdin-input');
    await box.waitFor();
    await lab.picture('input');
    await box.fill('Ada');
    await box.press('Enter');
    await lab.shows(0, 'hello, Ada');
  },

  async 'a password is hidden'(lab) {
    await lab.run(1);
    const box = lab.cell(1).locator('.jp-Stdin-input');
    await box.waitFor();
    assert.equal(await box.getAttribute('type'), 'password');
    await box.fill('s3cret');
    await lab.picture('getpass');
    await box.press('Enter');
    await lab.shows(1, '6 letters');
    assert(!(await lab.text(1)).includes('s3cret'));
    assert(!JSON.stringify(await lab.notebook()).includes('s3cret'));
    await lab.picture('getpass-answered');
  },
};
