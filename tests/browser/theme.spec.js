import assert from 'node:assert/strict';
import { jobLink, sees, specs } from './support/spec.js';
import { eventually } from './support/wait.js';

const spec = specs();
const background = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
const isDark = async (page) => (await background(page)).match(/\d+/g).slice(0, 3).every((part) => Number(part) < 64);

spec('follows the system until told otherwise', async ({ page }) => {
  await page.goto('/');
  await sees(jobLink(page, 'nightly'));
  assert.ok(await isDark(page));
  await page.emulateMedia({ colorScheme: 'light' });
  await eventually(async () => !(await isDark(page)));
  await page.getByRole('radio', { name: 'Dark' }).check({ force: true });
  await eventually(() => isDark(page));
  await page.reload();
  assert.ok(await isDark(page), 'the choice outlives the page');
  await page.getByRole('radio', { name: 'System' }).check({ force: true });
  await eventually(async () => !(await isDark(page)));
}, { colorScheme: 'dark' });

spec('is dark before anything is drawn', async ({ page }) => {
  await page.goto('/');
  await page.getByRole('radio', { name: 'Dark' }).check({ force: true });
  await page.route('**/assets/index-*.js', (route) => route.abort());
  await page.reload({ waitUntil: 'commit' });
  await page.waitForFunction(() => document.documentElement.dataset.theme === 'dark');
}, { colorScheme: 'light', expectedErrors: [/ERR_FAILED/] });
