import assert from 'node:assert/strict';
import { sees, seesNo, specs } from './support/spec.js';

const spec = specs();

spec('shows a new token once, and it works', async ({ page, daemon }) => {
  await page.goto('/tokens');
  await page.getByRole('button', { name: 'New token' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('grafana');
  await dialog.getByRole('button', { name: 'Create' }).click();
  await sees(dialog.getByRole('heading', { name: 'Copy the token now' }));
  const token = await dialog.locator('code').innerText();
  const headers = { authorization: `Bearer ${token}` };
  const jobs = await fetch(`${daemon.url}/api/v1/jobs`, { headers });
  assert.equal(jobs.status, 200);
  const run = await fetch(`${daemon.url}/api/v1/jobs/nightly/run`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: '{}',
  });
  assert.equal(run.status, 403, 'its scope is read only');
  await dialog.getByRole('button', { name: 'Close' }).click();
  await page.reload();
  await sees(page.getByRole('row').filter({ hasText: 'grafana' }));
  await seesNo(page.getByText(token));

  await page.getByRole('button', { name: 'Delete the token grafana' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await sees(page.getByText('No tokens.'));
  const after = await fetch(`${daemon.url}/api/v1/jobs`, { headers });
  assert.equal(after.status, 401);
});

spec('asks for a password after the first user', async ({ page }) => {
  await page.goto('/tokens');
  await page.getByRole('button', { name: 'New user' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('bob');
  await dialog.getByLabel('Password').fill('a long enough password');
  await dialog.getByRole('button', { name: 'Add' }).click();
  await sees(page.getByRole('heading', { name: 'Sign in' }));
  await page.getByLabel('Name').fill('bob');
  await page.getByLabel('Password').fill('a long enough password');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await sees(page.getByRole('button', { name: 'Delete the user bob' }));
}, { expectedErrors: [/status of 401/] });
