// A restart, and the death of the kernel's process.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';

// The process of the only kernel. Its command line has the path of its connection file, which contains the kernel's id.
async function kernelProcess(lab) {
  const [{ kernel }] = await lab.ask('sessions');
  const found = readdirSync('/proc').filter(name => /^\d+$/.test(name) && commandLine(name).includes(kernel.id));
  assert.equal(found.length, 1, `processes of the kernel: ${found}`);
  return Number(found[0]);
}

function commandLine(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

export default {
  async 'a restart begins anew'(lab) {
    await lab.endKernels();
    await lab.open('ending.ipynb', [
      'let kept = 41;\nprintln!("kept");',
      'println!("two: {}", 1 + 1);',
      'println!("kept: {kept}");',
      'println!("spinning");\nwhile std::hint::black_box(true) {}',
    ]);
    await lab.run(0);
    await lab.shows(0, 'kept');
    await lab.button('restart');
    await lab.page.locator('.jp-Dialog .jp-mod-accept').click();
    await lab.page.locator('.jp-Dialog').waitFor({ state: 'detached' });
    await lab.run(1);
    await lab.shows(1, 'two: 2');
    assert.match(await lab.cell(1).locator('.jp-InputPrompt').innerText(), /\[1\]/);
    await lab.run(2);
    await lab.shows(2, 'cannot find value');
    await lab.picture('restarted');
  },

  async 'the death of the kernel is said in words'(lab) {
    await lab.run(3);
    await lab.shows(3, 'spinning');
    process.kill(await kernelProcess(lab), 'SIGKILL');
    const dialog = lab.page.locator('.jp-Dialog', { hasText: 'appears to have died' });
    await dialog.waitFor();
    await lab.picture('died');
    await dialog.locator('.jp-mod-accept').click();
    await lab.kernelIs('Idle');
    await lab.run(1);
    await lab.shows(1, 'two: 2');
    await lab.picture('died-and-restarted');
  },
};
