import assert from 'node:assert/strict';
import { sees, specs } from './support/spec.js';

const spec = specs();

spec('tells the next five fires and the policy', async ({ page }) => {
  await page.goto('/jobs/nightly');
  const when = page.getByRole('region', { name: 'When', exact: true });
  await sees(when.getByText('Next 5 fires'));
  assert.equal(await when.getByRole('list').last().getByRole('listitem').count(), 5);
  await sees(when.getByText('Its schedule is read in Asia/Tokyo'));
  await sees(page.getByText('The new run is skipped'));
}, { timezoneId: 'Europe/Madrid' });

spec('runs a job with parameters', async ({ page }) => {
  await page.goto('/jobs/greeter');
  await page.getByRole('button', { name: 'Run with parameters…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Run greeter with parameters' });
  await dialog.getByLabel('Name of parameter 1').fill('name');
  await dialog.getByLabel('Value of parameter 1').fill('Grace Hopper');
  await dialog.getByRole('button', { name: 'Run', exact: true }).click();
  await page.waitForURL('**/runs/*');
  await sees(page.getByRole('log', { name: 'Log' }).getByText('Hello Grace Hopper'));
});

spec('pauses and resumes by its buttons', async ({ page }) => {
  await page.goto('/jobs/nightly');
  await page.getByRole('button', { name: 'Pause nightly' }).click();
  await sees(page.getByText('It starts by hand only until it is resumed'));
  await page.getByRole('button', { name: 'Resume nightly' }).click();
  await sees(page.getByRole('button', { name: 'Pause nightly' }));
});

spec('adds a finished run to the history', async ({ page, daemon }) => {
  await page.goto('/jobs/broken');
  const history = page.getByRole('region', { name: 'History' });
  await daemon.call('POST', '/jobs/broken/run', {});
  await sees(history.getByRole('row').getByRole('link', { name: 'Failed' }));
  await history.getByLabel('Status').selectOption('succeeded');
  await sees(history.getByText('No run fits'));
});

spec('tells a job that never ran from a filter that nothing fits', async ({ page }) => {
  await page.goto('/jobs/sleeper');
  const history = page.getByRole('region', { name: 'History' });
  await sees(history.getByText('It has not run yet: press Run'));
  await history.getByLabel('Status').selectOption('failed');
  await sees(history.getByText('No run fits'));
  await page.goto('/runs?job=sleeper');
  await sees(page.getByText('No run fits'));
});

spec('keeps parameters that are refused, and says why', async ({ page }) => {
  await page.goto('/jobs/greeter');
  await page.getByRole('button', { name: 'Run with parameters…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Run greeter with parameters' });
  await dialog.getByLabel('Name of parameter 1').fill('name');
  await page.route('**/api/v1/jobs/greeter/run', (route) => route.fulfill({ status: 409, json: { title: 'Conflict', detail: 'the daemon is about to end' } }));
  await dialog.getByRole('button', { name: 'Run', exact: true }).click();
  await sees(dialog.getByRole('alert').getByText(/the daemon is about to end/i));
  assert.equal(await dialog.getByLabel('Name of parameter 1').inputValue(), 'name');
}, { expectedErrors: [/status of 409/] });
