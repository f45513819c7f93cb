import assert from 'node:assert/strict';
import { fits, lowTargets, phone } from './support/phone.js';
import { jobLink, sees, specs } from './support/spec.js';
import { routes } from './support/routes.js';

let pages;
const spec = specs({ prepare: async (daemon) => (pages = await routes(daemon)) });

spec('fits 360 pixels on every page', async ({ page }) => {
  for (const [path, text] of Object.entries(pages)) {
    await page.goto(path);
    await sees(page.getByRole('main').getByText(text).locator('visible=true'));
    await fits(page, path);
  }
}, phone);

spec('starts a job by touch', async ({ page }) => {
  await page.goto('/');
  await page.getByRole('button', { name: 'Run slow-lines' }).tap();
  await sees(page.getByText('Started slow-lines'));
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Runs' }).tap();
  await sees(page.getByRole('heading', { name: 'Runs' }));
}, phone);

spec('has room for fingers', async ({ page }) => {
  await page.goto('/');
  await sees(jobLink(page, 'nightly'));
  assert.deepEqual(await lowTargets(page), []);
  await page.goto('/jobs/greeter');
  await page.getByRole('button', { name: /^Run with/ }).tap();
  await sees(page.getByRole('dialog'));
  assert.deepEqual(await lowTargets(page), []);
}, phone);
