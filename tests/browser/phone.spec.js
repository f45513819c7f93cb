import assert from 'node:assert/strict';
import { sees, specs } from './support/spec.js';
import { routes } from './support/routes.js';

let pages;
const spec = specs({ prepare: async (daemon) => (pages = await routes(daemon)) });
const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };

spec('fits 360 pixels on every page', async ({ page }) => {
  for (const [path, text] of Object.entries(pages)) {
    await page.goto(path);
    await sees(page.getByRole('main').getByText(text).locator('visible=true'));
    const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(content <= 360 && window === 360, `${path} is ${content} wide in a window of ${window}`);
  }
}, phone);

spec('starts a job by touch', async ({ page }) => {
  await page.goto('/');
  await page.getByRole('button', { name: 'Run slow-lines' }).tap();
  await sees(page.getByText('Started slow-lines'));
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Runs' }).tap();
  await sees(page.getByRole('heading', { name: 'Runs' }));
}, phone);
