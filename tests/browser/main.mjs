// Drives a real JupyterLab with mouse and keys, like a person. README.md describes how to run it.
//
// Each check prints a line. The first failure ends the run with exit code 1 and leaves a screenshot.

import { mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';

import { Lab } from './lab.mjs';
import asking from './asking.mjs';
import ending from './ending.mjs';
import output from './output.mjs';
import reloading from './reloading.mjs';
import running from './running.mjs';
import tour from './tour.mjs';
import typing from './typing.mjs';
import widgets from './widgets.mjs';

const AREAS = { tour, running, asking, typing, output, reloading, widgets, ending };

const [base, token, folder, pictures, ...chosen] = process.argv.slice(2);
if (!pictures || !chosen.every(name => name in AREAS)) {
  console.error(`usage: node main.mjs URL TOKEN SERVER_FOLDER PICTURES_FOLDER [${Object.keys(AREAS).join(' | ')}]...`);
  process.exit(2);
}

mkdirSync(pictures, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--headless', '--disable-gpu', '--disable-background-networking'],
});
const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
const lab = new Lab(page, { base, token, folder, pictures });

let failed = false;
try {
  for (const area of chosen.length ? chosen : Object.keys(AREAS)) {
    for (const [name, check] of Object.entries(AREAS[area])) {
      const began = Date.now();
      await check(lab);
      console.log(`ok    ${area}: ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
    }
  }
} catch (error) {
  failed = true;
  console.error(error);
  await lab.picture('failed').catch(() => {});
} finally {
  await browser.close();
  await lab.endKernels();
}
process.exit(failed ? 1 : 0);
