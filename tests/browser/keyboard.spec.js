import assert from 'node:assert/strict';
import { job, jobLink, sees, seesNo, specs } from './support/spec.js';

const spec = specs();
const focused = (page) => page.evaluate(() => document.activeElement?.textContent?.trim());

spec('starts a job without a mouse', async ({ page }) => {
  await page.goto('/');
  await sees(jobLink(page, 'broken'));
  await page.keyboard.press('/');
  assert.ok(await page.getByRole('searchbox', { name: 'Search jobs' }).evaluate((box) => box === document.activeElement));
  await page.keyboard.type('greeter');
  await seesNo(jobLink(page, 'broken'));
  await page.keyboard.press('Escape');
  await page.keyboard.press('j');
  assert.equal(await focused(page), 'greeter');
  await page.keyboard.press('r');
  await sees(page.getByText('Started greeter'));
  await page.keyboard.press('Enter');
  await sees(page.getByRole('heading', { name: 'greeter' }));
});

spec('moves in the list and pauses', async ({ page }) => {
  await page.goto('/');
  await sees(jobLink(page, 'broken'));
  for (const key of ['j', 'j', 'j', 'k', 'j']) await page.keyboard.press(key);
  assert.equal(await focused(page), 'nightly');
  await page.keyboard.press('p');
  await sees(job(page, 'nightly').getByText('Paused', { exact: true }));
  await page.keyboard.press('p');
  await seesNo(job(page, 'nightly').getByText('Paused', { exact: true }));
});

spec('skips to the content first', async ({ page }) => {
  await page.goto('/');
  await sees(jobLink(page, 'broken'));
  await page.keyboard.press('Tab');
  assert.equal(await focused(page), 'Skip to content');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'main');
});

spec('shows its shortcuts and can forget them', async ({ page }) => {
  await page.goto('/');
  await sees(jobLink(page, 'broken'));
  await page.keyboard.press('?');
  const dialog = page.getByRole('dialog', { name: 'Keyboard' });
  await dialog.getByLabel('Use single-key shortcuts').uncheck();
  await page.keyboard.press('Escape');
  await seesNo(dialog);
  await page.keyboard.press('?');
  assert.equal(await dialog.count(), 0);
});

spec('puts the focus on the new heading', async ({ page }) => {
  await page.goto('/');
  await jobLink(page, 'nightly').press('Enter');
  await sees(page.getByRole('heading', { name: 'nightly' }));
  await page.waitForFunction(() => document.activeElement?.tagName === 'H1');
  assert.equal(await focused(page), 'nightly');
});
