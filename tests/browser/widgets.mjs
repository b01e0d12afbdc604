// Widgets: their display, and that they work while a cell runs, after a crash and after a reload of the page.

import assert from 'node:assert/strict';

const SOURCES = [
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

// The handle of the slider in the first cell.
const handle = lab => lab.cell(0).locator('.noUi-handle');
const readout = lab => lab.cell(0).locator('.widget-readout').innerText();

const tasksAreAbove = (lab, percent) =>
  lab.page.waitForFunction(
    percent => parseFloat(document.querySelector('.jp-CodeCell .progress-bar').style.width) > percent,
    percent,
  );

async function moveTo(lab, workers) {
  await handle(lab).focus();
  for (let steps = 0; Number(await readout(lab)) !== workers && steps < 10; steps += 1) {
    await lab.page.keyboard.press(Number(await readout(lab)) < workers ? 'ArrowRight' : 'ArrowLeft');
  }
  assert.equal(Number(await readout(lab)), workers);
}

export default {
  async 'a slider moves while the pool works'(lab) {
    await lab.open('widgets.ipynb', SOURCES);
    await lab.run(0);
    await handle(lab).waitFor();
    await lab.picture('slider');
    await lab.run(1);
    // The pool works with one thread.
    await tasksAreAbove(lab, 1);
    await moveTo(lab, 6);
    await lab.shows(0, '6 workers');
    await tasksAreAbove(lab, 25);
    await lab.picture('slider-while-the-pool-works');
    await lab.shows(1, 'all with 6 workers');
  },

  async 'a button, a field and a box call functions'(lab) {
    await lab.run(2);
    const cell = lab.cell(2);
    await cell.locator('input[type=text]').fill('Ada');
    await cell.locator('input[type=checkbox]').check();
    await cell.locator('button:has-text("Greet")').click();
    await cell.locator('.widget-label', { hasText: 'hello, Ada!' }).waitFor();
    await cell.locator('.jp-OutputArea', { hasText: 'hello, Ada!' }).first().waitFor();
    await lab.picture('greeting');
  },

  async 'a crash sets the slider back, and it goes on'(lab) {
    await lab.run(3);
    await lab.shows(3, 'WorkerCrashed');
    await lab.page.waitForFunction(
      () => document.querySelector('.jp-CodeCell .widget-readout').innerText === '6',
    );
    await moveTo(lab, 7);
    await lab.run(4);
    await lab.shows(4, 'at 7');
    await lab.picture('slider-after-the-crash');
  },

  async 'a reload shows the widgets again'(lab) {
    await lab.menu('File', 'Save Notebook');
    await lab.page.waitForFunction(() => !window.jupyterapp.shell.currentWidget.content.model.dirty);
    await lab.page.reload();
    await lab.kernelIs('Idle');
    await handle(lab).waitFor();
    assert.equal(await readout(lab), '7');
    await moveTo(lab, 3);
    await lab.run(4);
    await lab.shows(4, 'at 3');
    await lab.picture('slider-reloaded');
  },
};
