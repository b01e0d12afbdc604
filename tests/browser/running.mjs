// Runs cells, interrupts one, adds a crate.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

export default {
  async 'the stop button ends a hot loop and the variables stay'(lab) {
    await lab.open('running.ipynb', [
      'let kept = 41;\nprintln!("kept");',
      'println!("spinning");\nwhile std::hint::black_box(true) {}',
      'println!("one more than kept: {}", kept + 1);',
      'let n: u32 = "seven";',
      `:dep greeter = { path = ${JSON.stringify(join(lab.folder, 'greeter'))} }\ngreeter::greet("Ada")`,
    ]);
    await lab.run(0);
    await lab.shows(0, 'kept');
    await lab.run(1);
    await lab.shows(1, 'spinning');
    await lab.kernelIs('Busy');
    await lab.button('interrupt');
    await lab.shows(1, 'KeyboardInterrupt');
    await lab.kernelIs('Idle');
    await lab.run(2);
    await lab.shows(2, 'one more than kept: 42');
    await lab.picture('interrupt');
  },

  async 'a compile error has colours'(lab) {
    await lab.run(3);
    await lab.shows(3, 'mismatched types');
    await lab.cell(3).locator('.jp-OutputArea-output [class*="ansi-"]').first().waitFor();
    await lab.picture('error-light');
  },

  async ':dep adds a crate'(lab) {
    mkdirSync(join(lab.folder, 'greeter/src'), { recursive: true });
    lab.file('greeter/Cargo.toml', '[package]\nname = "greeter"\nversion = "0.1.0"\nedition = "2024"\n');
    lab.file('greeter/src/lib.rs', 'pub fn greet(name: &str) -> String {\n    format!("hello, {name}")\n}\n');
    await lab.run(4);
    await lab.shows(4, 'hello, Ada');
    await lab.picture('dep');
  },
};
